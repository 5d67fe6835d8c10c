// The text format that targets are scraped in: lines of `name{label="value"} number [milliseconds]`.
import { labelsOf, METRIC_NAME } from './labels.ts';
import type { Labels } from './labels.ts';
import { parseNumber } from './number.ts';

/** One line, taken apart no further than a reader needs who has met its series before. */
export interface ExposedLine {
  /** Name and labels as they are written. */
  series: string;
  value: number;
  /** Milliseconds since the epoch, when the target says so. */
  time?: number;
}

export interface ExposedSample extends Omit<ExposedLine, 'series'> {
  labels: Labels;
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

/** Where name and labels end: at the last brace, for there is none in a number, or without labels at the first blank. */
function endOfSeries(line: string): number {
  const brace = line.lastIndexOf('}');
  if (brace !== -1) return brace + 1;
  const blank = line.search(/\s/);
  return blank === -1 ? line.length : blank;
}

function readLine(line: string): ExposedLine {
  const end = endOfSeries(line);
  const [number = '', time] = line.slice(end).trim().split(/\s+/);
  const value = parseNumber(number);
  if (value === undefined) throw new SyntaxError(`expected a number, got "${number}": ${line}`);
  return { series: line.slice(0, end), value, ...(time === undefined ? {} : { time: Number(time) }) };
}

/** The lines of the text exposition format that hold samples. Throws a SyntaxError that quotes one whose number it cannot read. */
export function exposedLines(text: string): ExposedLine[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(readLine);
}

/** Name and labels of a line. Throws a SyntaxError that quotes what it cannot read. */
export function readSeries(series: string): Labels {
  const name = NAME.exec(series);
  if (name === null) throw new SyntaxError(`expected a metric name: ${series}`);
  const braced = series[name[0].length] === '{';
  const { labels, end } = braced ? readLabels(series, name[0].length + 1) : { labels: [], end: name[0].length };
  if (end !== series.length) throw new SyntaxError(`expected nothing behind name and labels: ${series}`);
  return labelsOf([[METRIC_NAME, name[1] ?? ''], ...labels]);
}

/** Reads the text exposition format. Throws a SyntaxError that quotes what it cannot read. */
export function parseExposition(text: string): ExposedSample[] {
  return exposedLines(text).map(({ series, ...sample }) => ({ labels: readSeries(series), ...sample }));
}

/** Name and labels as a line begins with them. */
export function exposeSeries(name: string, labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeValue(text)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

/** One line of the exposition format, without its line end. */
export function exposeValue(series: string, value: number): string {
  const number = value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
  return `${series} ${number}`;
}

export const exposeSample = (name: string, labels: Record<string, string>, value: number): string =>
  exposeValue(exposeSeries(name, labels), value);
