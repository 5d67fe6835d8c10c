// Argo Rollouts' signals: status fields that somebody wrote, as the difference between what was recorded and what they say now.
import type { RolloutStatus } from '../api/rollout.ts';
import type { Command } from './context.ts';
import type { Memory } from './memory.ts';
import { hasTag, type Place } from './place.ts';
import type { Situation } from './situation.ts';

export function fromSignals({ seen: { status }, memory, place }: Situation): Command | undefined {
  if (status.machine === undefined) return undefined;
  const isMoving = hasTag(place, 'moving');
  if (!isMoving && !hasTag(place, 'rejected')) return undefined;
  if (isMoving && status.abort === true) return { verb: 'abort' };
  if (!isMoving && status.abort !== true) return { verb: 'retry' };
  if (status.promoteFull === true && !memory.full) return { verb: 'promote-full' };
  return fromStages(status, place, memory);
}

function fromStages(status: RolloutStatus, place: Place, memory: Memory): Command | undefined {
  if (hasTag(place, 'asking') && (status.pauseConditions ?? []).length === 0) return { verb: 'promote' };
  return hasTag(place, 'stepping') && status.currentStepIndex === memory.stage + 1 ? { verb: 'skip' } : undefined;
}
