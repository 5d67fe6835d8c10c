// Phase and message: what a person reads first. What stands in the way of a state comes before what the state says of itself.
import { deadlineExceeded, deadlineSeconds } from './rejection.ts';
import { replicaSet } from './observed.ts';
import { hasTag } from './place.ts';
import { runOf } from './runs.ts';
import { closureOf, type Situation } from './situation.ts';
import { podsText } from './stages/pods-text.ts';
import { rowOf, sayUnsure, type Phase } from './states.ts';

export interface PhaseAndMessage {
  readonly phase: Phase;
  readonly message: string;
}

const as = (phase: Phase, message: string): PhaseAndMessage => ({ phase, message });

/** What is wrong, whatever the state; a rejection and a hold say enough by themselves. */
function degraded(situation: Situation): PhaseAndMessage | undefined {
  const { seen, memory, place } = situation;
  const [issue] = seen.issues;
  if (issue) return as('Degraded', `InvalidSpec: ${issue.field}: ${issue.message}`);
  if (hasTag(place, 'rejected') || place.state === 'held') return undefined;
  const failure = replicaSet(seen, memory.candidate)?.failure;
  if (failure !== undefined) return as('Degraded', `ReplicaFailure: ${failure}`);
  if (!deadlineExceeded(situation)) return undefined;
  return as(
    'Degraded',
    `ProgressDeadlineExceeded: no progress for ${deadlineSeconds(situation)}s; ${podsText(situation)}`,
  );
}

/** A person, or the analysis in the background, holds up what is on its way. */
function paused(situation: Situation): PhaseAndMessage | undefined {
  const { seen, place } = situation;
  if (!hasTag(place, 'moving') && place.state !== 'first') return undefined;
  if (seen.spec.paused) return as('Paused', 'manually paused (spec.paused)');
  const closed = closureOf(situation);
  if (closed) return as('Paused', closed.kind === 'stop' ? closed.text : `waits for ${closed.text}`);
  if (place.attention === 'paused')
    return as('Paused', 'manually paused; go on with the annotation sluice.dev/resume=true');
  if (place.background !== 'unsure') return undefined;
  return as('Paused', sayUnsure(situation, 'Background', runOf(situation, 'Background')));
}

export function phaseOf(situation: Situation): PhaseAndMessage {
  const row = rowOf(situation);
  return degraded(situation) ?? paused(situation) ?? as(row.phase(situation), row.says(situation));
}
