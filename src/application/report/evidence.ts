// What the metrics said about one attempt at a revision, as lines of text.
import type { AnalysisRun, Metric, MetricResult } from '../../api/analysis.ts';
import { oneLine } from '../../ledger/text.ts';

/** Measurements quoted per metric, newest last. */
const MAX_MEASUREMENTS = 10;
const MAX_EVIDENCE = 16_384;
const MAX_LINE = 1_024;

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
