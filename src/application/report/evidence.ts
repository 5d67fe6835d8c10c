// What the metrics said about one attempt at a revision, as lines of text.
import type { AnalysisRun, Metric, MetricResult } from '../../api/analysis.ts';
import { POD_TEMPLATE_HASH, RUN_LABELS } from '../../api/names.ts';

/** Measurements quoted per metric, newest last. */
const MAX_MEASUREMENTS = 10;
const MAX_EVIDENCE = 16_384;
const MAX_LINE = 1_024;

/** One release of a revision. */
export interface Attempt {
  podHash?: string | undefined;
  /** Which one, where that is known: runs of others are left out. */
  attempt?: number | undefined;
}

/** The runs of one attempt at one revision of one Rollout, oldest first. */
export function runsOf(
  runs: readonly AnalysisRun[],
  rollout: { namespace: string; name: string },
  { podHash, attempt }: Attempt,
): AnalysisRun[] {
  return runs
    .filter(({ metadata }) => attempt === undefined || metadata.labels?.[RUN_LABELS.attempt] === String(attempt))
    .filter(({ metadata }) => metadata.namespace === rollout.namespace)
    .filter(({ metadata }) => podHash !== undefined && metadata.labels?.[POD_TEMPLATE_HASH] === podHash)
    .filter(
      ({ metadata }) =>
        metadata.ownerReferences?.some(({ kind, name }) => kind === 'Rollout' && name === rollout.name) ?? true,
    )
    .sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
}

const startOf = (run: AnalysisRun): string => run.status?.startedAt ?? run.metadata.creationTimestamp ?? '';

/** One line per metric and its measurements, without a trailing newline; empty when nothing was measured. At most `max` characters. */
export function evidenceOf(runs: readonly AnalysisRun[], max = MAX_EVIDENCE): string {
  const lines = runs.flatMap((run) => (run.status?.metricResults ?? []).flatMap((result) => linesOf(run, result)));
  const kept: string[] = [];
  let length = 0;
  for (const line of lines.map((each) => each.slice(0, MAX_LINE))) {
    length += line.length + 1;
    if (length > max) return [...kept, `and ${lines.length - kept.length} more lines`].join('\n');
    kept.push(line);
  }
  return kept.join('\n');
}

function linesOf(run: AnalysisRun, result: MetricResult): string[] {
  const metric = run.spec.metrics.find(({ name }) => name === result.name);
  const condition = metric === undefined ? '' : conditionsOf(metric);
  const values = (result.measurements ?? [])
    .slice(-MAX_MEASUREMENTS)
    .map((one) => `${one.value ?? '-'} (${one.phase})`);
  return [
    oneLine(`${run.metadata.name}: ${result.name} ${result.phase}: ${countsOf(result)}`, MAX_LINE),
    ...(condition === '' ? [] : [`  ${oneLine(condition, MAX_LINE)}`]),
    ...(values.length > 0 ? [`  measured: ${oneLine(values.join(', '), MAX_LINE)}`] : []),
  ];
}

const countsOf = ({ successful = 0, failed = 0, inconclusive = 0, error = 0 }: MetricResult): string =>
  `${successful} good, ${failed} bad, ${inconclusive} inconclusive, ${error} errors`;

function conditionsOf({ successCondition: good, failureCondition: bad }: Metric): string {
  return [good && `good when ${good}`, bad && `bad when ${bad}`].filter(Boolean).join(', ');
}

/** One line, at most `max` characters, for subjects and trailers. */
export function oneLine(text: string, max: number): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  return flat.length > max ? `${flat.slice(0, max - 1)}…` : flat;
}
