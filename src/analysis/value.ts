// What a metric store answered, in the shape that conditions see as `result`, and how it is told to people.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What one query gave. */
export type Sample =
  | { kind: 'scalar'; value: number }
  /** One number for each series; labels are not kept. Empty: no data. */
  | { kind: 'vector'; value: number[] }
  /** All samples of all series, one after the other, the oldest of each first. */
  | { kind: 'matrix'; value: number[] }
  | { kind: 'string'; value: string }
  /** Lists and objects of stores that answer in JSON; `null` is no data. */
  | { kind: 'json'; value: Json };

/** One measurement: the candidate's sample, which conditions see, and what goes with it. */
export type MetricValue = Sample & {
  /** For status and messages, as `[0.82]`. */
  text: string;
  /** What the store wants known beside the answer. */
  warnings?: string[];
  /** The stable revision's sample of the same moment, for judges that compare. Conditions do not see it. */
  stable?: Sample;
};

/** Longest text of a value, in characters. */
const MAX_TEXT = 256;

/** A number as people and Prometheus write it: `0.82`, `NaN`, `+Inf`. */
export function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** Text for the status: `0.82`, `[0.82,0.9]`, `{"a":1}`. Lists are cut off after 256 characters; texts are cut once secrets are out of them. */
export function valueText(value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  if (!isList(value)) return JSON.stringify(value);
  let text = '';
  for (const [index, sample] of value.entries()) {
    if (text.length > MAX_TEXT) return `[${text},… ${value.length - index} more]`;
    text += (index === 0 ? '' : ',') + (typeof sample === 'number' ? numberText(sample) : JSON.stringify(sample));
  }
  return `[${text}]`;
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** The same value with all texts in it cleaned, of both arms. */
export function cleanValue(value: MetricValue, clean: (text: string, most?: number) => string): MetricValue {
  const { stable, text, kind } = value;
  return {
    ...value,
    ...cleanSample(value, clean),
    text: kind === 'string' || kind === 'json' ? clean(text, MAX_TEXT) : clean(text),
    ...(stable !== undefined && { stable: cleanSample(stable, clean) }),
  };
}

function cleanSample(sample: Sample, clean: (text: string) => string): Sample {
  if (sample.kind === 'string') return { kind: 'string', value: clean(sample.value) };
  return sample.kind === 'json' ? { kind: 'json', value: cleanJson(sample.value, clean) } : sample;
}

function cleanJson(value: Json, clean: (text: string) => string): Json {
  if (typeof value === 'string') return clean(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((item) => cleanJson(item, clean));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [clean(key), cleanJson(item, clean)]));
}
