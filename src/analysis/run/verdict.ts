// When a metric, and the run it belongs to, is decided, and what people are told.
import {
  isOver,
  type AnalysisPhase,
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  type Metric,
  type MetricResult,
} from '../../api/analysis.ts';
import type { Assessment } from '../judges/assess.ts';
import { matchesWhole } from '../expression/pattern.ts';
import { effectiveCount } from './validate.ts';

type Verdict = Pick<AnalysisRunStatus, 'phase' | 'message' | 'metricResults' | 'runSummary' | 'dryRunSummary'>;

/** Whether a metric is measured without counting: named in dryRun, by `*` or by a pattern. */
export function isDryRun(spec: AnalysisRunSpec, metric: string): boolean {
  return (spec.dryRun ?? []).some(
    ({ metricName }) => metricName === '*' || metricName === metric || matchesWhole(metricName, metric),
  );
}

/** The metric with its verdict, where limits or counts give one. */
export function settleMetric(metric: Metric, result: MetricResult, last: Assessment): MetricResult {
  const verdict = badVerdict(metric, result, last.message ?? metric.name) ?? goodVerdict(metric, result);
  return verdict === undefined ? result : { ...result, ...verdict };
}

type MetricVerdict = { phase: AnalysisPhase; message?: string };

function badVerdict(metric: Metric, result: MetricResult, why: string): MetricVerdict | undefined {
  const { failed = 0, inconclusive = 0, consecutiveError = 0 } = result;
  const failureLimit = metric.failureLimit ?? 0;
  if (failureLimit >= 0 && failed > failureLimit) {
    return { phase: 'Failed', message: `${why}${tally(failed, 'bad measurements', failureLimit)}` };
  }
  const inconclusiveLimit = metric.inconclusiveLimit ?? 0;
  if (inconclusive > inconclusiveLimit) {
    return {
      phase: 'Inconclusive',
      message: `${why}${tally(inconclusive, 'inconclusive measurements', inconclusiveLimit)}`,
    };
  }
  const errorLimit = metric.consecutiveErrorLimit ?? 4;
  if (consecutiveError > errorLimit) {
    return { phase: 'Error', message: `${why}${tally(consecutiveError, 'errors in a row', errorLimit)}` };
  }
  return undefined;
}

/** Nothing where the first one decides: the numbers have been said. */
const tally = (seen: number, what: string, limit: number): string =>
  limit === 0 ? '' : ` (${seen} ${what}, ${limit} tolerated)`;

function goodVerdict(metric: Metric, result: MetricResult): MetricVerdict | undefined {
  const inARow = metric.consecutiveSuccessLimit ?? 0;
  if (inARow > 0 && (result.consecutiveSuccess ?? 0) >= inARow) return { phase: 'Successful' };
  const count = effectiveCount(metric);
  if (count === undefined || (result.count ?? 0) < count) return undefined;
  if (inARow === 0) return { phase: 'Successful' };
  const message = `${metric.name}: ${count} measurements without ${inARow} good ones in a row`;
  return { phase: (metric.failureLimit ?? 0) < 0 ? 'Failed' : 'Inconclusive', message };
}

const BADNESS: readonly AnalysisPhase[] = ['Successful', 'Inconclusive', 'Error', 'Failed'];

/** The end of a run: a bad metric that counts, all metrics decided, or somebody asked for it; undefined while it goes on. */
export function verdictOf(spec: AnalysisRunSpec, results: MetricResult[]): Verdict | undefined {
  const counting = results.filter((result) => result.dryRun !== true);
  const bad = counting.some((result) => isOver(result.phase) && result.phase !== 'Successful');
  const all = spec.metrics.every((metric) => isOver(results.find((result) => result.name === metric.name)?.phase));
  if (!bad && !all && spec.terminate !== true) return undefined;
  const metricResults = results.map(endEarly);
  const ended = metricResults.filter((result) => result.dryRun !== true);
  const measured = ended.filter(wasMeasured);
  const summaries = summaryOf(metricResults);
  if (ended.length > 0 && measured.length === 0) {
    return { phase: 'Inconclusive', message: 'ended before anything was measured', metricResults, ...summaries };
  }
  const rank = (result: MetricResult): number => BADNESS.indexOf(result.phase);
  const worst = measured.toSorted((a, b) => rank(b) - rank(a))[0];
  const message = worst === undefined || worst.phase === 'Successful' ? undefined : worst.message;
  return {
    phase: worst?.phase ?? 'Successful',
    ...(message !== undefined && { message }),
    metricResults,
    ...summaries,
  };
}

const wasMeasured = ({ count = 0, error = 0 }: MetricResult): boolean => count + error > 0;

/** A metric that the end of the run cuts short: what was measured decides; errors alone are not good. */
function endEarly(result: MetricResult): MetricResult {
  if (isOver(result.phase)) return result;
  if ((result.count ?? 0) === 0) {
    const message = result.measurements?.at(-1)?.message ?? `${result.name}: ended before it was measured`;
    return { ...result, phase: (result.error ?? 0) > 0 ? 'Error' : 'Inconclusive', message };
  }
  if ((result.successful ?? 0) > 0) return { ...result, phase: 'Successful' };
  const message = result.measurements?.at(-1)?.message ?? `${result.name}: no measurement was good`;
  return { ...result, phase: 'Inconclusive', message };
}

function summaryOf(results: MetricResult[]): Pick<Verdict, 'runSummary' | 'dryRunSummary'> {
  const dry = results.filter((result) => result.dryRun === true);
  const runSummary = countPhases(results.filter((result) => result.dryRun !== true));
  return dry.length === 0 ? { runSummary } : { runSummary, dryRunSummary: countPhases(dry) };
}

function countPhases(results: MetricResult[]): NonNullable<AnalysisRunStatus['runSummary']> {
  const of = (phase: AnalysisPhase): number => results.filter((result) => result.phase === phase).length;
  return {
    count: results.length,
    successful: of('Successful'),
    failed: of('Failed'),
    inconclusive: of('Inconclusive'),
    error: of('Error'),
  };
}
