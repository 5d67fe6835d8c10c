// Repositories that mean harm are refused by a counted limit, which the failure names with what to do: the same limit on every machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMirrors } from '../../src/git/mirrors.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { SOURCE_LIMITS, type LimitName, type SourceLimits } from '../../src/ports/source-budget.ts';
import type { SourceFailure } from '../../src/ports/source-reader.ts';
import { inProcessReader } from '../../src/source/in-process.ts';
import {
  buildPack,
  commitBytes,
  oidOf,
  repositoryOf,
  treeBomb,
  treeBytes,
  type PackEntry,
  type Repository,
} from '../fuzz/packs.ts';
import { startPackServer, type PackServer } from '../support/pack-server.ts';

const NEVER = new AbortController().signal;
const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;

let directory: string;
let server: PackServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-hostile-'));
  server = await startPackServer();
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(limits: Partial<SourceLimits> = {}) {
  const all = { ...SOURCE_LIMITS, ...limits };
  const mirrors = createMirrors({ clock: systemClock, directory, limits: all });
  return inProcessReader({ clock: systemClock, limits: all, mirrorFor: (repository) => mirrors.mirrorFor(repository) });
}

async function failure(limits?: Partial<SourceLimits>): Promise<SourceFailure> {
  const reader = open(limits);
  const result = await reader.read({ repoURL: server.url, revision: 'main', path: '' }, NEVER);
  await reader.close();
  if (result.ok) throw new Error(`read ${result.value.manifests.length} manifests`);
  return result.error;
}

/** One commit with these files in its root. */
function files(texts: Record<string, string | Buffer>): Repository {
  const blobs = Object.values(texts).map((text): PackEntry => ({ type: 'blob', content: Buffer.from(text) }));
  const entries = Object.entries(texts).map(([name, text]) => ({
    mode: '100644',
    name: Buffer.from(name),
    oid: oidOf('blob', Buffer.from(text)),
  }));
  return repositoryOf(treeBytes(entries), blobs);
}

const bomb = (n: number): string => {
  const levels = ['a', 'b', 'c', 'd', 'e'].map((name, level) => {
    const inner = level === 0 ? '1' : `*${'abcde'[level - 1] ?? ''}`;
    return `${name}: &${name} [${Array.from({ length: 10 }, () => inner).join(',')}]\n`;
  });
  return map(`b${n}`) + levels.join('');
};
const join3 = (texts: string[]): string => texts.join('---\n');

