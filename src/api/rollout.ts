// Rollout: a workload and how a new revision of it is released. Field names and meanings are Argo Rollouts'.
import { z } from 'zod';
import { rolloutAnalysisSchema } from './analysis.ts';
import { anyObject, intOrPercent, name, rules, secondsOrDuration } from './fields.ts';
import type { Condition, ObjectMeta, PodTemplate } from './k8s.ts';
import { revisionRefSchema } from './revision.ts';

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
    restartAt: z.string().max(64).optional(),
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
      })
      .describe('How a new revision is released.')
      .meta(rules({ rule: 'has(self.canary)', message: 'give a strategy: canary' })),
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

export const OUTCOMES = ['Promoted', 'Aborted', 'Superseded', 'RolledBack'] as const;

/** What an annotation asked for. */
const command = {
  verb: z.string(),
  value: z.string(),
  at: z.string().describe('When it was taken.'),
  by: z
    .string()
    .optional()
    .describe('Field manager of who set the annotation: the name that a client gave itself, which proves no identity.'),
};

/** What is told of a release: of the one under way, and of those that ended. */
const trail = {
  attempt: z.int().min(0).optional().describe('Which release of this Rollout it was; its runs carry the same number.'),
  startedAt: z.string().optional().describe('When the release began.'),
  weights: z
    .array(z.object({ at: z.string(), weight: z.int() }))
    .max(20)
    .optional()
    .describe('Percent of the traffic (or of the pods, without a router) that it had, and since when.'),
  command: z
    .object(command)
    .optional()
    .describe('The last annotation that was acted on during the release: who let it go on, or ended it.'),
};

const historyEntry = z.object({
  podHash: z.string(),
  revision: revisionRefSchema.optional(),
  outcome: z.enum(OUTCOMES),
  reason: z.string().optional(),
  at: z.string().describe('When the release ended.'),
  ...trail,
});

const releaseSchema = z.object({
  podHash: z.string(),
  ...trail,
  startedAt: z.string(),
  weights: z.array(z.object({ at: z.string(), weight: z.int() })).max(20),
});

const runStatus = z.object({ name: z.string(), status: z.string(), message: z.string().optional() });

const canaryStatusSchema = z.object({
  weights: z
    .object({
      canary: z.object({ weight: z.int(), podTemplateHash: z.string().optional(), serviceName: z.string().optional() }),
      stable: z.object({ weight: z.int(), podTemplateHash: z.string().optional(), serviceName: z.string().optional() }),
    })
    .optional(),
  currentStepAnalysisRunStatus: runStatus.optional(),
  currentBackgroundAnalysisRunStatus: runStatus.optional(),
});

/** What the state machine remembers between passes; everything else is observed afresh. */
export const machineStateSchema = z
  .object({
    version: z.literal(1),
    state: z.string().max(128).describe('Path of the state, such as updating.pausing.'),
    candidate: z.string().max(64).describe('Pod hash of the revision being released.'),
    revision: revisionRefSchema.optional().describe('The commit that declared the candidate.'),
    stepsHash: z.string().max(64).describe('Hash of the steps it is released by.'),
    step: z.int().min(0),
    attempt: z
      .int()
      .min(0)
      .describe('Counts releases, so that runs and verdicts of an earlier one never count for this one.'),
    until: z.string().optional().describe('When the present pause ends.'),
    progressAt: z.string().optional().describe('When something last went forward.'),
    progressMark: z.string().max(256).optional().describe('What went forward then.'),
    paused: z.boolean().optional().describe('Somebody asked for a pause.'),
    full: z.boolean().optional().describe('Somebody asked to skip what is left.'),
    waived: z.boolean().optional().describe('Somebody accepted an inconclusive background analysis.'),
    reason: z.string().max(4096).optional().describe('Why it was aborted.'),
    cause: z.string().max(64).optional(),
    abortedAt: z.string().optional(),
    rejected: z
      .string()
      .max(64)
      .optional()
      .describe('Pod hash of the revision that was aborted last, until another one is declared.'),
    restartAt: z.string().optional().describe('Pods older than this are being replaced.'),
    retiring: z
      .record(z.string(), z.string())
      .optional()
      .describe('Pod hash of revisions on their way out, and when they are scaled to 0.'),
  })
  .describe('What the state machine remembers.');

