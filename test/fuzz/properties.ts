// What holds for every repository, pack and file, however hostile: run a little by the tests and for hours by the fuzzer.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { readManifests } from '../../src/application/source/manifests.ts';
import { textOf } from '../../src/application/source/utf8.ts';
import { openMirror } from '../../src/git/mirror.ts';
import { parseCommit, parseTree, formatTree } from '../../src/git/objects.ts';
import { scanPack } from '../../src/git/pack-scan.ts';
import { GitError } from '../../src/git/types.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { LimitExceeded, SOURCE_LIMITS, SourceBudget } from '../../src/ports/source-budget.ts';
import type { SourceFailureReason, SourceResult, SourceContent } from '../../src/ports/source-reader.ts';
import { perform } from '../../src/source/jobs.ts';
import { startPackServer } from '../support/pack-server.ts';
import { hostileBytes, hostileText } from './documents.ts';
import { buildPack, damage, hostileEntries, hostileRepository } from './packs.ts';

export interface Property {
  name: string;
  /** Runs that fit into the tests. */
  runs: number;
  property: () => fc.IRawProperty<unknown>;
}

/** Fails unless the error is one that a person is told. */
function isTold(error: unknown): void {
  if (!(error instanceof GitError) && !(error instanceof LimitExceeded)) throw error;
}

const LIMITS = {
  ...SOURCE_LIMITS,
  folders: 60,
  entries: 200,
  values: 300,
  documents: 20,
  objects: 10,
  inflatedBytes: 2 ** 20,
};
const REASONS: SourceFailureReason[] = ['InvalidManifest', 'SourceTooLarge', 'SourceNotFound', 'GitUnreachable'];

/** Reads a repository from a server that sends this pack, as the reader does. */
async function readFrom(repository: Parameters<Parameters<typeof hostileRepository.map>[0]>[0], pack: Buffer) {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'));
  const server = await startPackServer();
  server.serve(repository, pack);
  const mirror = openMirror({ url: server.url, clock: systemClock, directory, limits: LIMITS });
  try {
    const request = { repoURL: server.url, revision: 'main', path: '' };
    return (await perform(
      { op: 'read', request },
      { mirror, limits: LIMITS, call: {} },
    )) as SourceResult<SourceContent>;
  } finally {
    mirror.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

export const SOURCE_PROPERTIES: readonly Property[] = [
  {
    name: 'a pack is counted or refused, whatever its bytes',
    runs: 300,
    property: () =>
      fc.property(hostileEntries, damage, (entries, harm) => {
        const budget = new SourceBudget();
        try {
          scanPack(harm(buildPack(entries)), budget);
        } catch (error) {
          isTold(error);
        }
      }),
  },
  {
    name: 'commits and folders are read or refused, whatever their bytes',
    runs: 300,
    property: () =>
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        for (const read of [() => parseCommit('1'.repeat(40), bytes), () => formatTree(parseTree(bytes))]) {
          try {
            read();
          } catch (error) {
            isTold(error);
          }
        }
      }),
  },
  {
    name: 'files declare objects, nothing, or problems with their places, and never more than the limits',
    runs: 400,
    property: () =>
      fc.property(fc.array(hostileText, { maxLength: 4 }), (texts) => {
        const files = texts.map((text, n) => ({ path: `${n}.yaml`, text }));
        const result = readManifests(files, new SourceBudget(LIMITS));
        const again = readManifests(files, new SourceBudget(LIMITS));
        if (JSON.stringify(result) !== JSON.stringify(again)) throw new Error('read another way the second time');
        if (!result.ok)
          return result.error.every(({ path, line }) => files.some((file) => file.path === path) && line >= 1);
        const { manifests } = result.value;
        const json = JSON.stringify(manifests);
        return manifests.length <= LIMITS.objects && !/:(Infinity|NaN)/.test(json);
      }),
  },
  {
    name: 'bytes are text or refused, and never become others',
    runs: 300,
    property: () =>
      fc.property(hostileBytes, (bytes) => {
        const read = textOf(bytes);
        return 'problem' in read ? read.problem !== '' : Buffer.from(read.text, 'utf8').equals(Buffer.from(bytes));
      }),
  },
  {
    name: 'a hostile repository is read or refused for a reason, and nothing of it is left out in silence',
    runs: 60,
    property: () =>
      fc.asyncProperty(hostileRepository, damage, async (repository, harm) => {
        const result = await readFrom(repository, harm(buildPack(repository.entries)));
        if (result.ok)
          return (
            result.value.files.size <= LIMITS.files &&
            [...result.value.files.keys()].every((path) => !path.includes('..'))
          );
        return (
          REASONS.includes(result.error.reason) &&
          result.error.message !== '' &&
          !result.error.message.includes('fault of Sluice')
        );
      }),
  },
];
