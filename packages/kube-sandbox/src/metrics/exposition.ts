// The text format that targets are scraped in: lines of `name{label="value"} number [milliseconds]`.
import { labelsOf, METRIC_NAME } from './labels.ts';
import type { Labels } from './labels.ts';
import { parseNumber } from './number.ts';

export interface ExposedSample {
  labels: Labels;
  value: number;
  /** Milliseconds since the epoch, when the target says so. */
  time?: number;
}

const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y;
const NAME = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*/;
const ESCAPES: Record<string, string> = { n: '\n', '\\': '\\', '"': '"' };

const unescapeValue = (text: string): string =>
  text.replaceAll(/\\(.)/g, (whole, char: string) => ESCAPES[char] ?? whole);
const escapeValue = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

function readLabels(line: string, start: number): { labels: [string, string][]; end: number } {
  const labels: [string, string][] = [];
  LABEL.lastIndex = start;
  let end = start;
  for (let match = LABEL.exec(line); match !== null; match = LABEL.exec(line)) {
    labels.push([match[1] ?? '', unescapeValue(match[2] ?? '')]);
    end = LABEL.lastIndex;
  }
  while (line[end] === ' ') end++;
  if (line[end] !== '}') throw new SyntaxError(`labels do not end: ${line}`);
  return { labels, end: end + 1 };
}

function readLine(line: string): ExposedSample {
  const name = NAME.exec(line);
  if (name === null) throw new SyntaxError(`expected a metric name: ${line}`);
  const braced = line[name[0].length] === '{';
  const { labels, end } = braced ? readLabels(line, name[0].length + 1) : { labels: [], end: name[0].length };
  const [number = '', time] = line.slice(end).trim().split(/\s+/);
  const value = parseNumber(number);
  if (value === undefined) throw new SyntaxError(`expected a number, got "${number}": ${line}`);
  return {
    labels: labelsOf([[METRIC_NAME, name[1] ?? ''], ...labels]),
    value,
    ...(time === undefined ? {} : { time: Number(time) }),
  };
}

/** Reads the text exposition format. Throws a SyntaxError that quotes the line it cannot read. */
export function parseExposition(text: string): ExposedSample[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(readLine);
}

/** One line of the exposition format, without its line end. */
export function exposeSample(name: string, labels: Record<string, string>, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeValue(text)}"`);
  const number = value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
  return pairs.length === 0 ? `${name} ${number}` : `${name}{${pairs.join(',')}} ${number}`;
}
