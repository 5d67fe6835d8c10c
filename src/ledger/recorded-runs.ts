// What of the AnalysisRuns of a release is kept in its record: each metric with its query, its conditions, its counts and its last looks.
import type { AnalysisRun, Measurement, Metric, MetricResult } from '../api/analysis.ts';
import { namedForms } from '../analysis/providers/forms.ts';
import { isRecord, present, textIn } from '../api/json.ts';
import { RUN_LABELS } from '../api/names.ts';
import {
  RECORD_LIMITS,
  type RecordedLook,
  type RecordedMetric,
  type RecordedRun,
  type ReleaseRecord,
} from '../api/release-record.ts';

/** How much is kept: runs, metrics of a run, looks of a metric, and characters of a query. */
export interface Room {
  readonly runs: number;
  readonly metrics: number;
  readonly looks: number;
  readonly query: number;
}

type Said = (text: string, most: number) => string;
type Omitted = NonNullable<ReleaseRecord['omitted']>;

const { short, text, name: MAX_NAME } = RECORD_LIMITS;

/** The last runs and their last looks, as far as there is room, and how many of each are left out. */
export function recordedRuns(
  runs: readonly AnalysisRun[],
  room: Room,
  said: Said,
): { runs: RecordedRun[]; omitted: Omitted } {
  const kept = last(runs, room.runs);
  const all = kept.flatMap((run) => run.status?.metricResults ?? []);
  const metrics = kept.flatMap((run) => resultsOf(run, room));
  const looks = metrics.reduce((sum, { measurements = [] }) => sum + Math.max(measurements.length - room.looks, 0), 0);
  return {
    runs: kept.map((run) => runOf(run, room, said)),
    omitted: present({
      runs: some(runs.length - kept.length),
      metrics: some(all.length - metrics.length),
      looks: some(looks),
    }),
  };
}

const some = (count: number): number | undefined => (count > 0 ? count : undefined);

const last = <T>(list: readonly T[], most: number): readonly T[] => (most === 0 ? [] : list.slice(-most));

/** Where not all fit, those that went wrong come first. */
const resultsOf = ({ status }: AnalysisRun, room: Room): MetricResult[] =>
  [...(status?.metricResults ?? [])]
    .sort((a, b) => Number(a.phase === 'Successful') - Number(b.phase === 'Successful'))
    .slice(0, room.metrics);

function runOf(run: AnalysisRun, room: Room, said: Said): RecordedRun {
  const { metadata, status } = run;
  const step = metadata.labels?.[RUN_LABELS.step];
  return {
    name: metadata.name.slice(0, MAX_NAME),
    ...present({
      kind: metadata.labels?.[RUN_LABELS.type],
      step: step !== undefined && /^\d{1,4}$/.test(step) ? Number(step) : undefined,
    }),
    phase: status?.phase ?? 'Pending',
    ...present({
      message: cut(status?.message, short, said),
      startedAt: status?.startedAt,
      completedAt: status?.completedAt,
    }),
    metrics: resultsOf(run, room).map((result) => metricOf(run, result, room, said)),
  };
}

// oxlint-disable-next-line max-params -- the last two are how all of it is kept
function metricOf(run: AnalysisRun, result: MetricResult, room: Room, said: Said): RecordedMetric {
  const metric = run.spec.metrics.find(({ name }) => name === result.name);
  const { count, successful, failed, inconclusive, error, dryRun } = result;
  return {
    name: said(result.name, 128),
    phase: result.phase,
    ...present({
      message: cut(result.message, short, said),
      query: room.query === 0 || metric === undefined ? undefined : cut(queryOf(metric), room.query, said),
      good: cut(metric?.successCondition, text, said),
      bad: cut(metric?.failureCondition, text, said),
      dryRun,
      count,
      successful,
      failed,
      inconclusive,
      error,
    }),
    looks: last(result.measurements ?? [], room.looks).map((one) => lookOf(one, said)),
  };
}

/** In the language of its store; arguments from Secrets are placeholders in it. */
function queryOf({ provider }: Metric): string | undefined {
  for (const { form, config } of namedForms(provider)) {
    const field = form.query?.field;
    if (field !== undefined && isRecord(config)) return textIn(config[field]);
  }
  return undefined;
}

function lookOf({ phase, value, message, startedAt, finishedAt = startedAt }: Measurement, said: Said): RecordedLook {
  return {
    ...present({ at: finishedAt, value: cut(value, short, said) }),
    phase,
    ...present({ message: cut(message, short, said) }),
  };
}

const cut = (value: string | undefined, most: number, said: Said): string | undefined =>
  value === undefined || value === '' ? undefined : said(value, most);
