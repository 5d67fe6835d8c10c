// The blue-green strategy as a plan: the whole new revision beside the old one, looked at through the preview Service; then one write
// that switches, and a look at what it did while the old pods are still warm.
import type { BlueGreen } from '../../api/rollout.ts';
import { shortHash } from '../hash.ts';
import type { Plan, PlannedAnalysis, PlannedService, Stage, Standing } from '../plan.ts';
import { delaysOf } from './delays.ts';
import { planned, stagesOf, stepAnalyses } from './steps.ts';

const FIELD = 'spec.strategy.blueGreen';

/** What holds until the traffic goes over. */
const standingOf = ({ previewReplicaCount }: BlueGreen): Standing => ({
  weight: 0,
  pods: previewReplicaCount === undefined ? { share: 100 } : { replicas: previewReplicaCount },
  follows: false,
});

/** Before anything is promoted. */
function stagesBefore(blueGreen: BlueGreen): Stage[] {
  const { prePromotionAnalysis, autoPromotionEnabled = true, autoPromotionSeconds = 0 } = blueGreen;
  const standing = standingOf(blueGreen);
  const ms = autoPromotionEnabled ? autoPromotionSeconds * 1000 : undefined;
  return [
    { kind: 'Scale', ...standing },
    ...(prePromotionAnalysis === undefined
      ? []
      : [{ kind: 'Measure', run: 'PrePromotion', ...standing } satisfies Stage]),
    ...(ms === 0 ? [] : [{ kind: 'Pause', ms, reason: 'BlueGreenPause', ...standing } satisfies Stage]),
  ];
}

/**
 * What makes the stages what they are, as it was declared: how they are compiled may change, and begins no release anew. A default that is
 * written out is no other declaration.
 */
function identityOf(blueGreen: BlueGreen): object {
  const { previewReplicaCount, prePromotionAnalysis, promotionSteps = [] } = blueGreen;
  const { autoPromotionEnabled = true, autoPromotionSeconds = 0 } = blueGreen;
  return {
    previewReplicaCount,
    prePromotionAnalysis,
    autoPromotionEnabled,
    autoPromotionSeconds: autoPromotionEnabled ? autoPromotionSeconds : undefined,
    promotionSteps,
  };
}

function analysesOf(blueGreen: BlueGreen, stages: readonly Stage[], promotedFrom: number): PlannedAnalysis[] {
  const { prePromotionAnalysis: before, postPromotionAnalysis: after, promotionSteps } = blueGreen;
  const stage = stages.findIndex((each) => each.kind === 'Measure' && each.run === 'PrePromotion');
  const field = (name: keyof BlueGreen): string => `${FIELD}.${name}`;
  return [
    ...planned(before, { kind: 'PrePromotion', stage, field: field('prePromotionAnalysis'), finite: true }),
    ...stepAnalyses(promotionSteps, field('promotionSteps'), promotedFrom),
    ...planned(after, { kind: 'PostPromotion', stage: undefined, field: field('postPromotionAnalysis'), finite: true }),
  ];
}

/** With a router the preview Service is its canary side, and the active one its stable side. */
function trafficOf({ activeService, previewService, trafficRouting, previewRoute }: BlueGreen): Plan['traffic'] {
  if (trafficRouting === undefined) return {};
  return {
    canaryService: previewService,
    stableService: activeService,
    trafficRouting,
    ...(previewRoute && { preview: previewRoute.match }),
  };
}

function servicesOf({ activeService, previewService }: BlueGreen): PlannedService[] {
  const active: PlannedService = { role: 'stable', name: activeService, field: `${FIELD}.activeService` };
  if (previewService === undefined) return [active];
  return [{ role: 'canary', name: previewService, field: `${FIELD}.previewService` }, active];
}

export function blueGreenPlan(blueGreen: BlueGreen): Plan {
  const before = stagesBefore(blueGreen);
  const { promotionSteps = [], trafficRouting } = blueGreen;
  // Traffic comes onto all of its pods.
  const promoted: Standing = { ...standingOf(blueGreen), pods: { share: 100 } };
  const stages = [...before, ...stagesOf(promotionSteps, promoted, true)];
  const { previewMetadata, activeMetadata } = blueGreen;
  return {
    field: FIELD,
    split: trafficRouting === undefined ? 'selector' : 'weights',
    reportsIn: 'blueGreen',
    stages,
    stagesHash: shortHash(identityOf(blueGreen)),
    services: servicesOf(blueGreen),
    traffic: trafficOf(blueGreen),
    analyses: analysesOf(blueGreen, stages, before.length),
    backgroundFrom: undefined,
    maxSurge: undefined,
    maxUnavailable: blueGreen.maxUnavailable,
    ...delaysOf(blueGreen),
    oldRevisionsStay: blueGreen.scaleDownDelayRevisionLimit,
    returnsWarm: true,
    podMetadata: {
      ...(previewMetadata && { canary: previewMetadata }),
      ...(activeMetadata && { stable: activeMetadata }),
    },
    antiAffinity: blueGreen.antiAffinity,
  };
}
