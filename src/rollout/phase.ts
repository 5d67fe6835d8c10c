// Phase and message: what a person reads first. Phases are Argo Rollouts', so that health checks written for it hold.
import { shortCommit, type RevisionRef } from '../api/revision.ts';
import * as facts from './facts.ts';
import { availableOf, hasRouter, replicaSet, replicasOf, type Observed } from './observed.ts';
import type { Outcome } from './outcome.ts';
import { canaryPodsAt, stepsOf, weightAt } from './steps.ts';

export type Phase = 'Healthy' | 'Degraded' | 'Progressing' | 'Paused';
export interface PhaseAndMessage {
  readonly phase: Phase;
  readonly message: string;
}

/** A revision as people name it: its short commit, or its pod hash where no commit is known. */
export function revisionName(revision: RevisionRef | undefined, hash: string | undefined): string {
  return revision === undefined ? (hash ?? 'none') : shortCommit(revision.commit);
}

const clock = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const as = (phase: Phase, message: string): PhaseAndMessage => ({ phase, message });

function degraded(seen: Observed, { state, memory }: Outcome): PhaseAndMessage | undefined {
  const [issue] = seen.issues;
  if (issue) return as('Degraded', `InvalidSpec: ${issue.field}: ${issue.message}`);
  if (state === 'aborted') {
    const to = revisionName(memory.revision, memory.candidate);
    return as('Degraded', `RolloutAborted: Rollout aborted update to revision ${to}: ${memory.reason ?? 'aborted'}`);
  }
  if (seen.held && state === 'settled') {
    const stable = revisionName(seen.held.stable ?? seen.status.stableRevision, memory.stable);
    return as('Degraded', `held at ${stable}: ${shortCommit(seen.held.rejected.commit)} rejected, ${seen.held.reason}`);
  }
  const failure = replicaSet(seen, memory.candidate)?.failure;
  if (failure !== undefined) return as('Degraded', `ReplicaFailure: ${failure}`);
  if (isWaiting(state) && facts.deadlineExceeded(seen, memory)) {
    const limit = seen.spec.progressDeadlineSeconds ?? facts.DEFAULT_PROGRESS_DEADLINE_S;
    return as('Degraded', `ProgressDeadlineExceeded: no progress for ${limit}s; ${waitingFor(seen, memory.candidate)}`);
  }
  return undefined;
}

/** States whose progress has a deadline: pods or routes are waited for, not people or measurements. */
export const isWaiting = (state: string): boolean =>
  state === 'updating.weighing' || state === 'updating.scaling' || state === 'promoting' || state === 'releasing';

function waitingFor(seen: Observed, hash: string): string {
  const rs = replicaSet(seen, hash);
  return `${rs?.available ?? 0} of ${rs?.desired ?? 0} pods of revision ${hash} are available`;
}

function paused(seen: Observed, { state, memory }: Outcome): PhaseAndMessage | undefined {
  if (state === 'settled' || state === 'aborted') return undefined;
  if (seen.spec.paused) return as('Paused', 'manually paused (spec.paused)');
  if (memory.paused) return as('Paused', 'manually paused; go on with the annotation sluice.dev/resume=true');
  const at = `step ${memory.step + 1}/${stepsOf(seen).length}`;
  if (state === 'updating.inconclusive' || facts.backgroundInconclusive(seen, memory)) {
    const run = state === 'updating.inconclusive' ? facts.stepRun(seen, memory) : facts.backgroundRun(seen, memory);
    const why = run?.message ?? 'the analysis could not tell';
    return as('Paused', `InconclusiveAnalysisRun: ${at}, ${why}; promote or abort it`);
  }
  if (state === 'updating.pausing') {
    const until =
      memory.until === undefined ? 'someone promotes (annotation sluice.dev/promote=true)' : clock(memory.until);
    return as('Paused', `CanaryPauseStep: ${at}, until ${until}`);
  }
  return undefined;
}

function progressing(seen: Observed, { state, memory }: Outcome): PhaseAndMessage {
  const steps = stepsOf(seen);
  const at = `step ${memory.step + 1}/${steps.length}`;
  const pods = waitingFor(seen, memory.candidate);
  if (state === 'releasing') return as('Progressing', `first revision: ${pods}`);
  if (state === 'promoting') return as('Progressing', `promoting: ${pods}`);
  if (state === 'updating.analysing') {
    const run = facts.stepRun(seen, memory);
    return as('Progressing', `${at}: waiting for analysis to complete${run?.message ? ` (${run.message})` : ''}`);
  }
  if (state === 'updating.scaling')
    return as('Progressing', `${at}: scaling to ${canaryPodsAt(seen, memory.step)} pods; ${pods}`);
  return as('Progressing', `${at}: setting weight ${weightAt(steps, memory.step)}; ${pods}`);
}

function settled(seen: Observed, { memory }: Outcome): PhaseAndMessage {
  const [available, replicas] = [availableOf(seen, memory.stable), replicasOf(seen)];
  if (available < replicas) return as('Progressing', `${available} of ${replicas} pods are available`);
  const stable = memory.stable ?? '';
  if (!facts.selects(seen, 'stable', stable) || !facts.selects(seen, 'canary', stable)) {
    return as('Progressing', 'switching Services to the new revision');
  }
  if (hasRouter(seen) && facts.mostRouted(seen) !== 0) return as('Progressing', 'moving traffic to the stable Service');
  return as('Healthy', '');
}

export function phaseOf(seen: Observed, outcome: Outcome): PhaseAndMessage {
  return (
    degraded(seen, outcome) ??
    paused(seen, outcome) ??
    (outcome.state === 'settled' ? settled(seen, outcome) : progressing(seen, outcome))
  );
}
