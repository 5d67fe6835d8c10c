// What a metric store answered, in the shape that conditions see as `result`, and how it is told to people.

export type MetricValue = (
  | { kind: 'scalar'; value: number }
  /** One number for each series; labels are not kept. Empty: no data. */
  | { kind: 'vector'; value: number[] }
  /** All samples of all series, one after the other. */
  | { kind: 'matrix'; value: number[] }
  | { kind: 'string'; value: string }
) & {
  /** For status and messages, as `[0.82]`. */
  text: string;
  /** What the store wants known beside the answer. */
  warnings?: string[];
};

/** Longest text of a value, in characters. */
export const MAX_TEXT = 256;

/** A number as people and Prometheus write it: `0.82`, `NaN`, `+Inf`. */
export function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** Text for the status: `0.82`, `[0.82,0.9]`. Lists are cut off after 256 characters; texts are cut once secrets are out of them. */
export function valueText(value: number | number[] | string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  let text = '';
  for (const [index, sample] of value.entries()) {
    if (text.length > MAX_TEXT) return `[${text},… ${value.length - index} more]`;
    text += (index === 0 ? '' : ',') + numberText(sample);
  }
  return `[${text}]`;
}
