// The answers of Prometheus' HTTP API → values. Samples are strings there, and errors are JSON bodies of any status.
import { z } from 'zod';
import { ProviderError } from '../../provider.ts';
import type { Redactor } from '../../redactor.ts';
import { valueText, type MetricValue } from '../../value.ts';

const sample = z.tuple([z.number(), z.string()]);
const data = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('scalar'), result: sample }),
  z.object({ resultType: z.literal('string'), result: sample }),
  z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: sample.optional() })) }),
  z.object({ resultType: z.literal('matrix'), result: z.array(z.object({ values: z.array(sample).optional() })) }),
]);
const success = z.object({ status: z.literal('success'), data, warnings: z.array(z.string()).optional() });
// Kinds of errors are single words at Prometheus, Thanos and Mimir, and numbers at VictoriaMetrics.
const refusal = z.object({
  status: z.literal('error'),
  errorType: z
    .string()
    .regex(/^[a-z0-9_]{1,32}$/)
    .optional(),
  error: z.string(),
});

/** What people see of a store's own words, in characters: enough for an error of PromQL, too little to read something else by. */
const MAX_REASON = 200;

/** Throws `ProviderError` for errors and for what is no answer of Prometheus. */
export function parseAnswer(status: number, body: string, redactor: Redactor): MetricValue {
  const json = parseJson(body);
  const refused = refusal.safeParse(json);
  if (refused.success) {
    const { errorType = 'error', error } = refused.data;
    throw new ProviderError(`Prometheus answered ${status}: ${errorType}: ${redactor.clean(error, MAX_REASON)}`);
  }
  if (status < 200 || status > 299) throw new ProviderError(`Prometheus answered ${status}${hintFor(status)}`);
  const answer = success.safeParse(json);
  if (!answer.success)
    throw new ProviderError('the answer is not one of the Prometheus HTTP API: is the address right?');
  const value = valueOf(answer.data.data);
  const warnings = answer.data.warnings?.slice(0, MAX_WARNINGS).map((text) => redactor.clean(text, MAX_REASON));
  return { ...value, ...(warnings !== undefined && warnings.length > 0 && { warnings }) };
}

const MAX_WARNINGS = 10;

/** Lists and objects that are parsed at most: two lists for each sample of a vector, one of a matrix. */
const MAX_PARTS = 400_000;

function parseJson(body: string): unknown {
  let parts = 0;
  for (const begins of ['[', '{']) {
    for (let at = body.indexOf(begins); at >= 0 && parts <= MAX_PARTS; at = body.indexOf(begins, at + 1)) parts++;
  }
  if (parts > MAX_PARTS)
    throw new ProviderError('the answer holds too many samples: aggregate them, as with sum() or max()');
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function hintFor(status: number): string {
  if (status === 401 || status === 403) return ': it wants other credentials; see authentication.secretRef';
  if (status === 404) return ': there is no /api/v1/query under this address';
  return status >= 300 && status < 400 ? ': redirects are not followed; write the final address' : '';
}

function valueOf(answer: z.infer<typeof data>): MetricValue {
  switch (answer.resultType) {
    case 'string': {
      const value = answer.result[1];
      return { kind: 'string', value, text: valueText(value) };
    }
    case 'scalar': {
      const value = toNumber(answer.result[1]);
      return { kind: 'scalar', value, text: valueText(value) };
    }
    case 'vector': {
      const value = answer.result.map((series) => toNumber(present(series.value)[1]));
      return { kind: 'vector', value, text: valueText(value) };
    }
    case 'matrix': {
      const value = answer.result.flatMap((series) => present(series.values).map(([, text]) => toNumber(text)));
      return { kind: 'matrix', value, text: valueText(value) };
    }
  }
}

function present<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new ProviderError('the query returns histograms: take a number from them, as with histogram_quantile()');
}

function toNumber(text: string): number {
  if (text === 'NaN') return NaN;
  if (text === '+Inf' || text === 'Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  const value = Number(text);
  if (text.trim() !== '' && !Number.isNaN(value)) return value;
  throw new ProviderError(`Prometheus sent a text of ${text.length} characters as a sample: it is no number`);
}
