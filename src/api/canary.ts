// The canary strategy: steps that shift traffic and pods to a new revision, and what measures it meanwhile.
import { z } from 'zod';
import { rolloutAnalysisSchema } from './analysis.ts';
import { intOrPercent, name, secondsOrDuration } from './fields.ts';
import { isOne, oneOf } from './one-of.ts';
import { ruled } from './rules.ts';
import { isWithoutServices, trafficRoutingSchema, withoutServicesCel, withoutServicesText } from './traffic-routing.ts';

const weight = z.int().min(0).max(100);

export const setCanaryScaleSchema = ruled(
  z.object({
    replicas: z.int().min(0).optional().describe('Exactly so many canary pods.'),
    weight: weight.optional().describe('Percent of spec.replicas, rounded up.'),
    matchTrafficWeight: z.boolean().optional().describe('Follow the traffic weight again.'),
  }),
  {
    cel: '[has(self.replicas), has(self.weight), has(self.matchTrafficWeight) && self.matchTrafficWeight].filter(x, x).size() == 1',
    message: 'takes exactly one of replicas, weight, matchTrafficWeight: true',
    holds: ({ replicas, weight: share, matchTrafficWeight }) => isOne(replicas, share, matchTrafficWeight || undefined),
  },
);

export const stepSchema = oneOf('a step', {
  setWeight: weight.optional().describe('Percent of the traffic for the canary.'),
  pause: z
    .object({
      duration: secondsOrDuration
        .optional()
        .describe('Seconds, or such as 30s, 5m, 1h. Without it the pause lasts until somebody promotes.'),
    })
    .optional()
    .describe('Wait, for a time or for a person.'),
  analysis: rolloutAnalysisSchema.optional().describe('Measure, and go on when the result is good.'),
  setCanaryScale: setCanaryScaleSchema
    .optional()
    .describe('Pods of the canary apart from its traffic; needs a router.'),
});

const isZero = (value: string | number | undefined): boolean => value === 0 || value === '0%';

export const canarySchema = ruled(
  z.object({
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
  }),
  {
    cel: '!has(self.canaryService) || !has(self.stableService) || self.canaryService != self.stableService',
    at: ['canaryService'],
    message: 'must be another Service than stableService',
    holds: ({ canaryService, stableService }) => canaryService === undefined || canaryService !== stableService,
  },
  {
    cel: `!has(self.trafficRouting) || ${withoutServicesCel('self.trafficRouting')} || (has(self.canaryService) && has(self.stableService))`,
    at: ['trafficRouting'],
    message: `needs canaryService and stableService (or ${withoutServicesText})`,
    holds: ({ canaryService, stableService, trafficRouting }) =>
      trafficRouting === undefined ||
      isWithoutServices(trafficRouting) ||
      (canaryService !== undefined && stableService !== undefined),
  },
  {
    cel: 'has(self.trafficRouting) || !has(self.scaleDownDelaySeconds)',
    at: ['scaleDownDelaySeconds'],
    message: 'needs trafficRouting; leave it out',
    holds: (canary) => canary.trafficRouting !== undefined || canary.scaleDownDelaySeconds === undefined,
  },
  {
    cel: 'has(self.trafficRouting) || !has(self.steps) || !self.steps.exists(s, has(s.setCanaryScale))',
    at: ['steps'],
    message: 'setCanaryScale needs trafficRouting',
    holds: ({ trafficRouting, steps = [] }) =>
      trafficRouting !== undefined || steps.every((step) => step.setCanaryScale === undefined),
    where: ({ steps = [] }) =>
      steps.flatMap((step, index) =>
        step.setCanaryScale === undefined ? [] : [{ at: ['steps', index, 'setCanaryScale'] }],
      ),
  },
  {
    cel: "!has(self.maxSurge) || !has(self.maxUnavailable) || !((self.maxSurge == 0 || self.maxSurge == '0%') && (self.maxUnavailable == 0 || self.maxUnavailable == '0%'))",
    at: ['maxSurge'],
    message: 'must not be 0 where maxUnavailable is 0: no pod could ever be replaced',
    holds: (canary) => !isZero(canary.maxSurge) || !isZero(canary.maxUnavailable),
  },
  {
    cel: '!has(self.analysis) || !has(self.analysis.startingStep) || self.analysis.startingStep <= (has(self.steps) ? self.steps.size() : 0)',
    at: ['analysis', 'startingStep'],
    message: 'must not be after the last step',
    holds: ({ analysis, steps = [] }) => (analysis?.startingStep ?? 0) <= steps.length,
  },
);
