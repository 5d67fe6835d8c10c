// What the machine carries from pass to pass, and its written form in status.machine.
import type { RevisionRef } from '../api/revision.ts';
import type { MachineState } from '../api/rollout.ts';
import type { Observed } from './observed.ts';

export const STATES = [
  'settled',
  'releasing',
  'updating.choosing',
  'updating.weighing',
  'updating.scaling',
  'updating.pausing',
  'updating.analysing',
  'updating.inconclusive',
  'promoting',
  'aborted',
] as const;
export type StateName = (typeof STATES)[number];

/** Why a release was aborted. */
export type AbortCause = 'Analysis' | 'User' | 'Deadline' | 'Recovered';

export interface Memory {
  readonly candidate: string;
  /** The commit that declared the candidate, where one is known. */
  readonly revision?: RevisionRef | undefined;
  /** Pod hash of the last revision that was fully promoted. */
  readonly stable: string | undefined;
  readonly stepsHash: string;
  readonly step: number;
  readonly attempt: number;
  readonly until?: number | undefined;
  readonly progressAt?: number | undefined;
  readonly progressMark?: string | undefined;
  readonly paused?: boolean | undefined;
  readonly full?: boolean | undefined;
  /** An inconclusive background analysis was accepted by a person. */
  readonly waived?: boolean | undefined;
  readonly reason?: string | undefined;
  readonly cause?: AbortCause | undefined;
  readonly abortedAt?: number | undefined;
  /** Pod hash of the revision that was aborted last, while nothing but the stable one was declared since. */
  readonly rejected?: string | undefined;
  readonly restartAt?: number | undefined;
  readonly retiring: Readonly<Record<string, number>>;
}

const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const exact = (ms: number): string => new Date(ms).toISOString();

function ms(text: string | undefined): number | undefined {
  const value = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(value) ? undefined : value;
}

/** The state and memory that the status holds; undefined where it holds none, or none that this version understands. */
export function recall(seen: Observed): { state: StateName; memory: Memory } | undefined {
  const m = seen.status.machine;
  if (m?.version !== 1) return undefined;
  const state = STATES.find((s) => s === m.state);
  if (state === undefined) return undefined;
  const retiring: Record<string, number> = {};
  for (const [hash, at] of Object.entries(m.retiring ?? {})) retiring[hash] = ms(at) ?? seen.now;
  return {
    state,
    memory: {
      candidate: m.candidate,
      revision: m.revision,
      stable: seen.status.stableRS,
      stepsHash: m.stepsHash,
      step: m.step,
      attempt: m.attempt,
      until: ms(m.until),
      progressAt: ms(m.progressAt),
      progressMark: m.progressMark,
      paused: m.paused,
      full: m.full,
      waived: m.waived,
      reason: m.reason,
      cause: m.cause as AbortCause | undefined,
      abortedAt: ms(m.abortedAt),
      rejected: m.rejected,
      restartAt: ms(m.restartAt),
      retiring,
    },
  };
}

const set = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });

export function memorise(state: StateName, m: Memory): MachineState {
  const retiring = Object.entries(m.retiring).map(([hash, at]) => [hash, exact(at)] as const);
  return {
    version: 1,
    state,
    candidate: m.candidate,
    ...set('revision', m.revision),
    stepsHash: m.stepsHash,
    step: m.step,
    attempt: m.attempt,
    ...set('until', m.until === undefined ? undefined : exact(m.until)),
    ...set('progressAt', m.progressAt === undefined ? undefined : exact(m.progressAt)),
    ...set('progressMark', m.progressMark),
    ...set('paused', m.paused || undefined),
    ...set('full', m.full || undefined),
    ...set('waived', m.waived || undefined),
    ...set('reason', m.reason),
    ...set('cause', m.cause),
    ...set('abortedAt', m.abortedAt === undefined ? undefined : time(m.abortedAt)),
    ...set('rejected', m.rejected),
    ...set('restartAt', m.restartAt === undefined ? undefined : time(m.restartAt)),
    ...set('retiring', retiring.length === 0 ? undefined : Object.fromEntries(retiring)),
  };
}