describe('a repository that means harm', () => {
  it.each<[string, () => Repository, LimitName]>([
    [
      '1,500 documents that are alias bombs',
      () => files({ 'a.yaml': join3(Array.from({ length: 1500 }, (_, n) => bomb(n))) }),
      'values',
    ],
    [
      'bombs in many files',
      () => files(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`${n}.yaml`, bomb(n)]))),
      'values',
    ],
    ['340,000 documents', () => files({ 'a.yaml': join3(Array.from({ length: 340_000 }, () => '1\n')) }), 'documents'],
    [
      'too many small objects',
      () => files({ 'a.yaml': join3(Array.from({ length: 5001 }, (_, n) => map(`c${n}`))) }),
      'objects',
    ],
    [
      'a list of too many',
      () => files({ 'a.json': `{"apiVersion":"v1","kind":"List","items":[${'{},'.repeat(5001)}{}]}` }),
      'objects',
    ],
    [
      'a document that no API server takes',
      () => files({ 'a.yaml': `${map('a')}data: { a: "${'x'.repeat(1_600_000)}" }\n` }),
      'documentChars',
    ],
    [
      'merge keys upon merge keys',
      () =>
        files({
          'a.yaml': join3(
            Array.from(
              { length: 40 },
              () =>
                `a: &a {${Array.from({ length: 60 }, (_, n) => `k${n}: 1`).join(', ')}}\nb: { <<: [${Array.from({ length: 100 }, () => '*a').join(',')}] }\n`,
            ),
          ),
        }),
      'mergeKeys',
    ],
    ['a file of 5 MiB', () => files({ 'a.yaml': Buffer.alloc(5 * 2 ** 20, 0x20) }), 'fileBytes'],
    ['a tree bomb', () => treeBomb(10, 30), 'folders'],
    ['folders within folders', () => treeBomb(1, 60), 'depth'],
    ['a folder of a hundred thousand names', () => treeBomb(100_001, 1), 'entries'],
  ])('is refused for %s', async (_what, repository, limit) => {
    server.serve(repository());
    const error = await failure();
    expect(error).toMatchObject({ reason: 'SourceTooLarge', limit, retryAfterMs: 60_000 });
    expect(error.message).toMatch(new RegExp(`more than [0-9,]+ .*\\(limit ${limit}\\); `));
  });

  it('is refused before it is unpacked where the pack says what it holds', async () => {
    const huge: PackEntry = { type: 'blob', content: Buffer.from(' '), says: 600 * 2 ** 20 };
    server.serve(repositoryOf(treeBytes([]), [huge]));
    expect(await failure()).toMatchObject({ limit: 'objectBytes' });
    server.serve(repositoryOf(treeBytes([]), []), buildPack([], 1_000_000_000));
    expect(await failure()).toMatchObject({ limit: 'packObjects' });
  });

  it('counts links', async () => {
    const link = oidOf('blob', Buffer.from('x.yaml'));
    const names = Array.from({ length: 40 }, (_, n) => ({
      mode: '120000',
      name: Buffer.from(`l${n}.yaml`),
      oid: link,
    }));
    const file = { mode: '100644', name: Buffer.from('x.yaml'), oid: oidOf('blob', Buffer.from(map('x'))) };
    const blobs: PackEntry[] = ['x.yaml', map('x')].map((text) => ({ type: 'blob', content: Buffer.from(text) }));
    server.serve(repositoryOf(treeBytes([...names, file]), blobs));
    expect(await failure({ links: 30 })).toMatchObject({ limit: 'links' });
  });

  it.each<[string, Buffer]>([
    [
      'a time beyond all calendars',
      Buffer.from(
        `tree ${oidOf('tree', Buffer.alloc(0))}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 99999999999999999999 +0000\n\nX\n`,
      ),
    ],
    ['nobody who committed it', Buffer.from(`tree ${oidOf('tree', Buffer.alloc(0))}\n\nX\n`)],
    ['parents that are no commits', commitBytes(oidOf('tree', Buffer.alloc(0)), 'parent \nparent zzz\n')],
  ])('may have a commit with %s', async (_what, commit) => {
    const head = oidOf('commit', commit);
    server.serve({
      head,
      entries: [
        { type: 'commit', content: commit },
        { type: 'tree', content: Buffer.alloc(0) },
      ],
    });
    const reader = open();
    const result = await reader.read({ repoURL: server.url, revision: 'main', path: '' }, NEVER);
    expect(result).toMatchObject({
      ok: true,
      value: { commit: { oid: head }, empty: 'no manifests in the repository' },
    });
  });

  it.each<[string, PackEntry[], string]>([
    ['no commit', [{ type: 'blob', content: Buffer.from('x') }], 'GitUnreachable'],
    ['a commit without a tree', [{ type: 'commit', content: Buffer.from('author x\n\nX\n') }], 'InvalidManifest'],
    [
      'a commit as large as a book',
      [{ type: 'commit', content: commitBytes('0'.repeat(40), `x ${'x'.repeat(300_000)}\n`) }],
      'SourceTooLarge',
    ],
    ['a commit whose tree is not there', [{ type: 'commit', content: commitBytes('0'.repeat(40)) }], 'GitUnreachable'],
    [
      'a commit whose tree is a file',
      [
        { type: 'commit', content: commitBytes(oidOf('blob', Buffer.from('x'))) },
        { type: 'blob', content: Buffer.from('x') },
      ],
      'InvalidManifest',
    ],
    ['a tag instead of a commit', [{ type: 'tag', content: Buffer.from('object x\n') }], 'InvalidManifest'],
  ])('is told as a failure when it sends %s', async (_what, entries, reason) => {
    const [first] = entries;
    const head = first && 'content' in first ? oidOf(first.type, first.content) : '';
    server.serve({ head: entries.length === 1 && first?.type === 'blob' ? '1'.repeat(40) : head, entries });
    expect(await failure()).toMatchObject({ reason });
  });
});
