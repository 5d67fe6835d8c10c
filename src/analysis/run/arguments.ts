// {{args.NAME}} in the strings of a metric. Replaced leaf by leaf, so that a value can never change the shape around it. What may stand in
// a field of a provider (Secrets, escaped values) is the provider's word.
import type { Argument, Metric } from '../../api/analysis.ts';
import { fail, ok, type Issue, type Result } from '../../api/result.ts';
import { namedForms } from '../providers/forms.ts';

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
    const rules = fieldRules(metric);
    return walk(metric, '', (text, below) => {
      if (!text.includes('{{')) return text;
      const change = { text, field: `${field}[${index}]${below}`, issues };
      if (!rules.takesSecrets(below)) refuseSecrets(change, args, rules.secretsGo);
      return fillText(change, args, rules.escaperOf(below, text));
    }) as Metric;
  });
  return issues.length > 0 ? fail(issues) : ok(replaced);
}

type Escaper = (nth: number, value: string) => Result<string, string>;

interface FieldRules {
  takesSecrets(below: string): boolean;
  /** Undefined where values stand as they are. */
  escaperOf(below: string, text: string): Escaper | undefined;
  /** For messages: where Secrets may go. */
  secretsGo: string;
}

/** What may stand in the fields of a metric, by their paths below it. */
function fieldRules(metric: Metric): FieldRules {
  const named = namedForms(metric.provider).map((each) => ({ ...each, prefix: `.provider.${each.name}.` }));
  const at = (below: string) => named.find(({ prefix }) => below.startsWith(prefix));
  return {
    takesSecrets: (below) => {
      const here = at(below);
      return here !== undefined && here.form.secrets.fields.test(below.slice(here.prefix.length));
    },
    escaperOf: (below, text) => {
      const here = at(below);
      const query = here?.form.query;
      if (here === undefined || below !== `${here.prefix}${query?.field}`) return undefined;
      return query?.isEscaped(here.config) === true ? query.escaper(text, PLACEHOLDER) : undefined;
    },
    secretsGo: named.map(({ name, form }) => `provider.${name}.${form.secrets.text}`).join(', '),
  };
}

interface Change {
  text: string;
  field: string;
  issues: Issue[];
}

function refuseSecrets({ text, field, issues }: Change, { secrets }: ArgumentValues, secretsGo: string): void {
  for (const [whole, name = ''] of text.matchAll(PLACEHOLDER)) {
    if (!secrets.has(name)) continue;
    const message = `${whole} comes from a Secret, which may stand in ${secretsGo} only: what conditions and other fields hold is shown in statuses, Events and Git`;
    issues.push({ field, message });
  }
}

function fillText({ text, field, issues }: Change, args: ArgumentValues, escape: Escaper | undefined): string {
  let index = 0;
  return text.replaceAll(PLACEHOLDER, (whole, name: string) => {
    const nth = index++;
    const found = args.values.get(name);
    if (found === undefined) {
      const message = `${whole} has no value: declare the argument ${name} and give it one in args`;
      if (!args.secrets.has(name)) issues.push({ field, message });
      return whole;
    }
    const filled = escape?.(nth, found) ?? ok(found);
    if (filled.ok) return filled.value;
    issues.push({ field, message: `the value of the argument ${name} ${filled.error}` });
    return whole;
  });
}

function walk(value: unknown, field: string, change: (text: string, field: string) => string): unknown {
  if (typeof value === 'string') return change(value, field);
  if (Array.isArray(value)) return value.map((item, index) => walk(item, `${field}[${index}]`, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, `${field}.${key}`, change)]));
}

/** What stands in the place of each argument, and the names of those that are read from Secrets. */
export function argumentValues(args: readonly Argument[]): ArgumentValues {
  const values = new Map<string, string>();
  const secrets = new Set<string>();
  for (const arg of args) {
    if (arg.valueFrom?.secretKeyRef !== undefined) secrets.add(arg.name);
    else if (arg.value !== undefined) values.set(arg.name, arg.value);
  }
  return { values, secrets };
}
