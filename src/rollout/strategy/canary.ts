// The canary strategy as a plan.
import { durationMs } from '../../api/fields.ts';
import type { Canary, Step } from '../../api/rollout.ts';
import { shortHash } from '../hash.ts';
import { NOTHING, type Plan, type PlannedAnalysis, type PodsRule, type Stage, type Standing } from '../plan.ts';

const FIELD = 'spec.strategy.canary';
const DEFAULT_DELAY_S = 30;

/** Without a router the numbers of pods are the weight, so that a scale of its own means nothing. */
function scaledBy({ setCanaryScale: scale }: Step, before: PodsRule | undefined): PodsRule | undefined {
  if (scale === undefined) return before;
  if (scale.replicas !== undefined) return { replicas: scale.replicas };
  return scale.weight === undefined ? undefined : { share: scale.weight };
}

function stageOf(step: Step, standing: Standing): Stage {
  if (step.setWeight !== undefined) return { kind: 'Split', ...standing };
  if (step.pause !== undefined) {
    const { duration } = step.pause;
    const ms = duration === undefined ? undefined : durationMs(duration);
    return { kind: 'Pause', ms, reason: 'CanaryPauseStep', ...standing };
  }
  if (step.analysis !== undefined) return { kind: 'Measure', run: 'Step', ...standing };
  return { kind: 'Scale', ...standing };
}

/** Each step with the weight and the pods that hold at it: of the last setWeight and setCanaryScale up to there. */
function stagesOf(steps: readonly Step[], isRouted: boolean): Stage[] {
  let { weight } = NOTHING;
  let scale: PodsRule | undefined;
  return steps.map((step) => {
    weight = step.setWeight ?? weight;
    scale = isRouted ? scaledBy(step, scale) : undefined;
    return stageOf(step, { weight, pods: scale ?? { share: weight }, follows: scale === undefined });
  });
}

function analysesOf(canary: Canary): PlannedAnalysis[] {
  const background: PlannedAnalysis[] =
    canary.analysis === undefined
      ? []
      : [
          {
            kind: 'Background',
            stage: undefined,
            analysis: canary.analysis,
            field: `${FIELD}.analysis`,
            finite: false,
          },
        ];
  const inSteps = (canary.steps ?? []).flatMap(({ analysis }, stage): PlannedAnalysis[] =>
    analysis === undefined
      ? []
      : [{ kind: 'Step', stage, analysis, field: `${FIELD}.steps[${stage}].analysis`, finite: true }],
  );
  return [...background, ...inSteps];
}

export function canaryPlan(canary: Canary): Plan {
  const { trafficRouting, canaryService, stableService, steps = [] } = canary;
  const isRouted = trafficRouting !== undefined;
  const rejectedFor = canary.abortScaleDownDelaySeconds ?? DEFAULT_DELAY_S;
  return {
    field: FIELD,
    split: isRouted ? 'weights' : 'pods',
    stages: stagesOf(steps, isRouted),
    stagesHash: shortHash(steps),
    services: [
      ...(canaryService === undefined
        ? []
        : [{ role: 'canary' as const, name: canaryService, field: `${FIELD}.canaryService` }]),
      ...(stableService === undefined
        ? []
        : [{ role: 'stable' as const, name: stableService, field: `${FIELD}.stableService` }]),
    ],
    traffic: { canaryService, stableService, trafficRouting },
    analyses: analysesOf(canary),
    backgroundFrom: canary.analysis === undefined ? undefined : (canary.analysis.startingStep ?? 0),
    maxSurge: canary.maxSurge,
    maxUnavailable: canary.maxUnavailable,
    oldPodsStay: (canary.scaleDownDelaySeconds ?? DEFAULT_DELAY_S) * 1000,
    oldRevisionsStay: undefined,
    rejectedPodsStay: rejectedFor === 0 ? undefined : rejectedFor * 1000,
    returnsWarm: false,
    podMetadata: {},
    antiAffinity: undefined,
  };
}
