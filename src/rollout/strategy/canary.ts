// The canary strategy as a plan.
import type { Canary } from '../../api/rollout.ts';
import { shortHash } from '../hash.ts';
import { NOTHING, type Plan, type PlannedAnalysis } from '../plan.ts';
import { delaysOf } from './delays.ts';
import { planned, stagesOf, stepAnalyses } from './steps.ts';

const FIELD = 'spec.strategy.canary';

const analysesOf = ({ analysis, steps }: Canary): PlannedAnalysis[] => [
  ...planned(analysis, { kind: 'Background', stage: undefined, field: `${FIELD}.analysis`, finite: false }),
  ...stepAnalyses(steps, `${FIELD}.steps`, 0),
];

export function canaryPlan(canary: Canary): Plan {
  const { trafficRouting, canaryService, stableService, steps = [] } = canary;
  const isRouted = trafficRouting !== undefined;
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
    ...delaysOf(canary),
    oldRevisionsStay: undefined,
    returnsWarm: false,
    reportsIn: 'canary',
    podMetadata: {},
    antiAffinity: undefined,
  };
}
