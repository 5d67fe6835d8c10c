import { beforeEach, describe, expect, it } from 'vitest';
import type { Application } from '../../../src/api/application.ts';
import { Sources } from '../../../src/application/source/sources.ts';
import type { ObjectKey } from '../../../src/api/object-key.ts';
import type { SourceContent, SourceReader, SourceResult } from '../../../src/ports/source-reader.ts';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';
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

describe('A repository', () => {
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

  it('is asked again for an earlier commit that could not be read on the way', async () => {
    answer = { ok: false, error: { reason: 'GitUnreachable', message: 'gave way' } };
    await readBack('old', 'old');
    expect([earlier('old'), asked]).toEqual([undefined, ['old']]);
    await look();
    answer = { ok: true, value: content('old') };
    await readBack('old');
    expect(earlier('old')?.commit.oid).toBe('old');
  });

  it('has no commit that is not in the mirror, until the mirror holds more', async () => {
    await look();
    answer = { ok: true, value: undefined };
    await readBack('old');
    expect(earlier('old')).toBeNull();
    head = 'two';
    await look();
    expect(earlier('old')).toBeUndefined();
  });

  it('keeps a few earlier commits, and does not read others again and again', async () => {
    answer = { ok: true, value: content('some') };
    await readBack('a', 'b', 'c', 'd', 'e');
    expect([earlier('a'), earlier('e')?.commit.oid]).toEqual([null, 'some']);
  });

  it('is looked at by a shorter interval at once', async () => {
    const source = { repoURL: 'https://git.example.com/shop.git' };
    app = application({ source: { ...source, interval: '5m' } });
    await look();
    const before = sources.state(KEY, app).nextPollAt;
    app = application({ source: { ...source, interval: '5s' } });
    expect(before - sources.state(KEY, app).nextPollAt).toBeGreaterThan(250_000);
  });
});
