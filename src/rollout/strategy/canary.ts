// The canary strategy as a plan.
import type { Canary } from '../../api/rollout.ts';
import { shortHash } from '../hash.ts';
import { NOTHING, type Plan, type PlannedAnalysis } from '../plan.ts';
import { stagesOf, stepAnalyses } from './steps.ts';

const FIELD = 'spec.strategy.canary';
const DEFAULT_DELAY_S = 30;

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
  return [...background, ...stepAnalyses(canary.steps, `${FIELD}.steps`, 0)];
}

export function canaryPlan(canary: Canary): Plan {
  const { trafficRouting, canaryService, stableService, steps = [] } = canary;
  const isRouted = trafficRouting !== undefined;
  const rejectedFor = canary.abortScaleDownDelaySeconds ?? DEFAULT_DELAY_S;
  return {
    field: FIELD,
    split: isRouted ? 'weights' : 'pods',
    stages: stagesOf(steps, NOTHING, isRouted),
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
    reportsIn: 'canary',
    podMetadata: {},
    antiAffinity: undefined,
  };
}
