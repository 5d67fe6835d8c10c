// A metric of an analysis: how it is measured, and the limits that decide it.
import { z } from 'zod';
import { PROVIDER_FORMS, PROVIDER_NAMES } from '../analysis/providers/forms.ts';
import { durationMs, durationOrArgument, numberOf, numberOrArgument } from './fields.ts';
import { optionalFields } from './form-table.ts';
import { distinctNames, ruled } from './rules.ts';

/** Of measurements: with an interval of a second, eleven days. */
const MAX_COUNT = 1_000_000;
/** Between measurements; shorter intervals of runs that are stored already are taken as this. */
export const MIN_INTERVAL_MS = 1000;

const interval = ruled(durationOrArgument, {
  cel: "self.startsWith('{{') || duration(self) >= duration('1s')",
  message: 'must be at least 1s, such as 10s',
  holds: (text) => (durationMs(text) ?? MIN_INTERVAL_MS) >= MIN_INTERVAL_MS,
});

const provider = ruled(optionalFields(PROVIDER_FORMS, 'schema'), {
  cel: `[${PROVIDER_NAMES.map((each) => `has(self.${each})`).join(', ')}].exists_one(named, named)`,
  message: `name a provider: ${PROVIDER_NAMES.join(', ')}`,
  holds: (value) => PROVIDER_NAMES.filter((each) => value[each] !== undefined).length === 1,
});

type Given = number | string | undefined;
interface Limited {
  interval?: string | undefined;
  count?: Given;
  failureLimit?: Given;
  inconclusiveLimit?: Given;
  consecutiveSuccessLimit?: Given;
}

/** Measurements until a metric is decided; NaN where that is not known, undefined where it goes on until it is ended. */
export function countOf({ count, interval }: Limited): number | undefined {
  const given = numberOf(count, 0);
  if (given !== 0) return given;
  return interval === undefined ? 1 : undefined;
}

/** What a limit needs at least; 0 where that is not known. */
const least = (limit: Given): number => Math.max(numberOf(limit, 0) || 0, 0);

const needed = (metric: Limited): number => least(metric.failureLimit) + least(metric.consecutiveSuccessLimit);

/** Of what is not known it cannot be said that it is too few. */
const reaches = (metric: Limited, limit: number): boolean => !((countOf(metric) ?? Infinity) < limit);

/** Measurements in CEL, or more than any limit where they are not known. */
const CEL_COUNT = `(has(self.count) ? (type(self.count) == int && self.count > 0 ? self.count : ${2 * MAX_COUNT}) : (has(self.interval) ? ${2 * MAX_COUNT} : 1))`;

/** A limit in CEL, or 0 where it is not known. */
const celLimit = (key: keyof Limited): string =>
  `(has(self.${key}) && type(self.${key}) == int && self.${key} > 0 ? self.${key} : 0)`;

const REACH = 'must be at least failureLimit plus consecutiveSuccessLimit, or a limit could never be reached';
const UNCLEAR = 'must be at least inconclusiveLimit';

export const metricSchema = ruled(
  z.object({
    name: z.string().min(1).max(128),
    interval: interval
      .optional()
      .describe('Time between measurements, at least 1s. Without it there is one measurement.'),
    initialDelay: durationOrArgument.optional().describe('Time before the first measurement. Default 0s.'),
    count: numberOrArgument(0, MAX_COUNT)
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
    provider,
  }),
  {
    cel: "!has(self.count) || has(self.interval) || (type(self.count) == int ? self.count <= 1 : !self.count.matches('^([2-9]|[1-9][0-9]{1,8})$'))",
    at: ['interval'],
    message: 'is required, such as 10s: count is above 1',
    holds: (metric) => metric.interval !== undefined || !(numberOf(metric.count, 0) > 1),
  },
  {
    cel: '!has(self.failureLimit) || type(self.failureLimit) != int || self.failureLimit != -1 || (has(self.consecutiveSuccessLimit) && (type(self.consecutiveSuccessLimit) != int || self.consecutiveSuccessLimit > 0))',
    at: ['failureLimit'],
    message: '-1 needs a consecutiveSuccessLimit above 0, or nothing could decide the metric',
    holds: (metric) => numberOf(metric.failureLimit, 0) !== -1 || !(numberOf(metric.consecutiveSuccessLimit, 0) <= 0),
  },
  {
    cel: `${CEL_COUNT} >= ${celLimit('failureLimit')} + ${celLimit('consecutiveSuccessLimit')}`,
    at: ['count'],
    message: REACH,
    holds: (metric) => reaches(metric, needed(metric)),
    where: (metric) => [{ at: ['count'], message: `${REACH}: write ${needed(metric)} or more` }],
  },
  {
    cel: `${CEL_COUNT} >= ${celLimit('inconclusiveLimit')}`,
    at: ['count'],
    message: UNCLEAR,
    holds: (metric) => reaches(metric, least(metric.inconclusiveLimit)),
    where: (metric) => [{ at: ['count'], message: `${UNCLEAR}: write ${least(metric.inconclusiveLimit)} or more` }],
  },
);

export const metricsSchema = ruled(z.array(metricSchema).min(1).max(64), {
  cel: 'self.all(m, self.exists_one(n, n.name == m.name))',
  ...distinctNames,
});