const recentEvent = z.object({
  type: z.enum(['Normal', 'Warning']),
  reason: z.string(),
  message: z.string(),
  key: z.string().describe('Marks what happens once.'),
  rank: z.int().optional().describe('Place among the Events of the Rollout.'),
  release: z.string().optional(),
  finished: z
    .object({ first: z.int(), last: z.int(), of: z.int(), what: z.array(z.string()) })
    .optional()
    .describe('Steps that ended by themselves, counted from 0.'),
});

export const rolloutStatusSchema = z.object({
  retired: z
    .boolean()
    .optional()
    .describe('What it drove is handed back, and nothing is driven any more: it is about to be deleted.'),
  phase: z.enum(['Healthy', 'Degraded', 'Progressing', 'Paused']).optional(),
  message: z.string().optional(),
  observedGeneration: z.string().optional(),
  replicas: z.int().optional(),
  updatedReplicas: z.int().optional(),
  readyReplicas: z.int().optional(),
  availableReplicas: z.int().optional(),
  HPAReplicas: z.int().optional(),
  selector: z.string().optional(),
  currentPodHash: z.string().optional().describe('Pod hash of the declared template.'),
  stableRS: z.string().optional().describe('Pod hash of the last revision that was fully promoted.'),
  currentStepIndex: z.int().optional(),
  currentStepHash: z.string().optional(),
  step: z.string().optional().describe('Steps done of all, as 2/5.'),
  weight: z.int().optional().describe('Percent of the traffic (or of the pods, without a router) on the new revision.'),
  abort: z.boolean().optional().describe('Aborted; set it to abort, set it to false to try again.'),
  abortedAt: z.string().optional(),
  promoteFull: z.boolean().optional(),
  controllerPause: z.boolean().optional(),
  pauseConditions: z.array(z.object({ reason: z.string(), startTime: z.string() })).optional(),
  nextTransitionTime: z.string().optional().describe('When the present wait ends by itself.'),
  revision: revisionRefSchema.optional(),
  stableRevision: revisionRefSchema.optional(),
  images: z.string().optional().describe('Images of the declared template.'),
  release: releaseSchema.optional().describe('The release under way.'),
  history: z.array(historyEntry).max(32).optional(),
  recentEvents: z
    .array(recentEvent)
    .max(16)
    .optional()
    .describe('What happened with the last record in which anything did; told as Events once that is confirmed.'),
  lastCommand: z
    .object({ id: z.string(), ...command, outcome: z.string() })
    .optional()
    .describe('The last annotation that was acted on.'),
  canary: canaryStatusSchema.optional(),
  machine: machineStateSchema.optional(),
  conditions: z
    .array(
      z.object({
        type: z.string(),
        status: z.enum(['True', 'False', 'Unknown']),
        reason: z.string(),
        message: z.string(),
        lastTransitionTime: z.string(),
        lastUpdateTime: z.string().optional(),
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .optional(),
});

export type Step = z.infer<typeof stepSchema>;
export type SetCanaryScale = z.infer<typeof setCanaryScale>;
export type TrafficRouting = z.infer<typeof trafficRoutingSchema>;
export type Canary = z.infer<typeof canarySchema>;
export type RolloutSpec = Omit<z.infer<typeof rolloutSpecSchema>, 'template'> & { template: PodTemplate };
export type RecentEvent = z.infer<typeof recentEvent>;
export type HistoryEntry = z.infer<typeof historyEntry>;
export type MachineState = z.infer<typeof machineStateSchema>;
export type RolloutStatus = Omit<z.infer<typeof rolloutStatusSchema>, 'conditions'> & { conditions?: Condition[] };

export interface Rollout {
  apiVersion: string;
  kind: 'Rollout';
  metadata: ObjectMeta;
  spec: RolloutSpec;
  status?: RolloutStatus;
}
