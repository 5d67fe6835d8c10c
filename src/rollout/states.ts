// A row for each state of a release: what it is after, and how it shows. The type makes sure that no state of the chart is forgotten.
import type { Aim } from './aim.ts';
import { stageRun, verifyingRun } from './facts.ts';
import { availableOf, hasRouter, replicasOf, type SeenRun } from './observed.ts';
import { stageAt, standingAt, type RunKind, type Stage } from './plan.ts';
import { hasTag, type StateName } from './place.ts';
import { revisionName, shortRevision } from './revision-name.ts';
import type { Situation } from './situation.ts';
import { RUN_TEXTS } from './runs.ts';
import { inBrackets } from './stages/in-brackets.ts';
import { podsText } from './stages/pods-text.ts';
import { sayStage } from './stages/stages.ts';
import { stepText } from './stages/step-text.ts';
import { mostRouted, selects } from './traffic.ts';

/** Argo Rollouts' phases, so that health checks written for it hold. */
export type Phase = 'Healthy' | 'Degraded' | 'Progressing' | 'Paused';

/** Reasons of the condition `Progressing`, with its status; Argo Rollouts'. */
export type Progress =
  | readonly [true, 'ReplicaSetUpdated' | 'NewReplicaSetAvailable']
  | readonly [false, 'RolloutPaused' | 'RolloutAborted'];

export interface Row {
  aim(situation: Situation): Aim;
  phase(situation: Situation): Phase;
  says(situation: Situation): string;
  readonly progress: Progress;
  /** The run that it waits for. */
  readonly runs?: readonly RunKind[];
  /** Argo Rollouts' reason for a pause, where it is one. */
  readonly pause?: (situation: Situation) => string;
}

const always =
  <T>(value: T) =>
  (): T =>
    value;

const stageIn = ({ seen, memory }: Situation): Stage | undefined => stageAt(seen.plan, memory.stage);

const stepIn = ({ seen, memory }: Situation): string => stepText(seen.plan, memory.stage);

const share =
  (isMoving: boolean) =>
  ({ seen, memory }: Situation): Aim => ({ to: 'share', standing: standingAt(seen.plan, memory.stage), isMoving });

/** Promoted in full before the stages were done, the traffic stays where it is until the serving side is switched. */
const grow = ({ seen, memory }: Situation): Aim => ({
  to: 'grow',
  standing: memory.full ? undefined : standingAt(seen.plan, memory.stage),
});

const sayStep = (situation: Situation): string => {
  const stage = stageIn(situation);
  return stage === undefined ? podsText(situation) : `${stepIn(situation)}: ${sayStage(situation, stage)}`;
};

/** It is told by the step that it holds up; behind the last one by its own name. */
export function sayUnsure(situation: Situation, kind: RunKind, run: SeenRun | undefined): string {
  const where = hasTag(situation.place, 'stepping') ? stepIn(situation) : RUN_TEXTS[kind];
  return `InconclusiveAnalysisRun: ${where}, ${run?.message ?? 'the analysis could not tell'}; promote or abort it`;
}

/** Nothing is on its way: whether the stable revision is all there. */
function restPhase({ seen, memory }: Situation): { phase: Phase; text: string } {
  const [available, replicas] = [availableOf(seen, memory.stable), replicasOf(seen)];
  if (available < replicas) return { phase: 'Progressing', text: `${available} of ${replicas} pods are available` };
  if (!selects(seen, 'stable', memory.stable) || !selects(seen, 'canary', memory.stable))
    return { phase: 'Progressing', text: 'switching Services to the new revision' };
  const isElsewhere = hasRouter(seen) && mostRouted(seen) !== 0;
  return isElsewhere
    ? { phase: 'Progressing', text: 'moving traffic to the stable Service' }
    : { phase: 'Healthy', text: '' };
}

const rest: Row = {
  aim: always({ to: 'rest' }),
  phase: (situation) => restPhase(situation).phase,
  says: (situation) => restPhase(situation).text,
  progress: [true, 'NewReplicaSetAvailable'],
};

