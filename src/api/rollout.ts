// Rollout: a workload and how a new revision of it is released. Field names and meanings are Argo Rollouts'.
import { z } from 'zod';
import { rolloutAnalysisSchema } from './analysis.ts';
import { anyObject, intOrPercent, name, rules, secondsOrDuration } from './fields.ts';
import type { ObjectMeta, PodTemplate } from './k8s.ts';
import type { RolloutStatus } from './rollout-status.ts';

const weight = z.int().min(0).max(100);

const setCanaryScale = z
  .object({
    replicas: z.int().min(0).optional().describe('Exactly so many canary pods.'),
    weight: weight.optional().describe('Percent of spec.replicas, rounded up.'),
    matchTrafficWeight: z.boolean().optional().describe('Follow the traffic weight again.'),
  })
  .meta(
    rules({
      rule: '[has(self.replicas), has(self.weight), has(self.matchTrafficWeight) && self.matchTrafficWeight].filter(x, x).size() == 1',
      message: 'setCanaryScale takes exactly one of replicas, weight, matchTrafficWeight: true',
    }),
  );

export const stepSchema = z
  .object({
    setWeight: weight.optional().describe('Percent of the traffic for the canary.'),
    pause: z
      .object({
        duration: secondsOrDuration.optional().describe('Without it the pause lasts until somebody promotes.'),
      })
      .optional(),
    analysis: rolloutAnalysisSchema.optional().describe('Measure, and go on when the result is good.'),
    setCanaryScale: setCanaryScale.optional().describe('Pods of the canary apart from its traffic; needs a router.'),
  })
  .meta(
    rules({
      rule: '[has(self.setWeight), has(self.pause), has(self.analysis), has(self.setCanaryScale)].filter(x, x).size() == 1',
      message: 'a step is exactly one of setWeight, pause, analysis, setCanaryScale',
    }),
  );

const virtualService = z.object({
  name: z.string().min(1).max(507).describe('Name, or name.namespace.'),
  routes: z
    .array(z.string().max(253))
    .max(64)
    .optional()
    .describe('Names of http routes; may be left out where there is one.'),
});

export const trafficRoutingSchema = z
  .object({
    istio: z
      .object({
        virtualService: virtualService.optional(),
        virtualServices: z.array(virtualService).min(1).max(16).optional(),
        destinationRule: z
          .object({ name, canarySubsetName: z.string().min(1).max(253), stableSubsetName: z.string().min(1).max(253) })
          .optional()
          .describe('Split by subsets of one host instead of by two Services.'),
      })
      .meta(
        rules({
          rule: 'has(self.virtualService) != has(self.virtualServices)',
          message: 'give virtualService or virtualServices, one of them',
        }),
      )
      .optional(),
    gatewayAPI: z
      .object({
        httpRoute: name.optional().describe('Name of one HTTPRoute.'),
        httpRoutes: z.array(z.object({ name })).min(1).max(16).optional(),
      })
      .meta(
        rules({
          rule: 'has(self.httpRoute) != has(self.httpRoutes)',
          message: 'give httpRoute or httpRoutes, one of them',
        }),
      )
      .optional(),
  })
  .meta(rules({ rule: 'has(self.istio) || has(self.gatewayAPI)', message: 'name a router: istio or gatewayAPI' }));

export const canarySchema = z
  .object({
    canaryService: name.optional().describe('Service whose selector follows the new revision.'),
    stableService: name.optional().describe('Service whose selector follows the stable revision.'),
    steps: z.array(stepSchema).max(128).optional().describe('Without steps a new revision is rolled out by surge.'),
    trafficRouting: trafficRoutingSchema
      .optional()
      .describe('Who splits the traffic. Without it the numbers of pods do.'),
    analysis: rolloutAnalysisSchema
      .extend({ startingStep: z.int().min(0).optional().describe('First step at which it runs. Default 0.') })
      .optional()
      .describe('Measure in the background while the steps go on.'),
    maxSurge: intOrPercent
      .optional()
      .describe(
        'Without a router: pods above spec.replicas. With one: canary pods ahead of a step for those right behind it. Default 25%.',
      ),
    maxUnavailable: intOrPercent.optional().describe('Pods below spec.replicas, without a router. Default 25%.'),
    scaleDownDelaySeconds: z
      .int()
      .min(0)
      .optional()
      .describe('How long the old pods stay after a promotion. Default 30.'),
    abortScaleDownDelaySeconds: z
      .int()
      .min(0)
      .optional()
      .describe('How long the canary pods stay after an abort. Default 30; 0: for ever.'),
  })
  .meta(
    rules(
      {
        rule: '!has(self.canaryService) || !has(self.stableService) || self.canaryService != self.stableService',
        message: 'canaryService and stableService must be two Services',
      },
      {
        rule: '!has(self.trafficRouting) || (has(self.trafficRouting.istio) && has(self.trafficRouting.istio.destinationRule)) || (has(self.canaryService) && has(self.stableService))',
        message: 'trafficRouting needs canaryService and stableService (or an istio.destinationRule)',
      },
      {
        rule: 'has(self.trafficRouting) || !has(self.scaleDownDelaySeconds)',
        message: 'scaleDownDelaySeconds needs trafficRouting',
      },
      {
        rule: 'has(self.trafficRouting) || !has(self.steps) || !self.steps.exists(s, has(s.setCanaryScale))',
        message: 'a setCanaryScale step needs trafficRouting',
      },
      {
        rule: "!has(self.maxSurge) || !has(self.maxUnavailable) || !((self.maxSurge == 0 || self.maxSurge == '0%') && (self.maxUnavailable == 0 || self.maxUnavailable == '0%'))",
        message: 'maxSurge and maxUnavailable must not both be 0: no pod could ever be replaced',
      },
      {
        rule: '!has(self.analysis) || !has(self.analysis.startingStep) || self.analysis.startingStep <= (has(self.steps) ? self.steps.size() : 0)',
        message: 'analysis.startingStep must not be after the last step',
      },
    ),
  );

