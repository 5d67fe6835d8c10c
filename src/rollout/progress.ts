// Progress, as the deadline counts it: another state or step, or more available pods than ever before in it. A pod that comes and
// goes is no progress, a pause is no lack of it.
import * as facts from './facts.ts';
import type { Memory, StateName } from './memory.ts';
import { availableOf, type Observed } from './observed.ts';
import { isWaiting } from './phase.ts';

/** The memory with the time of the last progress; without one where nothing is waited for. */
export function withProgress(seen: Observed, state: StateName, memory: Memory): Memory {
  if (!isWaiting(state) || facts.isPaused(seen, memory))
    return memory.progressAt === undefined ? memory : { ...memory, progressAt: undefined, progressMark: undefined };
  const [place, most] = [`${state}/${memory.step}`, availableOf(seen, memory.candidate)];
  const before = memory.progressMark ?? '';
  const isSamePlace = before.startsWith(`${place}/`) && memory.progressAt !== undefined;
  if (isSamePlace && most <= Number(before.slice(place.length + 1))) return memory;
  return { ...memory, progressMark: `${place}/${most}`, progressAt: seen.now };
}
