// AnalysisTemplate, ClusterAnalysisTemplate and AnalysisRun: metrics, what makes them good or bad, and the evidence.
import { z } from 'zod';
import { PROVIDER_FORMS, PROVIDER_NAMES } from '../analysis/providers/forms.ts';
import { durationOrArgument, name, numberOrArgument, rules } from './fields.ts';
import type { ObjectMeta } from './k8s.ts';

/** Of measurements: with an interval of a second, eleven days. */
export const MAX_COUNT = 1_000_000;
/** Measurements of one metric that a status keeps at most. */
export const MAX_RETENTION = 100;
/** Between measurements; shorter intervals of objects that are stored already are taken as this. */
export const MIN_INTERVAL_MS = 1000;

const argValueFrom = z.object({
  secretKeyRef: z.object({ name, key: z.string().min(1).max(253) }).optional(),
  fieldRef: z.object({ fieldPath: z.string().min(1).max(512) }).optional(),
  podTemplateHashValue: z
    .enum(['Stable', 'Latest'])
    .optional()
    .describe('The pod hash of the stable or the new revision.'),
});

export const argumentSchema = z
  .object({
    name: z.string().min(1).max(253),
    value: z.string().max(4096).optional(),
    valueFrom: argValueFrom.optional(),
  })
  .meta(rules({ rule: '!(has(self.value) && has(self.valueFrom))', message: 'give value or valueFrom, not both' }));

export const metricSchema = z
  .object({
    name: z.string().min(1).max(128),
    interval: durationOrArgument
      .optional()
      .describe('Time between measurements, at least 1s. Without it there is one measurement.'),
    initialDelay: durationOrArgument.optional().describe('Time before the first measurement. Default 0s.'),
    count: z
      .union([z.int().max(MAX_COUNT), z.string().max(256)])
      .meta({ 'x-kubernetes-int-or-string': true })
      .optional()
      .describe('Measurements until the metric is decided. Default: 1 without interval, else until the run is ended.'),
    successCondition: z
      .string()
      .max(1024)
      .optional()
      .describe('An expression over result that makes a measurement good.'),
    failureCondition: z
      .string()
      .max(1024)
      .optional()
      .describe('An expression over result that makes a measurement bad.'),
    failureLimit: numberOrArgument(-1, MAX_COUNT)
      .optional()
      .describe('Bad measurements tolerated. Default 0; -1: no limit.'),
    inconclusiveLimit: numberOrArgument(0, MAX_COUNT)
      .optional()
      .describe('Inconclusive measurements tolerated. Default 0.'),
    consecutiveErrorLimit: numberOrArgument(0, MAX_COUNT).optional().describe('Errors in a row tolerated. Default 4.'),
    consecutiveSuccessLimit: numberOrArgument(0, MAX_COUNT)
      .optional()
      .describe('Good measurements in a row that decide the metric early. Default 0: off.'),
    noData: z
      .enum(['Error', 'Inconclusive', 'Ignore', 'Pass', 'Fail'])
      .optional()
      .describe(
        'What a query without data counts as, where no condition handles it. Default Error. Ignore repeats the measurement without counting it.',
      ),
    provider: z.object({ prometheus: PROVIDER_FORMS.prometheus.schema.optional() }).meta(
      rules({
        rule: `[${PROVIDER_NAMES.map((each) => `has(self.${each})`).join(', ')}].exists_one(named, named)`,
        message: `name a provider: ${PROVIDER_NAMES.join(', ')}`,
      }),
    ),
  })
  .meta(
    rules(
      {
        rule: "!has(self.count) || has(self.interval) || (type(self.count) == int && self.count <= 1) || (type(self.count) == string && (self.count in ['0', '1'] || self.count.startsWith('{{')))",
        message: 'count above 1 needs interval',
      },
      {
        rule: "!has(self.interval) || self.interval.startsWith('{{') || duration(self.interval) >= duration('1s')",
        message: 'interval must be at least 1s, such as 10s',
      },
      {
        rule: '!has(self.failureLimit) || type(self.failureLimit) != int || self.failureLimit != -1 || (has(self.consecutiveSuccessLimit) && (type(self.consecutiveSuccessLimit) != int || self.consecutiveSuccessLimit > 0))',
        message: 'failureLimit: -1 needs a consecutiveSuccessLimit above 0, or nothing could decide the metric',
      },
      {
        rule: '!has(self.count) || type(self.count) != int || self.count <= 0 || self.count >= (has(self.failureLimit) && type(self.failureLimit) == int && self.failureLimit > 0 ? self.failureLimit : 0) + (has(self.consecutiveSuccessLimit) && type(self.consecutiveSuccessLimit) == int ? self.consecutiveSuccessLimit : 0)',
        message: 'count must be at least failureLimit plus consecutiveSuccessLimit, or a limit could never be reached',
      },
      {
        rule: '!has(self.count) || type(self.count) != int || self.count <= 0 || !has(self.inconclusiveLimit) || type(self.inconclusiveLimit) != int || self.count >= self.inconclusiveLimit',
        message: 'count must be at least inconclusiveLimit',
      },
    ),
  );

