// The written form of place and memory, in status.machine.
import { present } from '../api/json.ts';
import type { MachineState } from '../api/rollout.ts';
import type { AbortCause, Memory } from './memory.ts';
import { migrated, stagesHashIn } from './migrate.ts';
import type { Observed } from './observed.ts';
import { isStateName, type Place, type StateName } from './place.ts';
import { exactTime, parseTime, time } from './time.ts';

export interface Recalled {
  readonly place: Place;
  readonly memory: Memory;
}

/** The state and memory that the status holds; undefined where it holds none, or none that this version understands. */
export function recall(seen: Observed): Recalled | undefined {
  const machine = seen.status.machine;
  const m = machine && migrated(machine);
  if (m === undefined || !isStateName(m.state)) return undefined;
  return { place: placeIn(m, m.state), memory: memoryIn(m, seen) };
}

function placeIn({ attention, background, pods }: MachineState, state: StateName): Place {
  return { state, attention: attention ?? 'running', background: background ?? 'quiet', pods: pods ?? 'steady' };
}

function memoryIn(m: MachineState, seen: Observed): Memory {
  const retiring: Record<string, number> = {};
  for (const [hash, at] of Object.entries(m.retiring ?? {})) retiring[hash] = parseTime(at) ?? seen.now;
  return {
    candidate: m.candidate,
    revision: m.revision,
    stable: seen.status.stableRS,
    stagesHash: stagesHashIn(m, seen.plan),
    stage: m.step,
    attempt: m.attempt,
    until: parseTime(m.until),
    progressAt: parseTime(m.progressAt),
    progressMark: m.progressMark,
    full: m.full,
    waits: m.waits,
    reason: m.reason,
    cause: m.cause as AbortCause | undefined,
    abortedAt: parseTime(m.abortedAt),
    rejected: m.rejected,
    acted: m.acted,
    restartAt: parseTime(m.restartAt),
    restartedAt: parseTime(m.restartedAt),
    retiring,
  };
}

const given = <T, R>(value: T | undefined, write: (value: T) => R): R | undefined =>
  value === undefined ? undefined : write(value);

const unless = <T>(value: T, usual: T): T | undefined => (value === usual ? undefined : value);

/** What is noted of the declaration with it: it is observed again, and only compared with. */
type Noted = Pick<Observed, 'content' | 'spelled'>;

export function memorise({ state, attention, background, pods }: Place, m: Memory, noted: Noted): MachineState {
  const retiring = Object.entries(m.retiring).map(([hash, at]) => [hash, exactTime(at)] as const);
  return {
    version: 2,
    state,
    ...present({
      attention: unless(attention, 'running'),
      background: unless(background, 'quiet'),
      pods: unless(pods, 'steady'),
    }),
    candidate: m.candidate,
    ...present({ revision: m.revision, content: noted.content, spelled: noted.spelled }),
    stepsHash: m.stagesHash,
    step: m.stage,
    attempt: m.attempt,
    ...present({
      until: given(m.until, exactTime),
      progressAt: given(m.progressAt, exactTime),
      progressMark: m.progressMark,
      full: m.full || undefined,
      waits: m.waits || undefined,
      reason: m.reason,
      cause: m.cause,
      abortedAt: given(m.abortedAt, time),
      rejected: m.rejected,
      acted: m.acted,
      restartAt: given(m.restartAt, exactTime),
      restartedAt: given(m.restartedAt, exactTime),
      retiring: retiring.length === 0 ? undefined : Object.fromEntries(retiring),
    }),
  };
}
