import { describe, expect, it } from 'vitest';
import { Pauses } from '../../src/controller/pauses.ts';
import type { DrivenValue } from '../../src/rollout/contest.ts';
import type { Intent } from '../../src/rollout/intents.ts';
import type { Observed, Rest } from '../../src/rollout/observed.ts';
import { isResting } from '../../src/rollout/resting.ts';

const CALM_MS = 900_000;
const INTENT: Intent = { do: 'SetWeights', canary: 25, rejected: null };
const route = (name: string, value: string): DrivenValue => [
  {
    part: 'weights',
    kind: 'VirtualService',
    name,
    namespace: 'shop',
    what: 'the weights',
    id: `VirtualService/shop/${name}/`,
  },
  value,
];

/** Written at once each time that it may be. Resolves to when that was. */
function undone(intents: readonly Intent[], values = [route('web', '0')]): { at: number[]; pauses: Pauses } {
  const pauses = new Pauses(() => 0.999_999, CALM_MS);
  const at: number[] = [];
  let now = 0;
  for (const intent of intents) {
    now = Math.max(now, ...pauses.rests(now).map(({ until }) => Math.ceil(until)));
    at.push(now);
    pauses.done(values, [intent], now);
  }
  return { at, pauses };
}

describe('what is undone each time', () => {
  it('is written three times at once, then after pauses that grow to half a minute', () => {
    const { at } = undone(Array.from({ length: 10 }, () => INTENT));
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(gaps).toEqual([0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('begins anew with what is written for another reason', () => {
    const other: Intent = { ...INTENT, canary: 0, rejected: 'v2-1' };
    const { at } = undone([INTENT, INTENT, INTENT, other, other, other]);
    expect(at.slice(3).map((time) => time - (at[3] ?? 0))).toEqual([0, 0, 0]);
  });

  it('begins anew after a while', () => {
    const { pauses } = undone([INTENT, INTENT, INTENT]);
    expect(pauses.rests(0)).toHaveLength(1);
    expect(pauses.rests(CALM_MS)).toEqual([]);
    pauses.done([route('web', '0')], [INTENT], CALM_MS);
    expect(pauses.rests(CALM_MS)).toEqual([]);
  });
});

describe('an intent rests', () => {
  const { pauses } = undone([INTENT, INTENT, INTENT, INTENT]);
  const rests = pauses.rests(1_000);
  const seen = (canary: Record<string, number>, now = 1_000): Observed =>
    ({
      now,
      namespace: 'shop',
      rests: rests as readonly Rest[],
      routes: Object.entries(canary).map(([name, weight]) => ({
        kind: 'VirtualService',
        name,
        namespace: 'shop',
        canary: weight,
      })),
      selectors: [],
      replicaSets: [],
    }) as unknown as Observed;

  it('while all that it would put right does', () => {
    expect(isResting(seen({ web: 0 }), INTENT, false)).toBe(true);
    expect(isResting(seen({ web: 0, other: 25 }), INTENT, false)).toBe(true);
    expect(isResting(seen({ web: 0 }, 3_001), INTENT, false)).toBe(false);
  });

  it('not where another object needs it, or it is another write', () => {
    expect(isResting(seen({ web: 0, other: 0 }), INTENT, false)).toBe(false);
    expect(isResting(seen({ web: 0 }), { ...INTENT, canary: 50 }, false)).toBe(false);
    expect(isResting(seen({ web: 25 }), { ...INTENT, rejected: 'v2-1' }, false)).toBe(false);
  });

  it('no longer than a second where it takes traffic from a rejected revision', () => {
    expect(isResting(seen({ web: 0 }, 1_999), INTENT, true)).toBe(true);
    expect(isResting(seen({ web: 0 }, 2_000), INTENT, true)).toBe(false);
  });
});
