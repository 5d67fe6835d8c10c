import { describe, expect, it } from 'vitest';
import { WorkQueue } from '../../src/kube/work-queue.ts';
import { silentLog } from '../../src/ports/log.ts';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';

function world(run?: (key: string) => Promise<void>) {
  const clock = new VirtualClock();
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const queue = new WorkQueue({
    clock,
    random: () => 0,
    log: silentLog,
    workers: 2,
    urgentWorkers: 1,
    run: async (key) => {
      started.push(key);
      await (run ? run(key) : new Promise<void>((resolve) => ends.push(resolve)));
    },
  });
  return { clock, started, ends, queue };
}

describe('the work queue', () => {
  it('runs an urgent key at once although 200 others wait', () => {
    const { queue, started } = world();
    for (let n = 0; n < 200; n++) queue.add(`key-${n}`);
    queue.add('key-150', { urgent: true });
    expect(started).toEqual(['key-0', 'key-1', 'key-150']);
  });

  it('never runs one key twice at once, and runs it once more when it was added meanwhile', async () => {
    const { queue, started, ends } = world();
    queue.add('a');
    queue.add('a');
    queue.add('a', { urgent: true });
    expect(started).toEqual(['a']);
    ends[0]!();
    await settle();
    expect(started).toEqual(['a', 'a']);
  });

  it('says since when its oldest key waits or runs, and when a run last ended', async () => {
    const { queue, ends, clock } = world();
    const start = clock.now();
    expect(queue.progress()).toEqual({ waitingSince: undefined, endedAt: undefined });
    queue.add('a');
    await clock.advance(1_000);
    queue.add('b');
    queue.add('waits');
    await clock.advance(1_000);
    queue.add('waits');
    expect(queue.progress()).toEqual({ waitingSince: start, endedAt: undefined });
    ends[0]!();
    await settle();
    expect(queue.progress()).toEqual({ waitingSince: start + 1_000, endedAt: start + 2_000 });
    queue.forget('waits');
    for (const end of ends) end();
    await settle();
    expect(queue.progress()).toEqual({ waitingSince: undefined, endedAt: start + 2_000 });
  });

  it('counts a key that fails as waiting only while it runs', async () => {
    const { queue, clock } = world(() => Promise.reject(new Error('no')));
    queue.add('a');
    await settle();
    expect(queue.progress()).toEqual({ waitingSince: undefined, endedAt: clock.now() });
  });

  it('keeps the earliest of several times', async () => {
    const { queue, started, clock } = world(async () => undefined);
    queue.addAt('a', clock.now() + 500);
    queue.addAt('a', clock.now() + 100);
    queue.addAt('a', clock.now() + 900);
    await clock.advance(100);
    expect(started).toEqual(['a']);
    await clock.advance(2_000);
    expect(started).toEqual(['a']);
  });

  it('tries a failing key again ever later, up to 30 s, and forgets that when it succeeds', async () => {
    let broken = true;
    const { queue, started, clock } = world(async () => {
      if (broken) throw new Error('no');
    });
    queue.add('a');
    await clock.advance(60_000);
    expect(started.length).toBeGreaterThan(10);
    expect(started.length).toBeLessThan(20);
    broken = false;
    await clock.advance(30_000);
    const before = started.length;
    await clock.advance(120_000);
    expect(started.length).toBe(before);
  });

  it('starts nothing after stop and waits for what runs', async () => {
    const { queue, started, ends, clock } = world();
    queue.add('a');
    queue.addAt('b', clock.now() + 5);
    const stopped = queue.stop();
    queue.add('c');
    ends[0]!();
    await stopped;
    await clock.advance(100);
    expect(started).toEqual(['a']);
    expect(clock.pending).toBe(0);
  });
});
