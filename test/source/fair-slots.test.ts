// Whose turn it is, in virtual time: no source holds up the others.
import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../src/api/result.ts';
import type { HeadRequest, SourceReader, SourceResult } from '../../src/ports/source-reader.ts';
import { createSourceReader, heldTimeout, type Backend, type Work } from '../../src/source/reader.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

const NEVER = new AbortController().signal;

class Sources implements Backend {
  readonly clock = new VirtualClock();
  readonly silent = new Set<string>();
  readonly slow = new Map<string, number>();
  readonly begun: string[] = [];
  readonly timeouts: number[] = [];
  most = 0;
  #now = new Set<string>();

  reader(options: { slots?: number; listings?: number } = {}): SourceReader {
    return createSourceReader({ clock: this.clock, backend: this, ...options });
  }

  async head(request: HeadRequest, work: Work): Promise<SourceResult<string>> {
    return (await this.#serve(request.repoURL, work)) as SourceResult<string>;
  }

  async perform({ request }: Parameters<Backend['perform']>[0], work: Work): Promise<SourceResult<unknown>> {
    return this.#serve(request.repoURL, work);
  }

  close = (): Promise<void> => Promise.resolve();

  #serve(url: string, { signal, timeoutMs }: Work): Promise<SourceResult<unknown>> {
    if (this.#now.has(url)) throw new Error(`${url} has two turns at a time`);
    this.begun.push(url);
    this.timeouts.push(timeoutMs);
    this.#now.add(url);
    this.most = Math.max(this.most, this.#now.size);
    return new Promise((resolve) => {
      const end = (result: SourceResult<unknown>): void => {
        this.#now.delete(url);
        resolve(result);
      };
      const late = (): void => end(fail({ reason: 'GitUnreachable', message: 'silence' }));
      signal.addEventListener('abort', () => end(fail({ reason: 'Cancelled', message: 'broken off' })));
      if (this.silent.has(url)) this.clock.after(timeoutMs, late);
      else this.clock.after(this.slow.get(url) ?? 10, () => end(ok(`content of ${url}`)));
    });
  }
}

const read = (reader: SourceReader, repoURL: string, more: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
  reader.read({ repoURL, revision: 'main', path: '', timeoutMs: more.timeoutMs }, more.signal ?? NEVER);

describe('turns', () => {
  it.each([
    [undefined, 60_000],
    [1, 1_000],
    [9_999 * 3_600_000, 300_000],
    [Number.POSITIVE_INFINITY, 300_000],
  ])('are given %s ms as %s ms', async (asked, held) => {
    expect(heldTimeout(asked)).toBe(held);
  });

  it('go round: silent sources give way to one that waits, and are tried again later', async () => {
    const world = new Sources();
    const reader = world.reader();
    const silent = ['s1', 's2', 's3', 's4'];
    for (const url of silent) world.silent.add(url);
    const answers = silent.map((url) => read(reader, url, { timeoutMs: 9_999 * 3_600_000 }));
    const good = read(reader, 'good');
    let done = false;
    void good.then(() => (done = true));
    for (let s = 0; s < 60 && !done; s++) await world.clock.advance(1_000);
    expect(await good).toMatchObject({ ok: true });
    await world.clock.advance(3_600_000);
    expect(await Promise.all(answers)).toEqual(
      silent.map(() => expect.objectContaining({ error: expect.objectContaining({ reason: 'GitUnreachable' }) })),
    );
  });

  it('keep a place for sources that have answered before', async () => {
    const world = new Sources();
    const reader = world.reader();
    const first = read(reader, 'good');
    await world.clock.advance(10);
    await first;
    for (const url of ['s1', 's2', 's3', 's4']) world.silent.add(url);
    const rest = ['s1', 's2', 's3', 's4'].map((url) => read(reader, url, { timeoutMs: 300_000 }));
    await world.clock.advance(100);
    const again = read(reader, 'good');
    await world.clock.advance(10);
    expect(await again).toMatchObject({ ok: true });
    await world.clock.advance(3_600_000);
    await Promise.all(rest);
  });

  it('of one repository come one after the other, whatever their time limits', async () => {
    const world = new Sources();
    const reader = world.reader({ slots: 4 });
    const answers = [1_000, 2_000, 3_000].map((timeoutMs) => read(reader, 'one', { timeoutMs }));
    await world.clock.advance(100);
    expect(await Promise.all(answers)).toHaveLength(3);
    expect(world.most).toBe(1);
    expect(world.begun).toEqual(['one', 'one', 'one']);
  });

  it('end when the caller is gone: at once while they wait, and soon while they run', async () => {
    const world = new Sources();
    world.silent.add('s1');
    const reader = world.reader({ slots: 1 });
    const [first, second] = [new AbortController(), new AbortController()];
    const running = read(reader, 's1', { signal: first.signal });
    const waiting = read(reader, 's2', { signal: second.signal });
    second.abort();
    expect(await waiting).toMatchObject({ error: { reason: 'Cancelled' } });
    first.abort();
    expect(await running).toMatchObject({ error: { reason: 'Cancelled' } });
    expect(world.begun).toEqual(['s1']);
  });

  it('grow longer for a source that had to give way, so that a slow one is read at last', async () => {
    const world = new Sources();
    world.slow.set('slow', 35_000);
    world.silent.add('s1');
    const reader = world.reader({ slots: 1 });
    const outcomes: boolean[] = [];
    for (let round = 0; round < 4; round++) {
      const slow = read(reader, 'slow');
      const silent = read(reader, 's1', { timeoutMs: 300_000 });
      await world.clock.advance(1_000_000);
      outcomes.push((await slow).ok);
      await silent;
    }
    expect(outcomes.at(-1)).toBe(true);
  });

  it('are not given again to what was too large, until its branch moves or its time has come', async () => {
    const world = new Sources();
    let large = true;
    const backend: Backend = {
      head: (request, work) => world.head(request, work),
      perform: async ({ request }) => {
        world.begun.push(request.repoURL);
        return large ? fail({ reason: 'SourceTooLarge', message: 'too large', limit: 'memory' }) : ok('read');
      },
      close: () => Promise.resolve(),
    };
    const reader = createSourceReader({ clock: world.clock, backend });
    const at = (head: string) => reader.read({ repoURL: 'x', revision: 'main', path: '', head }, NEVER);
    expect(await at('1')).toMatchObject({ error: { retryAfterMs: 60_000 } });
    await world.clock.advance(20_000);
    expect(await at('1')).toMatchObject({ error: { retryAfterMs: 40_000, message: 'too large' } });
    expect(world.begun).toHaveLength(1);
    await world.clock.advance(40_000);
    expect(await at('1')).toMatchObject({ error: { retryAfterMs: 120_000 } });
    large = false;
    expect(await at('2')).toMatchObject({ ok: true });
    expect(world.begun).toHaveLength(3);
  });
});
