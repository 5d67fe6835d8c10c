// {{args.NAME}} in the strings of a metric. Replaced leaf by leaf, so that a value can never change the shape around it.
// In queries of ClusterAnalysisTemplates values are escaped; Secrets stand in queries and headers alone.
import type { Argument, Metric } from '../api/analysis.ts';
import { fail, ok, type Issue, type Result } from '../api/result.ts';
import { placesOf, promqlText } from './promql-text.ts';

const PLACEHOLDER = /\{\{\s*args\.([^{}\s]+)\s*\}\}/g;

/** Values by argument; `secret` ones are filled in at each measurement and stay as they are here. */
export interface ArgumentValues {
  values: ReadonlyMap<string, string>;
  secrets: ReadonlySet<string>;
}

/** A copy of metrics with all placeholders replaced; issues name the field and the argument, and hold no value. */
export function substitute(metrics: readonly Metric[], args: ArgumentValues, field: string): Result<Metric[], Issue[]> {
  const issues: Issue[] = [];
  const replaced = metrics.map((metric, index) => {
    const at = `${field}[${index}]`;
    const escape = metric.provider.prometheus?.escapeArgs === true;
    return walk(metric, at, (text, where) => {
      const change = { text, field: where, isQuery: where === `${at}${QUERY}`, issues };
      const isHeader = where.startsWith(`${at}${HEADERS}`) && where.endsWith('.value');
      if (!change.isQuery && !isHeader) refuseSecrets(change, args);
      return fillText(change, args, escape && change.isQuery);
    }) as Metric;
  });
  return issues.length > 0 ? fail(issues) : ok(replaced);
}

/** Where values of Secrets may stand: what is sent to the store, and told to nobody. */
const QUERY = '.provider.prometheus.query';
const HEADERS = '.provider.prometheus.headers[';

interface Change {
  text: string;
  field: string;
  isQuery: boolean;
  issues: Issue[];
}

function refuseSecrets({ text, field, issues }: Change, { secrets }: ArgumentValues): void {
  for (const [whole, name = ''] of text.matchAll(PLACEHOLDER)) {
    if (!secrets.has(name)) continue;
    const message = `${whole} comes from a Secret, which may stand in provider.prometheus.query and headers only: what conditions and other fields hold is shown in statuses, Events and Git`;
    issues.push({ field, message });
  }
}

function fillText({ text, field, issues }: Change, args: ArgumentValues, escape: boolean): string {
  const places = escape ? placesOf(text, PLACEHOLDER) : [];
  let index = 0;
  return text.replaceAll(PLACEHOLDER, (whole, name: string) => {
    const place = places[index++];
    const found = args.values.get(name);
    if (found === undefined) {
      const message = `${whole} has no value: declare the argument ${name} and give it one in args`;
      if (!args.secrets.has(name)) issues.push({ field, message });
      return whole;
    }
    if (place === undefined) return found;
    const text = found.includes('{{') ? fail('holds {{, which is no part of a value') : promqlText(found, place);
    if (text.ok) return text.value;
    issues.push({ field, message: `the value of the argument ${name} ${text.error}` });
    return whole;
  });
}

function walk(value: unknown, field: string, change: (text: string, field: string) => string): unknown {
  if (typeof value === 'string') return change(value, field);
  if (Array.isArray(value)) return value.map((item, index) => walk(item, `${field}[${index}]`, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, `${field}.${key}`, change)]));
}

export function argumentValues(args: readonly Argument[]): ArgumentValues {
  const values = new Map<string, string>();
  const secrets = new Set<string>();
  for (const arg of args) {
    if (arg.valueFrom?.secretKeyRef !== undefined) secrets.add(arg.name);
    else if (arg.value !== undefined) values.set(arg.name, arg.value);
  }
  return { values, secrets };
}
