// The record of one release, as the notes of Git keep it and as commands tell it: what was declared and by whom, what was measured, who let
// it through, and how it ended. It is bounded, and says what was left out.
import { z } from 'zod';
import { revisionRefSchema } from './revision.ts';

/** Of the form below. A record of a later one is not guessed at. */
export const RECORD_VERSION = 1;

/** Items of each list, characters of each text, and characters of a whole record in JSON. */
export const RECORD_LIMITS = {
  weights: 20,
  commands: 9,
  observations: 8,
  runs: 16,
  metrics: 16,
  looks: 20,
  name: 253,
  short: 256,
  text: 512,
  query: 1_024,
  record: 32_768,
} as const;

const L = RECORD_LIMITS;
const text = (most: number) => z.string().max(most);
const at = text(64);
const counter = z.int().min(0);
const named = z.object({ namespace: text(63), name: text(L.name), uid: text(64).optional() });

const lookSchema = z.object({
  at: at.optional(),
  value: text(L.short).optional(),
  phase: text(32),
  message: text(L.short).optional(),
});

const metricSchema = z.object({
  name: text(128),
  phase: text(32),
  message: text(L.short).optional(),
  query: text(L.query).optional(),
  good: text(L.text).optional(),
  bad: text(L.text).optional(),
  dryRun: z.boolean().optional(),
  count: counter.optional(),
  successful: counter.optional(),
  failed: counter.optional(),
  inconclusive: counter.optional(),
  error: counter.optional(),
  looks: z.array(lookSchema).max(L.looks),
});

const runSchema = z.object({
  name: text(L.name),
  kind: text(64).optional(),
  step: counter.optional(),
  phase: text(32),
  message: text(L.short).optional(),
  startedAt: at.optional(),
  completedAt: at.optional(),
  metrics: z.array(metricSchema).max(L.metrics),
});

export const releaseRecordSchema = z.object({
  version: z.literal(RECORD_VERSION),
  /** First line of its section of a note, where it stands in one. */
  section: text(1_024).optional(),
  application: named.optional(),
  rollout: named,
  /** Which release of the Rollout. */
  attempt: counter.optional(),
  podHash: text(64).optional(),
  revision: revisionRefSchema,
  /** Absent: it is under way. */
  outcome: text(32).optional(),
  reason: text(L.text).optional(),
  startedAt: at.optional(),
  endedAt: at.optional(),
  /** Percent of the traffic, and since when. */
  weights: z.array(z.object({ at, weight: z.int() })).max(L.weights),
  commands: z.array(z.object({ verb: text(32), value: text(L.short), at, by: text(128).optional() })).max(L.commands),
  /** What changed for the worse meanwhile, as conditions of the Rollout tell it. */
  observations: z
    .array(z.object({ at, type: text(128), reason: text(128), message: text(L.short) }))
    .max(L.observations),
  runs: z.array(runSchema).max(L.runs),
  /** The commit that was served again. */
  wentBackTo: text(64).optional(),
  /** Of a commit that restores files: the one that was rejected. */
  rejected: text(64).optional(),
  writeBack: z.object({ state: text(32), commit: text(64).optional(), url: text(2_048).optional() }).optional(),
  /** How many of each were left out to keep within the limits. */
  omitted: z
    .object({
      runs: counter.optional(),
      metrics: counter.optional(),
      looks: counter.optional(),
      observations: counter.optional(),
    })
    .optional(),
});

export type ReleaseRecord = z.infer<typeof releaseRecordSchema>;
export type RecordedRun = z.infer<typeof runSchema>;
export type RecordedMetric = z.infer<typeof metricSchema>;
export type RecordedLook = z.infer<typeof lookSchema>;
