// AnalysisTemplate, ClusterAnalysisTemplate and AnalysisRun: metrics, what makes them good or bad, and the evidence.
import { z } from 'zod';
import { argumentsSchema, type argumentSchema } from './argument.ts';
import { name } from './fields.ts';
import type { ObjectMeta } from './k8s.ts';
import { metricsSchema, type metricSchema } from './metric.ts';

/** Measurements of one metric that a status keeps at most. */
export const MAX_RETENTION = 100;

const templateRef = z.object({
  templateName: name.describe('Name of an AnalysisTemplate in the namespace of the Rollout.'),
  clusterScope: z.boolean().optional().describe('The template is a ClusterAnalysisTemplate.'),
});

const dryRun = z
  .array(z.object({ metricName: z.string().min(1).max(253) }))
  .max(64)
  .optional()
  .describe('Metrics that are measured and told of, and decide nothing.');
const measurementRetention = z
  .array(z.object({ metricName: z.string().min(1).max(253), limit: z.int().min(1).max(MAX_RETENTION) }))
  .max(64)
  .optional()
  .describe('How many measurements of a metric the status keeps.');

export const templateSpecSchema = z.object({
  args: argumentsSchema.optional(),
  metrics: metricsSchema,
  dryRun,
  measurementRetention,
});

/** How a Rollout asks for analysis. */
export const rolloutAnalysisSchema = z.object({
  templates: z.array(templateRef).min(1).max(16).describe('What is measured: the metrics of all of them, in one run.'),
  args: argumentsSchema.optional().describe('Values for what the templates name as args.'),
  dryRun,
  measurementRetention,
});

const PHASES = ['Pending', 'Running', 'Successful', 'Failed', 'Error', 'Inconclusive'] as const;
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
