// {{args.NAME}} in the strings of a metric. Replaced leaf by leaf, so that a value can never change the shape around it.
import type { Argument } from '../api/analysis.ts';
import { fail, ok, type Issue, type Result } from '../api/result.ts';

const PLACEHOLDER = /\{\{\s*args\.([^{}\s]+)\s*\}\}/g;

/** Values by argument; `secret` ones are filled in at each measurement and stay as they are here. */
export interface ArgumentValues {
  values: ReadonlyMap<string, string>;
  secrets: ReadonlySet<string>;
}

/** A copy with all placeholders replaced; issues name the field and the argument. */
export function substitute<T>(value: T, args: ArgumentValues, field: string): Result<T, Issue[]> {
  const issues: Issue[] = [];
  const replaced = walk(value, field, (text, at) =>
    text.replaceAll(PLACEHOLDER, (whole, name: string) => {
      const found = args.values.get(name);
      if (found !== undefined) return found;
      if (!args.secrets.has(name)) {
        issues.push({
          field: at,
          message: `${whole} has no value: declare the argument ${name} and give it one in args`,
        });
      }
      return whole;
    }),
  );
  return issues.length > 0 ? fail(issues) : ok(replaced as T);
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

/** Text in which no secret can be read. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .toSorted((a, b) => b.length - a.length)
    .reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}
