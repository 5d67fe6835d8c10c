import { describe, expect, it } from 'vitest';
import { codeIn, peopleIn, trailersIn } from '../../src/api/trailers.ts';
import { revisionRefSchema } from '../../src/api/revision.ts';
import { revisionRef } from '../../src/application/revision.ts';

const SHA = '8f3a9b2c1d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a';
const HYDRATED = `Bump web to v3

Argocd-reference-commit-author: Ada Lovelace <ada@example.com>
Argocd-reference-commit-sha: ${SHA}
Argocd-reference-commit-subject: Make the checkout faster
Argocd-reference-commit-body: "Make the checkout faster\\n\\nFor everybody."
Argocd-reference-commit-repourl: https://ci:token@git.example.com/acme/checkout.git
Argocd-reference-commit-date: 2026-10-01T08:23:45-04:00
Reviewed-by: Grace Hopper <grace@example.com>
Signed-off-by: Ada Lovelace <ada@example.com>
`;

describe('the trailers of a message', () => {
  it.each([
    [
      'are the lines of its last paragraph',
      'A\n\nText.\n\nA-b: c\nD: e\n',
      [
        ['a-b', 'c'],
        ['d', 'e'],
      ],
    ],
    ['may go on in the next line', 'A\n\nA-b: c\n  and more\n', [['a-b', 'c and more']]],
    ['may stand beside what a cherry-pick says', 'A\n\nA-b: c\n(cherry picked from commit 1)\n', [['a-b', 'c']]],
    ['are none where the paragraph is a text', 'A\n\nNote: this\nis a text.\n', []],
    ['are none where there is but a subject', 'fix: the subject of a commit', []],
    [
      'end their lines with CRLF, too',
      'A\r\n\r\nA-b: c\r\nD: e\r\n',
      [
        ['a-b', 'c'],
        ['d', 'e'],
      ],
    ],
  ])('%s', (_what, message, trailers) => {
    expect(trailersIn(message)).toEqual(trailers);
  });

  it('name the commit of the code that is brought, without what a URL holds before its host', () => {
    expect(codeIn(HYDRATED)).toEqual({
      commit: SHA,
      repo: 'https://git.example.com/acme/checkout.git',
      author: 'Ada Lovelace <ada@example.com>',
      date: '2026-10-01T08:23:45-04:00',
      subject: 'Make the checkout faster',
    });
  });

  it('name no commit of the code where that is no id', () => {
    expect(codeIn('A\n\nArgocd-reference-commit-sha: the newest\n')).toBeUndefined();
    expect(codeIn('A\n\nArgocd-reference-commit-subject: B\n')).toBeUndefined();
  });

  it('name people by what they did, each once, a few of them', () => {
    const many = Array.from({ length: 9 }, (_, nth) => `Co-authored-by: p${nth} <p@example.com>`);
    const message = ['A', '', ...many, 'Acked-by: g', 'Reviewed-by: g', 'APPROVED-BY: h', 'constructor: x'].join('\n');
    expect(peopleIn(message)).toEqual({
      coAuthors: [0, 1, 2, 3].map((nth) => `p${nth} <p@example.com>`),
      reviewedBy: ['g', 'h'],
    });
    expect(peopleIn('A\n\nconstructor: x\n')).toBeUndefined();
  });
});

describe('the commit as statuses show it', () => {
  const commit = {
    oid: '1'.repeat(40),
    tree: '2'.repeat(40),
    parents: [],
    author: { name: 'Ada', email: 'ada@example.com' },
    date: '2026-01-01T00:00:00Z',
    subject: 'Bump web to v3',
    message: HYDRATED,
  };

  it('says who committed it where that is another', () => {
    expect(revisionRef({ ...commit, committer: { name: 'GitHub', email: '' } }, 'r').committer).toBe('GitHub');
    expect(revisionRef({ ...commit, committer: commit.author }, 'r')).not.toHaveProperty('committer');
  });

  it('fits its schema, however long the trailers are', () => {
    const long = 'x'.repeat(5_000);
    const message = HYDRATED.replaceAll(/: (.*)$/gm, `: $1 ${long}`).replace(`${SHA} ${long}`, SHA);
    const ref = revisionRef({ ...commit, message }, 'https://git.example.com/shop.git');
    expect(ref.code?.commit).toBe(SHA);
    expect(revisionRefSchema.safeParse(ref).success).toBe(true);
  });
});
