// Why a command that no state had a use for does nothing, and what to do instead. Each command is answered once.
import type { Closure } from '../api/release-policy.ts';
import type { Command } from './context.ts';
import { hasTag } from './place.ts';
import { closureOf, isPaused, type Situation } from './situation.ts';
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
  const closed = closureOf(situation);
  if (closed) return closedText(closed);
  if (isPaused(situation)) return 'it is paused; go on with sluice.dev/resume=true';
  const where = hasTag(place, 'stepping') ? stepText(seen.plan, memory.stage) : 'the new revision takes over';
  return `${where} waits for nobody; promote=full skips what is left`;
}

function closedText({ kind, text }: Closure): string {
  if (kind === 'stop') return `it is ${text}; that ends when stop is taken out of the policy`;
  return `it waits for ${text}; to have it begin now, annotate sluice.dev/override with the reason`;
}

function refusal(situation: Situation, { verb, value }: Command): string {
  const { seen, place } = situation;
  const [issue] = seen.issues;
  if (issue && GOES_FORWARD.has(verb)) return `${issue.field} is not valid; mend it, then ask again`;
  if (hasTag(place, 'moving')) {
    if (verb === 'resume') return 'it is not paused';
    if (verb === 'override' && closureOf(situation) === undefined) return 'no window holds it up';
  }
  if (verb === 'pause' && place.attention === 'paused') return 'it is paused already';
  return verb === 'rollback' ? noRollback(seen, value) : standing(situation);
}

function noRollback(seen: Situation['seen'], value = ''): string {
  if (seen.revision !== undefined)
    return 'this Rollout is declared in Git; revert the commit there (git revert), or abort an update in progress';
  return `no ReplicaSet of revision ${value} is left to roll back to`;
}

/** An abort of what is aborted already has what it asks for. */
export function answerTo(situation: Situation, command: Command): string {
  const isDone = command.verb === 'abort' && hasTag(situation.place, 'rejected');
  return isDone ? 'Done: aborted' : `Ignored: ${refusal(situation, command)}`;
}