const templateRef = z.object({
  templateName: name,
  clusterScope: z.boolean().optional().describe('The template is a ClusterAnalysisTemplate.'),
});

const dryRun = z
  .array(z.object({ metricName: z.string().min(1).max(253) }))
  .max(64)
  .optional();
const measurementRetention = z
  .array(z.object({ metricName: z.string().min(1).max(253), limit: z.int().min(1).max(MAX_RETENTION) }))
  .max(64)
  .optional();

export const templateSpecSchema = z.object({
  args: z.array(argumentSchema).max(64).optional(),
  metrics: z
    .array(metricSchema)
    .min(1)
    .max(64)
    .meta(
      rules({
        rule: 'self.all(m, self.exists_one(n, n.name == m.name))',
        message: 'names of metrics must differ',
      }),
    ),
  dryRun,
  measurementRetention,
});

/** How a Rollout asks for analysis. */
export const rolloutAnalysisSchema = z.object({
  templates: z.array(templateRef).min(1).max(16),
  args: z.array(argumentSchema).max(64).optional(),
  dryRun,
  measurementRetention,
});

export const PHASES = ['Pending', 'Running', 'Successful', 'Failed', 'Error', 'Inconclusive'] as const;
const phase = z.enum(PHASES);

export const measurementSchema = z.object({
  phase,
  message: z.string().optional(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  resumeAt: z.string().optional().describe('When a measurement that takes long is looked after again.'),
  value: z.string().optional(),
  metadata: z
    .record(z.string(), z.string())
    .optional()
    .describe('How the provider finds a measurement that takes long again.'),
});

const counts = {
  count: z.int().optional(),
  successful: z.int().optional(),
  failed: z.int().optional(),
  inconclusive: z.int().optional(),
  error: z.int().optional(),
};

export const metricResultSchema = z.object({
  name: z.string(),
  phase,
  message: z.string().optional(),
  measurements: z.array(measurementSchema).optional(),
  ...counts,
  ignored: z.int().optional().describe('Measurements without data that noData: Ignore left out.'),
  noData: z.int().optional().describe('Measurements in a row, up to the last one, that found no data.'),
  consecutiveError: z.int().optional(),
  consecutiveSuccess: z.int().optional(),
  dryRun: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).optional().describe('What a judge remembers beside the counters.'),
});

export const analysisRunSpecSchema = templateSpecSchema.extend({
  terminate: z.boolean().optional().describe('End the run: what was measured so far decides.'),
});

export const analysisRunStatusSchema = z.object({
  phase,
  message: z.string().optional(),
  startedAt: z.string().optional(),
  completedAt: z.string().optional(),
  forecast: z
    .object({
      message: z.string().describe('Such as: 2 of 6 looks, ends at the earliest 12:00:40 UTC.'),
      earliest: z.string().optional().describe('When it can be good, at the earliest.'),
      latest: z.string().optional().describe('When it is decided, at the latest, but for the time that queries take.'),
    })
    .optional()
    .describe('When the run can be decided, while it goes on.'),
  metricResults: z.array(metricResultSchema).optional(),
  runSummary: z.object(counts).optional(),
  dryRunSummary: z.object(counts).optional(),
});

export type Argument = z.infer<typeof argumentSchema>;
export type Metric = z.infer<typeof metricSchema>;
export type TemplateSpec = z.infer<typeof templateSpecSchema>;
export type RolloutAnalysis = z.infer<typeof rolloutAnalysisSchema>;
export type AnalysisPhase = z.infer<typeof phase>;
export type Measurement = z.infer<typeof measurementSchema>;
export type MetricResult = z.infer<typeof metricResultSchema>;
export type AnalysisRunSpec = z.infer<typeof analysisRunSpecSchema>;
export type AnalysisRunStatus = z.infer<typeof analysisRunStatusSchema>;

export interface AnalysisTemplate {
  apiVersion: string;
  kind: 'AnalysisTemplate' | 'ClusterAnalysisTemplate';
  metadata: ObjectMeta;
  spec: TemplateSpec;
}

export interface AnalysisRun {
  apiVersion: string;
  kind: 'AnalysisRun';
  metadata: ObjectMeta;
  spec: AnalysisRunSpec;
  status?: AnalysisRunStatus;
}

/** A run that has come to its end. */
export const isOver = (p: AnalysisPhase | undefined): boolean => p !== undefined && p !== 'Pending' && p !== 'Running';
