// Rollout: a workload and how a new revision of it is released. Field names and meanings are Argo Rollouts'.
import { z } from 'zod';
import { blueGreenSchema, type antiAffinitySchema, type ephemeralMetadataSchema } from './blue-green.ts';
import { canarySchema, type setCanaryScaleSchema, type stepSchema } from './canary.ts';
import { anyObject } from './fields.ts';
import { isRecord } from './json.ts';
import type { ObjectMeta, PodTemplate } from './k8s.ts';
import { POD_TEMPLATE_HASH } from './names.ts';
import type { RolloutStatus } from './rollout-status.ts';
import { ruled, type Breach } from './rules.ts';

const selector = ruled(
  z.object({
    matchLabels: z.record(z.string(), z.string()).optional(),
    matchExpressions: z
      .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
      .optional(),
  }),
  {
    cel: '(has(self.matchLabels) && self.matchLabels.size() > 0) || (has(self.matchExpressions) && self.matchExpressions.size() > 0)',
    message: 'must not be empty: give matchLabels, such as app: web',
    holds: ({ matchLabels = {}, matchExpressions = [] }) =>
      Object.keys(matchLabels).length > 0 || matchExpressions.length > 0,
  },
).describe('Which pods belong to the Rollout; the labels of the template must fit. Cannot be changed later.');

const podTemplate = ruled(anyObject, {
  at: ['spec', 'containers'],
  message: 'needs at least one container',
  holds: ({ spec }) => isRecord(spec) && Array.isArray(spec['containers']) && spec['containers'].length > 0,
  notInCel: 'the CRD declares no field of a template',
}).describe('A pod template, as in a Deployment.');

const RFC_3339 = /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$/;

const restartAt = ruled(z.string().max(64), {
  cel: `self.matches('${RFC_3339.source}')`,
  message: 'must be a time in RFC 3339, such as 2026-01-31T12:00:00Z',
  holds: (text) => RFC_3339.test(text) && !Number.isNaN(Date.parse(text)),
});

const strategy = ruled(
  z.object({
    canary: canarySchema
      .optional()
      .describe('Shift traffic to the new revision in steps; go back when it is not well.'),
    blueGreen: blueGreenSchema
      .optional()
      .describe(
        'Bring up the whole new revision beside the old one and switch in one write; switch back when it is not well.',
      ),
  }),
  {
    cel: 'has(self.canary) != has(self.blueGreen)',
    message: 'give a strategy: canary or blueGreen, one of them',
    holds: ({ canary, blueGreen }) => (canary === undefined) !== (blueGreen === undefined),
  },
).describe('How a new revision is released.');

const formSchema = z.object({
  replicas: z.int().min(0).default(1).optional().describe('Pods wanted. Default 1.'),
  selector,
  template: podTemplate,
  minReadySeconds: z
    .int()
    .min(0)
    .optional()
    .describe('Seconds that a pod has to be ready to count as available. Default 0.'),
  revisionHistoryLimit: z.int().min(0).optional().describe('Old ReplicaSets kept. Default 10.'),
  progressDeadlineSeconds: z
    .int()
    .min(1)
    .optional()
    .describe('Seconds without progress after which the release counts as stuck. Default 600.'),
  progressDeadlineAbort: z.boolean().optional().describe('Abort when it is stuck. Default false.'),
  paused: z.boolean().optional().describe('Stop at the present step.'),
  restartAt: restartAt
    .optional()
    .describe('Replace pods that are older than this time (RFC 3339), a few at a time, once it has come.'),
  analysis: z
    .object({
      successfulRunHistoryLimit: z.int().min(0).optional().describe('Default 5.'),
      unsuccessfulRunHistoryLimit: z.int().min(0).optional().describe('Default 5.'),
    })
    .optional()
    .describe('How many finished AnalysisRuns are kept.'),
  strategy,
});
type Form = z.infer<typeof formSchema>;

/** Labels that the selector asks for, and the template does not have. */
function missingLabels({ selector: { matchLabels = {} }, template }: Form): [string, string][] {
  const metadata = isRecord(template['metadata']) ? template['metadata'] : {};
  const labels = isRecord(metadata['labels']) ? metadata['labels'] : {};
  return Object.entries(matchLabels).filter(([key, value]) => labels[key] !== value);
}

/** Labels that one side alone is to have, and by which pods are told apart. */
function takenLabels({
  strategy: { blueGreen },
  selector: { matchLabels = {}, matchExpressions = [] },
}: Form): Breach[] {
  if (blueGreen === undefined) return [];
  const taken = new Set([...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key), POD_TEMPLATE_HASH]);
  return (['previewMetadata', 'activeMetadata'] as const).flatMap((side) =>
    Object.keys(blueGreen[side]?.labels ?? {})
      .filter((label) => taken.has(label))
      .map((label) => ({
        at: ['strategy', 'blueGreen', side, 'labels'],
        message: `must not have ${label}: the selector goes by it; choose another label`,
      })),
  );
}

export const rolloutSpecSchema = ruled(
  formSchema,
  {
    cel: 'self.selector == oldSelf.selector',
    message: 'selector is immutable',
    inCelAlone: 'the API server alone knows what it was',
  },
  {
    cel: '!has(self.minReadySeconds) || self.minReadySeconds < (has(self.progressDeadlineSeconds) ? self.progressDeadlineSeconds : 600)',
    at: ['progressDeadlineSeconds'],
    message: 'must be greater than minReadySeconds',
    holds: ({ minReadySeconds = 0, progressDeadlineSeconds = 600 }) => minReadySeconds < progressDeadlineSeconds,
  },
  {
    at: ['template', 'metadata', 'labels'],
    message: 'must have what the selector asks for',
    holds: (spec) => missingLabels(spec).length === 0,
    where: (spec) =>
      missingLabels(spec).map(([key, value]) => ({
        at: ['template', 'metadata', 'labels'],
        message: `must have ${key}: ${value}, which the selector asks for`,
      })),
    notInCel: 'the CRD declares no field of a template',
  },
  {
    at: ['strategy', 'blueGreen'],
    message: 'must not have labels that the selector goes by',
    holds: (spec) => takenLabels(spec).length === 0,
    where: takenLabels,
    notInCel: 'maps of labels have no bound, so that comparing two of them is over the budget of a rule',
  },
);

export type Step = z.infer<typeof stepSchema>;
export type SetCanaryScale = z.infer<typeof setCanaryScaleSchema>;
export type Canary = z.infer<typeof canarySchema>;
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
