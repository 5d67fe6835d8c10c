import { beforeEach, describe, expect, it } from 'vitest';
import type { Application } from '../../../src/api/application.ts';
import { Sources } from '../../../src/application/source/sources.ts';
import type { ObjectKey } from '../../../src/api/object-key.ts';
import type { SourceContent, SourceReader, SourceResult } from '../../../src/ports/source-reader.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';
import { application } from '../seen.ts';

const KEY = 'sluice.dev/Application/shop/shop' as ObjectKey;
const author = { name: 'Ada', email: 'ada@example.com' };
const about = { tree: 't', parents: [], author, date: '2026-01-01T00:00:00Z', subject: 'Change', message: 'Change' };
const content = (oid: string): SourceContent => ({
  commit: { oid, ...about },
  manifests: [],
  skipped: [],
  files: new Map(),
});

describe('An earlier commit', () => {
  let head = 'one';
  let answer: SourceResult<SourceContent | undefined>;
  let asked: string[];
  let sources: Sources;
  let app: Application;

  beforeEach(() => {
    [head, asked, app] = ['one', [], application()];
    const reader: Partial<SourceReader> = {
      head: () => Promise.resolve({ ok: true, value: head }),
      read: () => Promise.resolve({ ok: true, value: content(head) }),
      readCommit: ({ commit }) => {
        asked.push(commit);
        return Promise.resolve(answer);
      },
    };
    sources = new Sources({
      reader: reader as SourceReader,
      clock: new VirtualClock(),
      random: () => 0.5,
      repositoryOf: () => Promise.resolve({ ok: true, value: { repoURL: 'https://git.example.com/shop.git' } }),
      changed: () => undefined,
    });
  });

  const earlier = (commit: string): SourceContent | null | undefined => sources.state(KEY, app).earlier.get(commit);
  async function readBack(...commits: string[]): Promise<void> {
    for (const commit of commits) {
      sources.readBack(KEY, app, commit);
      await settle();
    }
  }
  async function look(): Promise<void> {
    sources.poll(KEY, app);
    await settle();
  }

  it('that could not be read on the way is not known, and asked for again after the next look', async () => {
    answer = { ok: false, error: { reason: 'GitUnreachable', message: 'gave way' } };
    await readBack('old', 'old');
    expect([earlier('old'), asked]).toEqual([undefined, ['old']]);
    await look();
    answer = { ok: true, value: content('old') };
    await readBack('old');
    expect(earlier('old')?.commit.oid).toBe('old');
  });

  it('that is not in the mirror cannot be had, until the mirror holds more', async () => {
    await look();
    answer = { ok: true, value: undefined };
    await readBack('old');
    expect(earlier('old')).toBeNull();
    head = 'two';
    await look();
    expect(earlier('old')).toBeUndefined();
  });

  it('is kept among a few, and not read again and again where there are more', async () => {
    answer = { ok: true, value: content('some') };
    await readBack('a', 'b', 'c', 'd', 'e');
    expect([earlier('a'), earlier('e')?.commit.oid]).toEqual([null, 'some']);
  });
});
