// Why a command that no state had a use for does nothing, and what to do instead. Each command is answered once.
import type { Command } from './context.ts';
import { hasTag } from './place.ts';
import { isPaused, type Situation } from './situation.ts';
import { stepText } from './stages/step-text.ts';

const GOES_FORWARD: ReadonlySet<Command['verb']> = new Set(['promote', 'promote-full', 'retry']);

/** Where the release stands, as a reason to refuse. */
function standing(situation: Situation): string {
  const { seen, memory, place } = situation;
  if (place.state === 'first')
    return 'the first revision is being released, and there is nothing to go back to; declare another one, or delete the Rollout';
  if (place.state === 'held')
    return 'Git is held back here; to try the rejected revision again, annotate sluice.dev/retry=true';
  if (hasTag(place, 'rejected'))
    return 'the update was aborted; try it again with sluice.dev/retry=true, or declare another revision';
  if (hasTag(place, 'done')) return 'nothing is being rolled out';
  if (seen.spec.paused) return 'spec.paused is true; set it to false';
  if (isPaused(situation)) return 'it is paused; go on with sluice.dev/resume=true';
  const where = hasTag(place, 'stepping') ? stepText(seen.plan, memory.stage) : 'the new revision takes over';
  return `${where} waits for nobody; promote=full skips what is left`;
}

function refusal(situation: Situation, { verb, value }: Command): string {
  const { seen, place } = situation;
  const [issue] = seen.issues;
  if (issue && GOES_FORWARD.has(verb)) return `${issue.field} is not valid; mend it, then ask again`;
  if (verb === 'resume' && hasTag(place, 'moving')) return 'it is not paused';
  if (verb === 'pause' && place.attention === 'paused') return 'it is paused already';
  if (verb !== 'rollback') return standing(situation);
  if (seen.revision !== undefined)
    return 'this Rollout is declared in Git; revert the commit there (git revert), or abort an update in progress';
  return `no ReplicaSet of revision ${value ?? ''} is left to roll back to`;
}

/** An abort of what is aborted already has what it asks for. */
export function answerTo(situation: Situation, command: Command): string {
  const isDone = command.verb === 'abort' && hasTag(situation.place, 'rejected');
  return isDone ? 'Done: aborted' : `Ignored: ${refusal(situation, command)}`;
}
