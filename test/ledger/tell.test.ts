import { describe, expect, it } from 'vitest';
import { analysisOf, codeOf, commandsOf, lengthOf, peopleOf, tableOf } from '../../src/ledger/tell.ts';
import { plainJson, plainText } from '../../src/ledger/text.ts';
import { at, commit, sampleRecord } from './samples.ts';

describe('records as people read them', () => {
  it('are a table, newest first as they are given', () => {
    const records = [
      sampleRecord({ outcome: undefined, endedAt: undefined, weights: [{ at: at(1), weight: 25 }] }),
      sampleRecord({ outcome: 'Aborted', reason: 'rate 0.8 < 0.95', revision: { commit: commit(3) } }),
    ];
    expect(tableOf(records, 'UTC', Date.parse(at(61)))).toEqual([
      'WHEN                     ROLLOUT   COMMIT   OUTCOME       TOOK    AUTHOR  SUBJECT    REASON',
      '2026-01-01 10:00:00 UTC  shop/web  2222222  UnderWay 25%  1h 1m   Ada     Deploy v2  -',
      '2026-01-01 10:10:00 UTC  shop/web  3333333  Aborted       10m 0s  -       -          rate 0.8 < 0.95',
    ]);
  });

  it.each([
    [at(0), at(0), '0s'],
    [at(0), at(1), '1m 0s'],
    [at(0), at(60 * 25), '1d 1h'],
    [at(1), at(0), undefined],
    [undefined, at(0), undefined],
    ['x', at(0), undefined],
  ])('last from %s to %s: %s', (from, to, length) => {
    expect(lengthOf(from, to)).toBe(length);
  });

  it('say who wrote, merged, reviewed and signed off', () => {
    const people = { coAuthors: ['B'], reviewedBy: ['C', 'D'], signedOffBy: ['A'] };
    const revision = { commit: commit(2), author: 'A', committer: 'GitHub', people };
    expect(peopleOf({ revision })).toBe(
      'written by A, committed by GitHub, with B, reviewed by C and D, signed off by A',
    );
    expect(peopleOf({ revision: { commit: commit(2) } })).toBeUndefined();
  });

  it('say which commit of the code came with it', () => {
    const code = { commit: commit(9), subject: 'Faster', author: 'E', repo: 'https://git.example.com/code.git' };
    expect(codeOf({ revision: { commit: commit(2), code } })).toBe(
      '9999999 Faster, by E, of https://git.example.com/code.git',
    );
    expect(codeOf({ revision: { commit: commit(2) } })).toBeUndefined();
  });

  it('say who let it, as far as that is known', () => {
    const commands = [
      { verb: 'promote', value: 'true', at: at(1), by: 'kubectl-annotate' },
      { verb: 'abort', value: 'too slow', at: 'x' },
    ];
    expect(commandsOf(sampleRecord({ commands }), 'UTC')).toEqual([
      'promote at 2026-01-01 10:01:00 UTC, set by field manager kubectl-annotate',
      'abort too slow, by whom is not known',
    ]);
  });

  it('say what was measured, in numbers', () => {
    const metric = { name: 'rate', phase: 'Failed', successful: 1, failed: 2, error: 1, inconclusive: 1 };
    const looks = ['1', '0.9', '0.8'].map((value) => ({ phase: 'Failed', value }));
    const runs = [{ name: 'web-1', phase: 'Failed', metrics: [{ ...metric, good: 'result[0] >= 0.95', looks }] }];
    expect(analysisOf(sampleRecord({ runs }))).toEqual([
      'web-1: rate Failed: 1 good, 2 bad, 1 inconclusive, 1 without an answer, good when result[0] >= 0.95; last measured 1, 0.9, 0.8',
    ]);
  });

  it('cannot steer a terminal, nor reorder what is read', () => {
    const evil = '\u001b]0;owned\u0007\u202eevil\u0085\u009b2J';
    const revision = { commit: commit(2), author: evil, subject: evil };
    const [, line = ''] = tableOf([sampleRecord({ revision, reason: evil })], 'UTC', 0);
    expect(line).toMatch(/^[\x20-\x7e…]*$/);
    expect(plainText('a\tb\r\nc')).toBe('a b c');
    expect(plainText('👩‍💻 ok')).toBe('👩‍💻 ok');
    expect(JSON.parse(plainJson({ evil }, 2))).toEqual({ evil });
    expect(plainJson({ evil })).toMatch(/^[\x20-\x7e]*$/);
  });
});
