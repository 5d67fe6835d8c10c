// The judge of Argo Rollouts' users: conditions over each value, and limits on how many looks may be bad, in doubt or errors.
import type { Metric } from '../../api/analysis.ts';
import { assess } from './assess.ts';
import type { Assessment, Forecast, Judge, MetricVerdict, Tally } from './judge.ts';
import { limitsOf } from './limits.ts';

export const thresholds: Judge = {
  begin: () => ({}),
  take(metric, tally, look) {
    const assessment: Assessment =
      'error' in look ? { phase: 'Error', message: look.error } : assess(metric, look.value);
    return { assessment, tally: counted(tally, assessment) };
  },
  verdict: (metric, tally, why) => badVerdict(metric, tally, why ?? metric.name) ?? goodVerdict(metric, tally),
  ended: endedVerdict,
  forecast,
};

const COUNTER = { Successful: 'successful', Failed: 'failed', Inconclusive: 'inconclusive', Error: 'error' } as const;

/** Errors do not count as measurements, as in Argo Rollouts. */
function counted(tally: Tally, { phase, ignored, noData }: Assessment): Tally {
  const inARow = noData === true ? { noData: oneMore(tally.noData) } : {};
  const { noData: _, ...before } = tally;
  if (ignored === true) return { ...before, ...inARow, ignored: oneMore(tally.ignored) };
  const error = phase === 'Error';
  const counter = COUNTER[phase];
  return {
    ...before,
    ...inARow,
    [counter]: oneMore(tally[counter]),
    ...(!error && { count: oneMore(tally.count) }),
    consecutiveError: error ? oneMore(tally.consecutiveError) : 0,
    consecutiveSuccess: phase === 'Successful' ? oneMore(tally.consecutiveSuccess) : 0,
  };
}

const oneMore = (count = 0): number => count + 1;

function badVerdict(metric: Metric, tally: Tally, why: string): MetricVerdict | undefined {
  const { failed = 0, inconclusive = 0, consecutiveError = 0 } = tally;
  const limits = limitsOf(metric);
  if (limits.failure !== undefined && failed > limits.failure) {
    return { phase: 'Failed', message: `${why}${counts(failed, 'bad measurements', limits.failure)}` };
  }
  if (inconclusive > limits.inconclusive) {
    const message = `${why}${counts(inconclusive, 'inconclusive measurements', limits.inconclusive)}`;
    return { phase: 'Inconclusive', message };
  }
  if (consecutiveError > limits.consecutiveError) {
    return { phase: 'Error', message: `${why}${counts(consecutiveError, 'errors in a row', limits.consecutiveError)}` };
  }
  return undefined;
}

/** Nothing where the first one decides: the numbers have been said. */
const counts = (seen: number, what: string, limit: number): string =>
  limit === 0 ? '' : ` (${seen} ${what}, ${limit} tolerated)`;

function goodVerdict(metric: Metric, { count: taken = 0, consecutiveSuccess = 0 }: Tally): MetricVerdict | undefined {
  const { count, consecutiveSuccess: inARow, failure } = limitsOf(metric);
  if (inARow > 0 && consecutiveSuccess >= inARow) return { phase: 'Successful' };
  if (count === undefined || taken < count) return undefined;
  if (inARow === 0) return { phase: 'Successful' };
  const message = `${metric.name}: ${count} measurements without ${inARow} good ones in a row`;
  return { phase: failure === undefined ? 'Failed' : 'Inconclusive', message };
}

/** What was measured decides; errors alone are not good. */
function endedVerdict({ name }: Metric, { count = 0, error = 0, successful = 0 }: Tally, why?: string): MetricVerdict {
  if (count === 0) {
    return { phase: error > 0 ? 'Error' : 'Inconclusive', message: why ?? `${name}: ended before it was measured` };
  }
  if (successful > 0) return { phase: 'Successful' };
  return { phase: 'Inconclusive', message: why ?? `${name}: no measurement was good` };
}

function forecast(metric: Metric, tally: Tally): Forecast {
  const { count, consecutiveSuccess: inARow } = limitsOf(metric);
  const { count: taken = 0, consecutiveSuccess = 0 } = tally;
  const left = count === undefined ? undefined : Math.max(count - taken, 1);
  const good = inARow > 0 ? Math.max(inARow - consecutiveSuccess, 1) : left;
  return {
    taken,
    of: count,
    good: left !== undefined && good !== undefined && good > left ? undefined : good,
    bad: looksToBad(metric, tally, left),
    latest: left === undefined || metric.noData === 'Ignore' ? undefined : looksAtMost(metric, tally, left),
  };
}

/** The fewest looks that go over a limit, of those that are left. */
function looksToBad(metric: Metric, tally: Tally, left: number | undefined): number {
  const { failure, consecutiveError } = limitsOf(metric);
  const errors = Math.max(consecutiveError + 1 - (tally.consecutiveError ?? 0), 1);
  if (failure === undefined) return errors;
  const failures = Math.max(failure + 1 - (tally.failed ?? 0), 1);
  return left !== undefined && failures > left ? errors : Math.min(failures, errors);
}

/** Before each look that counts there may be as many errors as are tolerated. */
function looksAtMost(metric: Metric, { consecutiveError = 0 }: Tally, left: number): number {
  const { consecutiveError: tolerated } = limitsOf(metric);
  return left * (tolerated + 1) - Math.min(consecutiveError, tolerated);
}
