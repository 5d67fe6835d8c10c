// The blue-green strategy: a whole new revision beside the old one, and a switch in one write.
import { z } from 'zod';
import { rolloutAnalysisSchema } from './analysis.ts';
import { intOrPercent, name } from './fields.ts';
import { stepSchema } from './canary.ts';
import { oneOf } from './one-of.ts';
import { ruled } from './rules.ts';
import { headerMatchesSchema } from './traffic.ts';
import { PREVIEW_RULES, trafficRoutingSchema } from './traffic-routing.ts';

const seconds = z.int().min(0);
const count = z.int().min(0);

export const ephemeralMetadataSchema = z.object({
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

export const antiAffinitySchema = ruled(
  z.object({
    requiredDuringSchedulingIgnoredDuringExecution: z.object({}).optional(),
    preferredDuringSchedulingIgnoredDuringExecution: z.object({ weight: z.int().min(1).max(100) }).optional(),
  }),
  {
    cel: 'has(self.requiredDuringSchedulingIgnoredDuringExecution) != has(self.preferredDuringSchedulingIgnoredDuringExecution)',
    message:
      'give requiredDuringSchedulingIgnoredDuringExecution or preferredDuringSchedulingIgnoredDuringExecution, one of them',
    holds: (affinity) =>
      (affinity.requiredDuringSchedulingIgnoredDuringExecution === undefined) !==
      (affinity.preferredDuringSchedulingIgnoredDuringExecution === undefined),
  },
).describe('Keep pods of the new revision off the nodes of the stable one.');

const { setWeight, pause, analysis } = stepSchema.shape;

const promotionStepSchema = oneOf('a step', { setWeight, pause, analysis });

const ROUTED = ['previewRoute', 'promotionSteps'] as const;

export const blueGreenSchema = ruled(
  z.object({
    activeService: name.describe('Service that serves: its selector is switched to the new revision in one write.'),
    previewService: name.optional().describe('Service whose selector follows the new revision before it serves.'),
    previewReplicaCount: count
      .optional()
      .describe(
        'Pods of the new revision until it is to serve; it then grows to spec.replicas. Default: spec.replicas.',
      ),
    autoPromotionEnabled: z.boolean().optional().describe('false: wait until somebody promotes. Default true.'),
    autoPromotionSeconds: seconds
      .optional()
      .describe('How long to wait before the switch; ignored where autoPromotionEnabled is false. Default 0.'),
    maxUnavailable: intOrPercent.optional().describe('Pods that may be away while pods are restarted. Default 25%.'),
    scaleDownDelaySeconds: seconds.optional().describe('How long the old pods stay after the promotion. Default 30.'),
    scaleDownDelayRevisionLimit: count
      .optional()
      .describe('How many old revisions keep their pods for that long. Default: all.'),
    abortScaleDownDelaySeconds: seconds
      .optional()
      .describe('How long the new pods stay after an abort. Default 30; 0: for ever.'),
    prePromotionAnalysis: rolloutAnalysisSchema.optional().describe('Measure before the switch.'),
    postPromotionAnalysis: rolloutAnalysisSchema
      .optional()
      .describe('Measure after the switch, with the old pods still there; when it fails the switch is taken back.'),
    previewMetadata: ephemeralMetadataSchema.optional().describe('For the pods of the new revision until it serves.'),
    activeMetadata: ephemeralMetadataSchema.optional().describe('For the pods of the revision that serves.'),
    antiAffinity: antiAffinitySchema.optional(),
    trafficRouting: trafficRoutingSchema
      .optional()
      .describe('Who shares the requests out between activeService and previewService; beyond Argo Rollouts.'),
    previewRoute: z
      .object({
        match: headerMatchesSchema.describe('All of these a request must have; each header once, up to 8.'),
      })
      .optional()
      .describe(
        'Requests with all of these headers reach previewService by the route of everybody; beyond Argo Rollouts.',
      ),
    promotionSteps: z
      .array(promotionStepSchema)
      .max(64)
      .optional()
      .describe('Weights, pauses and analyses on the way of the traffic, once it is promoted; beyond Argo Rollouts.'),
  }),
  {
    cel: '!has(self.previewService) || self.previewService != self.activeService',
    at: ['previewService'],
    message: 'must be another Service than activeService',
    holds: ({ previewService, activeService }) => previewService !== activeService,
  },
  {
    cel: '!has(self.prePromotionAnalysis) || !has(self.previewReplicaCount) || self.previewReplicaCount > 0',
    at: ['previewReplicaCount'],
    message: 'must be at least 1 with prePromotionAnalysis: without a pod there is nothing to measure',
    holds: ({ prePromotionAnalysis, previewReplicaCount = 1 }) =>
      prePromotionAnalysis === undefined || previewReplicaCount > 0,
  },
  {
    cel: '!has(self.trafficRouting) || has(self.previewService)',
    at: ['trafficRouting'],
    message: 'needs a previewService, to which it sends the share of the new revision',
    holds: ({ trafficRouting, previewService }) => trafficRouting === undefined || previewService !== undefined,
  },
  ...ROUTED.map((field) => ({
    cel: `!has(self.${field}) || has(self.trafficRouting)`,
    at: [field],
    message: 'needs trafficRouting',
    holds: ({ [field]: given, trafficRouting }: { [F in typeof field]?: unknown } & { trafficRouting?: unknown }) =>
      given === undefined || trafficRouting !== undefined,
  })),
  ...PREVIEW_RULES,
);