const seconds = z.int().min(0);
const count = z.int().min(0);

export const ephemeralMetadataSchema = z.object({
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

export const antiAffinitySchema = z
  .object({
    requiredDuringSchedulingIgnoredDuringExecution: z.object({}).optional(),
    preferredDuringSchedulingIgnoredDuringExecution: z.object({ weight: z.int().min(1).max(100) }).optional(),
  })
  .describe('Keep pods of the new revision off the nodes of the stable one.')
  .meta(
    rules({
      rule: 'has(self.requiredDuringSchedulingIgnoredDuringExecution) != has(self.preferredDuringSchedulingIgnoredDuringExecution)',
      message:
        'give requiredDuringSchedulingIgnoredDuringExecution or preferredDuringSchedulingIgnoredDuringExecution, one of them',
    }),
  );

export const blueGreenSchema = z
  .object({
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
  })
  .meta(
    rules({
      rule: '!has(self.previewService) || self.previewService != self.activeService',
      message: 'previewService must be another Service than activeService',
    }),
  );

const selector = z
  .object({
    matchLabels: z.record(z.string(), z.string()).optional(),
    matchExpressions: z
      .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
      .optional(),
  })
  .describe('Which pods belong to the Rollout; the labels of the template must fit. Cannot be changed later.')
  .meta(
    rules({
      rule: '(has(self.matchLabels) && self.matchLabels.size() > 0) || (has(self.matchExpressions) && self.matchExpressions.size() > 0)',
      message: 'selector must not be empty: give matchLabels, such as app: web',
    }),
  );

const podTemplate = anyObject.describe('A pod template, as in a Deployment.');

export const rolloutSpecSchema = z
  .object({
    replicas: z.int().min(0).default(1).optional().describe('Pods wanted. Default 1.'),
    selector,
    template: podTemplate,
    minReadySeconds: z.int().min(0).optional(),
    revisionHistoryLimit: z.int().min(0).optional().describe('Old ReplicaSets kept. Default 10.'),
    progressDeadlineSeconds: z
      .int()
      .min(1)
      .optional()
      .describe('Seconds without progress after which the release counts as stuck. Default 600.'),
    progressDeadlineAbort: z.boolean().optional().describe('Abort when it is stuck. Default false.'),
    paused: z.boolean().optional().describe('Stop at the present step.'),
    restartAt: z
      .string()
      .max(64)
      .optional()
      .describe('Replace pods that are older than this time (RFC 3339), a few at a time, once it has come.'),
    analysis: z
      .object({
        successfulRunHistoryLimit: z.int().min(0).optional().describe('Default 5.'),
        unsuccessfulRunHistoryLimit: z.int().min(0).optional().describe('Default 5.'),
      })
      .optional(),
    strategy: z
      .object({
        canary: canarySchema
          .optional()
          .describe('Shift traffic to the new revision in steps; go back when it is not well.'),
        blueGreen: blueGreenSchema
          .optional()
          .describe(
            'Bring up the whole new revision beside the old one and switch in one write; switch back when it is not well.',
          ),
      })
      .describe('How a new revision is released.')
      .meta(
        rules({
          rule: 'has(self.canary) != has(self.blueGreen)',
          message: 'give a strategy: canary or blueGreen, one of them',
        }),
      ),
  })
  .meta(
    rules(
      { rule: 'self.selector == oldSelf.selector', message: 'selector is immutable' },
      {
        rule: '!has(self.minReadySeconds) || self.minReadySeconds < (has(self.progressDeadlineSeconds) ? self.progressDeadlineSeconds : 600)',
        message: 'progressDeadlineSeconds must be greater than minReadySeconds',
      },
    ),
  );

export type Step = z.infer<typeof stepSchema>;
export type SetCanaryScale = z.infer<typeof setCanaryScale>;
export type TrafficRouting = z.infer<typeof trafficRoutingSchema>;
export type Canary = z.infer<typeof canarySchema>;
/** Whose traffic a router shares out, between which Services. */
export type Traffic = Pick<Canary, 'canaryService' | 'stableService' | 'trafficRouting'>;
export type BlueGreen = z.infer<typeof blueGreenSchema>;
export type EphemeralMetadata = z.infer<typeof ephemeralMetadataSchema>;
export type AntiAffinity = z.infer<typeof antiAffinitySchema>;
export type RolloutSpec = Omit<z.infer<typeof rolloutSpecSchema>, 'template'> & { template: PodTemplate };

export interface Rollout {
  apiVersion: string;
  kind: 'Rollout';
  metadata: ObjectMeta;
  spec: RolloutSpec;
  status?: RolloutStatus;
}

export * from './rollout-status.ts';
