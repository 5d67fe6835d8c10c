// The blue-green strategy as a plan: the whole new revision beside the old one, looked at through the preview Service; then one write
// that switches, and a look at what it did while the old pods are still warm.
import type { BlueGreen } from '../../api/rollout.ts';
import { shortHash } from '../hash.ts';
import type { Plan, PlannedAnalysis, PlannedService, Stage, Standing } from '../plan.ts';
import { stagesOf, stepAnalyses } from './steps.ts';

const FIELD = 'spec.strategy.blueGreen';
const DEFAULT_DELAY_S = 30;

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

function analysesOf(blueGreen: BlueGreen, promotedFrom: number): PlannedAnalysis[] {
  const one = (
    kind: 'PrePromotion' | 'PostPromotion',
    name: 'prePromotionAnalysis' | 'postPromotionAnalysis',
    stage: number | undefined,
  ): PlannedAnalysis[] => {
    const analysis = blueGreen[name];
    return analysis === undefined ? [] : [{ kind, stage, analysis, field: `${FIELD}.${name}`, finite: true }];
  };
  return [
    ...one('PrePromotion', 'prePromotionAnalysis', 1),
    ...stepAnalyses(blueGreen.promotionSteps, `${FIELD}.promotionSteps`, promotedFrom),
    ...one('PostPromotion', 'postPromotionAnalysis', undefined),
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
  const rejectedFor = blueGreen.abortScaleDownDelaySeconds ?? DEFAULT_DELAY_S;
  const { previewMetadata, activeMetadata } = blueGreen;
  return {
    field: FIELD,
    split: trafficRouting === undefined ? 'selector' : 'weights',
    reportsIn: 'blueGreen',
    stages,
    stagesHash: shortHash(identityOf(blueGreen)),
    services: servicesOf(blueGreen),
    traffic: trafficOf(blueGreen),
    analyses: analysesOf(blueGreen, before.length),
    backgroundFrom: undefined,
    maxSurge: undefined,
    maxUnavailable: blueGreen.maxUnavailable,
    oldPodsStay: (blueGreen.scaleDownDelaySeconds ?? DEFAULT_DELAY_S) * 1000,
    oldRevisionsStay: blueGreen.scaleDownDelayRevisionLimit,
    rejectedPodsStay: rejectedFor === 0 ? undefined : rejectedFor * 1000,
    returnsWarm: true,
    podMetadata: {
      ...(previewMetadata && { canary: previewMetadata }),
      ...(activeMetadata && { stable: activeMetadata }),
    },
    antiAffinity: blueGreen.antiAffinity,
  };
}