const stepping: Row = {
  aim: share(false),
  phase: always('Progressing'),
  says: sayStep,
  progress: [true, 'ReplicaSetUpdated'],
};

const pausing: Row = {
  ...stepping,
  phase: always('Paused'),
  progress: [false, 'RolloutPaused'],
  pause: (situation) => pauseReason(situation),
  says(situation) {
    const stage = stageIn(situation);
    return `${pauseReason(situation)}: ${stepIn(situation)}, ${stage === undefined ? '' : sayStage(situation, stage)}`;
  },
};

function pauseReason(situation: Situation): string {
  const stage = stageIn(situation);
  return stage?.kind === 'Pause' ? stage.reason : 'CanaryPauseStep';
}

const takingOver: Row = {
  aim: always({ to: 'switch' }),
  phase: always('Progressing'),
  says: (situation) => `switching Services to the new revision; ${podsText(situation)}`,
  progress: [true, 'ReplicaSetUpdated'],
};

const unsure = (kind: RunKind, run: (situation: Situation) => SeenRun | undefined): Omit<Row, 'aim'> => ({
  phase: always('Paused'),
  says: (situation) => sayUnsure(situation, kind, run(situation)),
  progress: [true, 'ReplicaSetUpdated'],
  pause: always('InconclusiveAnalysisRun'),
});

function sayAborted({ memory }: Situation): string {
  const to = revisionName(memory.revision, memory.candidate);
  return `RolloutAborted: Rollout aborted update to revision ${to}: ${memory.reason ?? 'aborted'}`;
}

const rejected: Row = {
  aim: always({ to: 'return' }),
  phase: always('Degraded'),
  says: sayAborted,
  progress: [false, 'RolloutAborted'],
};

function sayHeld({ seen: { held, status }, memory }: Situation): string {
  const stable = revisionName(held?.stable ?? status.stableRevision, memory.stable);
  return `held at ${stable}: ${held === undefined ? '' : `${shortRevision(held.rejected)} rejected, ${held.reason}`}`;
}

export const ROWS: Readonly<Record<StateName, Row>> = {
  settled: rest,
  draining: rest,
  held: { ...rest, phase: always('Degraded'), says: sayHeld },
  first: {
    aim: always({ to: 'start' }),
    phase: always('Progressing'),
    says: (situation) => `first revision: ${podsText(situation)}`,
    progress: [true, 'ReplicaSetUpdated'],
  },
  'stepping.choosing': stepping,
  'stepping.weighing': { ...stepping, aim: share(true) },
  'stepping.scaling': stepping,
  'stepping.pausing': pausing,
  'stepping.measuring': { ...stepping, runs: ['Step', 'PrePromotion'] },
  'stepping.asking': { ...stepping, ...unsure('Step', stageRun), runs: ['Step', 'PrePromotion'] },
  'stepping.recovering': {
    ...stepping,
    says: (situation) => `${stepIn(situation)}: ${podsText(situation)}`,
    runs: ['Step', 'PrePromotion'],
  },
  'promoting.growing': {
    aim: grow,
    phase: always('Progressing'),
    says: (situation) => `promoting: ${podsText(situation)}`,
    progress: [true, 'ReplicaSetUpdated'],
  },
  'promoting.switching': takingOver,
  'promoting.verifying': {
    ...takingOver,
    runs: ['PostPromotion'],
    says(situation) {
      const run = verifyingRun(situation);
      if (run?.phase === 'Successful') return `verified; ${podsText(situation)}`;
      return `waiting for post-promotion verification to complete${inBrackets(run?.message)}`;
    },
  },
  'promoting.doubting': { ...takingOver, ...unsure('PostPromotion', verifyingRun), runs: ['PostPromotion'] },
  'rejected.aborting': rejected,
  'rejected.aborted': rejected,
  'rejected.reverting': rejected,
};

export const rowOf = ({ place }: Situation): Row => ROWS[place.state];
