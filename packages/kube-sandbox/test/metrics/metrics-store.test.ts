import { afterEach, describe, expect, it } from 'vitest';
import { exposeSample, parseExposition } from '../../src/metrics/exposition.ts';
import { createMetricsStore } from '../../src/metrics/metrics-store.ts';
import type { MetricsStore, MetricsStoreOptions } from '../../src/metrics/metrics-store.ts';
import { VirtualClock } from '../../src/virtual-clock.ts';

describe('metrics store', () => {
  let clock: VirtualClock;
  let store: MetricsStore;
  const start = (more: Partial<MetricsStoreOptions> = {}): MetricsStore => {
    clock = new VirtualClock();
    return (store = createMetricsStore({ clock, ...more }));
  };
  const values = (query: string, time?: number): number[] => {
    const result = store.query(query, time);
    return result.type === 'vector' ? result.samples.map((sample) => sample.value) : [];
  };
  const target = (scrape: () => string, instance = 'a') => ({ job: 'gateway', instance, scrape });
  afterEach(() => store?.stop());

  it('scrapes its targets at every interval, and not between', async () => {
    start({ scrapeIntervalMs: 5000 });
    let scrapes = 0;
    store.addTarget(target(() => `scrapes ${++scrapes}`));
    await clock.advance(14_000);
    expect(scrapes).toBe(2);
    expect(values('scrapes{job="gateway",instance="a"}')).toEqual([2]);
  });

  it('scrapes on demand', async () => {
    start();
    store.addTarget(target(() => 'x 7'));
    await store.scrapeNow();
    expect(values('x')).toEqual([7]);
  });

  it('says which targets are down, and takes nothing of what they said before', async () => {
    start();
    let broken = false;
    store.addTarget(
      target(() => {
        if (broken) throw new Error('refused');
        return 'x 1';
      }),
    );
    await clock.advance(1000);
    expect([values('up'), values('x')]).toEqual([[1], [1]]);
    broken = true;
    await clock.advance(1000);
    expect([values('up'), values('x')]).toEqual([[0], []]);
  });

  it('lets a series end at once when its target no longer shows it, and come back', async () => {
    start();
    let text = 'x 1\ny 1';
    store.addTarget(target(() => text));
    await clock.advance(1000);
    text = 'y 1';
    await clock.advance(1000);
    expect([values('x'), values('y')]).toEqual([[], [1]]);
    expect(values('count_over_time(x[1m])')).toEqual([1]);
    text = 'x 2\ny 1';
    await clock.advance(1000);
    expect(values('x')).toEqual([2]);
  });

  it('marks all series of a target stale that is taken away', async () => {
    start();
    const remove = store.addTarget(target(() => 'x 1'));
    await clock.advance(1500);
    remove();
    expect([values('x'), values('up')]).toEqual([[], []]);
    expect(values('x', clock.now() - 100)).toEqual([1]);
  });

  it('lets a sample stand for five minutes and no longer', () => {
    start();
    const at = clock.now();
    store.append({ __name__: 'x' }, 1, at);
    expect(values('x', at + 299_999)).toEqual([1]);
    expect(values('x', at + 300_000)).toEqual([]);
    expect(values('x', at - 1)).toEqual([]);
  });

  it('forgets samples after the retention', async () => {
    start({ retentionMs: 10_000 });
    const at = clock.now();
    store.append({ __name__: 'x' }, 1, at);
    await clock.advance(9000);
    expect(values('x', at)).toEqual([1]);
    await clock.advance(3000);
    expect(values('x', at)).toEqual([]);
  });

  it('leaves out a sample that is not later than the last', () => {
    start();
    const at = clock.now();
    expect(store.append({ __name__: 'x' }, 1, at)).toBe(true);
    expect(store.append({ __name__: 'x' }, 2, at)).toBe(false);
    expect(values('x', at)).toEqual([1]);
  });

  it('takes two spellings of a series for one, and the first where both are shown', async () => {
    start();
    let text = 'x{a="1",b="2"} 1\nx{b="2",a="1"} 9';
    store.addTarget(target(() => text));
    await clock.advance(1000);
    expect(values('x')).toEqual([1]);
    text = 'x{b="2",a="1"} 2';
    await clock.advance(1000);
    expect([values('x'), values('count_over_time(x[1m])')]).toEqual([[2], [2]]);
  });

  it('keeps a target from passing its samples off as those of another', async () => {
    start();
    store.addTarget(target(() => 'x{job="other"} 1'));
    await clock.advance(1000);
    expect(values('x{job="gateway",exported_job="other"}')).toEqual([1]);
  });

  it('refuses @, as Prometheus does where it is switched off', () => {
    start();
    expect(() => store.query('x @ 12')).toThrow('@ modifier is disabled');
  });

  it('answers over a socket as it does without', async () => {
    start();
    const listening = await store.listen();
    try {
      const response = await fetch(`${listening.url}/api/v1/query?query=vector(1)`, { method: 'POST' });
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.json()).toMatchObject({ status: 'success', data: { resultType: 'vector' } });
      expect((await fetch(`${listening.url}/nothing`)).status).toBe(404);
    } finally {
      await listening.close();
    }
  });

  it('leaves no timer behind', () => {
    start();
    store.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('exposition format', () => {
  it('reads what it writes, whatever the label values hold', () => {
    const line = exposeSample('x', { path: 'a "b" \\ c\nd', empty: '' }, -Infinity);
    const [sample] = parseExposition(line);
    expect(sample?.value).toBe(-Infinity);
    expect(Object.fromEntries(sample?.labels ?? [])).toEqual({ __name__: 'x', path: 'a "b" \\ c\nd' });
  });

  it('skips comments, and reads times', () => {
    expect(parseExposition('# HELP x y\nx 1.5e3 1700\n\n')).toMatchObject([{ value: 1500, time: 1700 }]);
  });

  it.each([
    ['x{a="b" 1', 'x{a="b"'],
    ['x one', 'x one'],
    ['{} 1', '{}'],
    ['x{a=b} 1', 'x{a=b}'],
    ['x 1 {a="b"} 1', 'x 1 {a="b"}'],
  ])('quotes what it cannot read: of %s', (line, quoted) => {
    expect(() => parseExposition(line)).toThrow(`: ${quoted}`);
  });
});
