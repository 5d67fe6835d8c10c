// What is measured: each figure once, with the budget it has to keep. All are better when smaller.
import { digits } from './table.ts';

export type Scenario = 'latency' | 'push' | 'wave' | 'storm' | 'idle';
export const SCENARIOS: readonly Scenario[] = ['latency', 'push', 'wave', 'storm', 'idle'];

export interface Figure {
  readonly id: string;
  readonly scenario: Scenario;
  readonly title: string;
  readonly unit: string;
  readonly budget?: Budget;
}

export interface Budget {
  /** On two cores, with pods ready after 50 ms. */
  readonly most?: number;
  /** Share of what the peer needs in the same run; where a peer takes part it is this that counts. */
  readonly share?: number;
  /** `most` is meant for a wave of so many rollouts, and says nothing of another. */
  readonly fleet?: number;
}

export const FIGURES = [
  {
    id: 'firstWeight',
    scenario: 'latency',
    title: 'spec change → first weight',
    unit: 'ms',
    budget: { most: 84, share: 0.8 },
  },
  {
    id: 'abort',
    scenario: 'latency',
    title: 'bad sample served → weight 0',
    unit: 'ms',
    budget: { most: 11, share: 0.4 },
  },
  { id: 'push', scenario: 'push', title: 'push → first weight', unit: 'ms', budget: { most: 1000 } },
  {
    id: 'wave',
    scenario: 'wave',
    title: 'wave: all promoted',
    unit: 's',
    budget: { most: 9.6, share: 0.6, fleet: 200 },
  },
  { id: 'writes', scenario: 'wave', title: 'wave: API writes per rollout', unit: '', budget: { most: 19, share: 0.5 } },
  {
    id: 'waveCpu',
    scenario: 'wave',
    title: 'wave: CPU of the controller',
    unit: 's',
    budget: { most: 4.9, share: 1, fleet: 200 },
  },
  {
    id: 'wavePeak',
    scenario: 'wave',
    title: 'wave: peak resident memory',
    unit: 'MB',
    budget: { most: 135, share: 1, fleet: 200 },
  },
  {
    id: 'stormAbort',
    scenario: 'storm',
    title: 'storm: bad sample served → weight 0',
    unit: 'ms',
    budget: { most: 250 },
  },
  { id: 'stormCaught', scenario: 'storm', title: 'storm: metric turns bad → weight 0', unit: 'ms' },
  { id: 'idleCpu', scenario: 'idle', title: 'idle: CPU per minute', unit: 's', budget: { share: 1 } },
  { id: 'idleMemory', scenario: 'idle', title: 'idle: resident memory', unit: 'MB', budget: { share: 1 } },
] as const satisfies readonly Figure[];

export type FigureId = (typeof FIGURES)[number]['id'];
export type Measured = Partial<Record<FigureId, readonly number[]>>;

export interface Judgement {
  /** As people read it: `≤ 84`, `≤ 0.8×`. */
  readonly budget: string;
  /** Undefined where nothing is promised, or nothing was measured that it could be held to. */
  readonly met: boolean | undefined;
}

const NONE: Judgement = { budget: '', met: undefined };

/** Holds a figure to its budget: to the peer's in the same run where there is one, to the absolute one otherwise. */
export function judge(budget: Budget | undefined, own: number, peer: number | undefined, fleet: number): Judgement {
  if (budget === undefined) return NONE;
  if (peer !== undefined && budget.share !== undefined)
    return { budget: `≤ ${budget.share}×`, met: own <= peer * budget.share };
  if (budget.most === undefined) return NONE;
  const meant = budget.fleet === undefined || budget.fleet === fleet;
  const of = meant ? '' : ` at ${budget.fleet}`;
  return { budget: `≤ ${digits(budget.most)}${of}`, met: meant ? own <= budget.most : undefined };
}
