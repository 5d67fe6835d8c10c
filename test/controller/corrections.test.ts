import { beforeEach, describe, expect, it } from 'vitest';
import { CALM_MS, Corrections, type Correction } from '../../src/controller/corrections.ts';
import { textOfContests } from '../../src/rollout/contest.ts';
import type { Intent } from '../../src/rollout/intents.ts';
import type { Observed } from '../../src/rollout/observed.ts';

const KEY = 'sluice.dev/Rollout/shop/web' as never;
const WEIGHTS: Intent = { do: 'SetWeights', canary: 25, rejected: null };
const SUBSET: Intent = { do: 'SwitchSelector', kind: 'DestinationRule', name: 'web', role: 'canary', hash: 'v2' };
const SCALE: Intent = { do: 'ScaleReplicaSet', name: 'web-v1', hash: 'v1', from: 1, replicas: 4 };

let now: number;
let writer: string | undefined;
let made: Correction[];
let corrections: Corrections;
beforeEach(() => {
  [now, writer, made] = [0, 'other', []];
  corrections = new Corrections({ writerOf: () => writer, corrected: (each) => made.push(each) });
});

const seen = (weight: number, more: Partial<Observed> = {}): Observed =>
  ({
    now,
    namespace: 'shop',
    routes: [{ kind: 'VirtualService', name: 'web', namespace: 'shop', canary: weight }],
    selectors: [],
    replicaSets: [],
    ...more,
  }) as unknown as Observed;

function look(what: Observed, intents: Intent[] = [], done = intents): void {
  corrections.looked(KEY, what, intents);
  if (done.length > 0) corrections.done(KEY, what.now, done);
}

const contested = (): string[] =>
  (corrections.contests(KEY, now).contests ?? []).map(({ by, name }) => `${by} ${name}`);

describe('a correction', () => {
  it('is what is put back to where it was left', () => {
    look(seen(0), [WEIGHTS]);
    look(seen(25));
    look(seen(0), [WEIGHTS]);
    expect(made).toMatchObject([{ rollout: KEY, kind: 'VirtualService', name: 'web', by: 'other' }]);
  });

  it('is none where the release goes on, or where what others wrote was wanted', () => {
    look(seen(0), [{ ...WEIGHTS, canary: 10 }]);
    look(seen(10), [WEIGHTS]);
    look(seen(25), [{ ...WEIGHTS, canary: 50 }]);
    look(seen(50));
    expect(made).toEqual([]);
  });

  it('is none of a process that has just started: it cannot know', () => {
    look(seen(0), [WEIGHTS]);
    expect(made).toEqual([]);
  });

  it('is none where a write took effect and its answer was lost', () => {
    look(seen(0));
    look(seen(0), [WEIGHTS], []);
    look(seen(25), [{ ...WEIGHTS, canary: 50 }]);
    expect(made).toEqual([]);
  });

  it('is none of what another controller of Sluice has written', () => {
    look(seen(25));
    writer = undefined;
    look(seen(0), [WEIGHTS]);
    expect(made).toEqual([]);
  });

  it('counts when it is made: not where it fails, and once where it comes a look later', () => {
    look(seen(25));
    look(seen(0), [WEIGHTS], []);
    look(seen(0));
    expect(made).toEqual([]);
    look(seen(0), [WEIGHTS]);
    look(seen(25));
    expect(made).toHaveLength(1);
  });

  it('is told for subsets and for pods, and for rules that are not alike', () => {
    const whole = (weight: number, uneven: boolean, hash: string, desired: number): Observed =>
      seen(weight, {
        routes: [{ kind: 'HTTPRoute', name: 'web', namespace: 'shop', canary: weight, uneven }],
        selectors: [
          { kind: 'DestinationRule', name: 'web', what: 'the subsets', role: 'canary', hash },
          { kind: 'DestinationRule', name: 'web', what: 'the subsets', role: 'stable', hash: 'v1' },
        ],
        replicaSets: [{ name: 'web-v1', hash: 'v1', desired }] as never,
      });
    look(whole(25, false, 'v2', 4));
    look(whole(25, true, 'elsewhere', 1), [WEIGHTS, SUBSET, SCALE]);
    expect(made.map(({ kind, what }) => `${what} of ${kind}`)).toEqual([
      'the weights of HTTPRoute',
      'the subsets of DestinationRule',
      'the number of pods of ReplicaSet',
    ]);
  });
});

describe('a contest', () => {
  const fight = (times: number): void => {
    for (let i = 0; i < times; i++) {
      look(seen(25));
      look(seen(0), [WEIGHTS]);
    }
  };

  it('is seen in the third correction of one object, by one writer', () => {
    fight(2);
    expect(contested()).toEqual([]);
    writer = 'another';
    fight(2);
    expect(contested()).toEqual([]);
    fight(1);
    expect(contested()).toEqual(['another web']);
  });

  it('ends when nothing was put back for a while, and says when that will be', () => {
    fight(3);
    now += 60_000;
    fight(1);
    expect(corrections.contests(KEY, now).contestedUntil).toBe(now + CALM_MS);
    now += CALM_MS - 1;
    expect(contested()).toEqual(['other web']);
    now += 1;
    expect(contested()).toEqual([]);
    fight(2);
    expect(contested()).toEqual([]);
  });

  it('is none of edits that are far apart', () => {
    for (let i = 0; i < 5; i++, now += CALM_MS) fight(1);
    expect(contested()).toEqual([]);
  });

  it('counts writers who change their name as one, after some', () => {
    for (let i = 0; i < 40; i++) {
      writer = `writer-${i}`;
      fight(1);
    }
    expect(new Set(made.map(({ by }) => by)).size).toBe(9);
    expect(contested()).toEqual(['others web']);
  });

  it('is forgotten with the Rollout', () => {
    fight(3);
    corrections.forget(KEY);
    expect(contested()).toEqual([]);
  });
});

describe('what is said of contests', () => {
  const contest = (by: string, name: string) => ({
    kind: 'Service',
    namespace: 'shop',
    name,
    what: 'the selector',
    by,
    id: by + name,
  });

  it('is the same whatever their order, and names no more than three', () => {
    const list = ['d', 'c', 'b', 'a'].map((name) => contest('operator', name));
    const text = textOfContests(list);
    expect(textOfContests(list.toReversed())).toBe(text);
    expect(text).toMatch(/^operator changes the selector of Service a, .* \(and 1 more\) again and again/);
  });
});
