// Progress, as the deadline counts it: another state or stage, or more available pods than ever before in it. A pod that comes and goes is
// no progress; what waits for a person does not lack any.
import type { Memory } from './memory.ts';
import { availableOf } from './observed.ts';
import { hasTag } from './place.ts';
import { standsStill, type Situation } from './situation.ts';

/** The memory with the time of the last progress; without one where nothing is waited for. */
export function withProgress(situation: Situation): Memory {
  const { seen, memory, place } = situation;
  if (!hasTag(place, 'waiting') || standsStill(situation))
    return memory.progressAt === undefined ? memory : { ...memory, progressAt: undefined, progressMark: undefined };
  const [at, most] = [`${place.state}/${memory.stage}`, availableOf(seen, memory.candidate)];
  const before = memory.progressMark ?? '';
  const isSamePlace = before.startsWith(`${at}/`) && memory.progressAt !== undefined;
  if (isSamePlace && most <= Number(before.slice(at.length + 1))) return memory;
  return { ...memory, progressMark: `${at}/${most}`, progressAt: seen.now };
}
