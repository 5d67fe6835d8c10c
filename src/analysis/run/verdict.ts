// When a run is decided by its metrics, and what people are told.
import {
  isOver,
  type AnalysisPhase,
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  type MetricResult,
} from '../../api/analysis.ts';
import { matchesWhole } from '../expression/pattern.ts';
import { tallyOf } from '../judges/judge.ts';
import { judgeOf } from '../judges/judges.ts';
import { finished } from './measurements.ts';

type Verdict = Pick<AnalysisRunStatus, 'phase' | 'message' | 'metricResults' | 'runSummary' | 'dryRunSummary'>;

/** Whether a metric is measured without counting: named in dryRun, by `*` or by a pattern. */
export function isDryRun(spec: AnalysisRunSpec, metric: string): boolean {
  return (spec.dryRun ?? []).some(
    ({ metricName }) => metricName === '*' || metricName === metric || matchesWhole(metricName, metric),
  );
}

const BADNESS: readonly AnalysisPhase[] = ['Successful', 'Inconclusive', 'Error', 'Failed'];

/** The end of a run: a bad metric that counts, all metrics decided, or somebody asked for it; undefined while it goes on. */
export function verdictOf(spec: AnalysisRunSpec, results: MetricResult[]): Verdict | undefined {
  if (goesOn(spec, results)) return undefined;
  const metricResults = results.map((result) => endEarly(spec, result));
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

function goesOn(spec: AnalysisRunSpec, results: MetricResult[]): boolean {
  const counting = results.filter((result) => result.dryRun !== true);
  const bad = counting.some((result) => isOver(result.phase) && result.phase !== 'Successful');
  const all = spec.metrics.every((metric) => isOver(results.find((result) => result.name === metric.name)?.phase));
  return !bad && !all && spec.terminate !== true;
}

const wasMeasured = ({ count = 0, error = 0 }: MetricResult): boolean => count + error > 0;

/** A metric that the end of the run cuts short: its judge says what was measured comes to. */
function endEarly(spec: AnalysisRunSpec, result: MetricResult): MetricResult {
  const metric = spec.metrics.find(({ name }) => name === result.name);
  if (isOver(result.phase) || metric === undefined) return result;
  return { ...result, ...judgeOf(metric).ended(metric, tallyOf(result), finished(result).at(-1)?.message) };
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
