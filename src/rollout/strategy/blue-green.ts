// The blue-green strategy as a plan: the whole new revision beside the old one, looked at through the preview Service; then one write
// that switches, and a look at what it did while the old pods are still warm.
import type { BlueGreen } from '../../api/rollout.ts';
import { shortHash } from '../hash.ts';
import type { Plan, PlannedAnalysis, PlannedService, PodsRule, Stage } from '../plan.ts';

const FIELD = 'spec.strategy.blueGreen';
const DEFAULT_DELAY_S = 30;

function stagesOf({
  previewReplicaCount,
  prePromotionAnalysis,
  autoPromotionEnabled = true,
  autoPromotionSeconds = 0,
}: BlueGreen): Stage[] {
  const pods: PodsRule = previewReplicaCount === undefined ? { share: 100 } : { replicas: previewReplicaCount };
  const standing = { weight: 0, pods, follows: false };
  const ms = autoPromotionEnabled ? autoPromotionSeconds * 1000 : undefined;
  return [
    { kind: 'Scale', ...standing },
    ...(prePromotionAnalysis === undefined
      ? []
      : [{ kind: 'Measure', run: 'PrePromotion', ...standing } satisfies Stage]),
    ...(ms === 0 ? [] : [{ kind: 'Pause', ms, reason: 'BlueGreenPause', ...standing } satisfies Stage]),
  ];
}

function analysesOf({ prePromotionAnalysis: before, postPromotionAnalysis: after }: BlueGreen): PlannedAnalysis[] {
  const list: PlannedAnalysis[] = [];
  if (before !== undefined)
    list.push({
      kind: 'PrePromotion',
      stage: 1,
      analysis: before,
      field: `${FIELD}.prePromotionAnalysis`,
      finite: true,
    });
  if (after !== undefined)
    list.push({
      kind: 'PostPromotion',
      stage: undefined,
      analysis: after,
      field: `${FIELD}.postPromotionAnalysis`,
      finite: true,
    });
  return list;
}

function servicesOf({ activeService, previewService }: BlueGreen): PlannedService[] {
  const active: PlannedService = { role: 'stable', name: activeService, field: `${FIELD}.activeService` };
  if (previewService === undefined) return [active];
  return [{ role: 'canary', name: previewService, field: `${FIELD}.previewService` }, active];
}

export function blueGreenPlan(blueGreen: BlueGreen): Plan {
  const stages = stagesOf(blueGreen);
  const rejectedFor = blueGreen.abortScaleDownDelaySeconds ?? DEFAULT_DELAY_S;
  const { previewMetadata, activeMetadata } = blueGreen;
  return {
    field: FIELD,
    split: 'selector',
    stages,
    stagesHash: shortHash(stages),
    services: servicesOf(blueGreen),
    traffic: {},
    analyses: analysesOf(blueGreen),
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
