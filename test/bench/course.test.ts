import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { quiet, rest, type Course } from './course.ts';

// A pause is over at once, and the clock has moved by it.
vi.mock('node:timers/promises', () => ({ setTimeout: (ms: number) => Promise.resolve(vi.advanceTimersByTime(ms)) }));

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const metrics = (patches: number): string =>
  `apiserver_request_total{code="200",group="",resource="services",subresource="",verb="PATCH"} ${patches}\n`;

/** A course over a namespace of one rollout with so many pods, where every look finds what `patches` answers. */
function courseOf(patches: () => number, pods = 2): { course: Course; said: string[] } {
  const said: string[] = [];
  const client = {
    text: () => Promise.resolve(metrics(patches())),
    call: () => Promise.resolve({ items: [{}], metadata: { remainingItemCount: pods - 1 } }),
  };
  const course = { world: { client, namespace: 'shop', size: 1 }, say: (line: string) => said.push(line) };
  return { course: course as unknown as Course, said };
}

describe('the rest before a measurement', () => {
  it('has come when nobody has written for two seconds', async () => {
    const looks = [1, 2, 3, 3, 3];
    const { course, said } = courseOf(() => looks.shift() ?? 3);
    await rest(course);
    expect(performance.now()).toBeLessThan(10_000);
    expect(said).toEqual([]);
  });

  it('that does not come within the patience is told of', async () => {
    let patches = 0;
    const { course, said } = courseOf(() => patches++);
    await quiet(course, 10_000);
    expect(said).toEqual(['  the API server still had writes after 10 s without two seconds of rest']);
  });

  it('fails the run where old pods stay', async () => {
    const { course } = courseOf(() => 0, 4);
    await expect(rest(course)).rejects.toThrow('4 pods are left after 900 s; at rest there are 2');
  });
});
