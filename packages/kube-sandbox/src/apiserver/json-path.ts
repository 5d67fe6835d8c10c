// The part of Kubernetes' JSONPath that printer columns use: names, ['names'], indexes, [*] and [?(@.field=="value")] filters.
import { at, isDict, own } from './json.ts';

type Step = (value: unknown) => unknown[];

const PART =
  /\.([A-Za-z0-9_$/-]+|\*)|\['([^']*)'\]|\[(-?\d+)\]|\[\*\]|\[\?\(@\.([\w.]+)\s*(==|!=)\s*['"]?([^'")]*)['"]?\)\]/y;

/** Compiles a path; what it does not understand finds nothing. */
export function jsonPath(path: string): (object: unknown) => unknown[] {
  const steps: Step[] = [];
  const text = path.replaceAll('\\.', '\u0000');
  PART.lastIndex = 0;
  let end = 0;
  for (let part = PART.exec(text); part !== null; part = PART.exec(text)) {
    steps.push(stepOf(part));
    end = PART.lastIndex;
  }
  if (end !== text.length) return () => [];
  return (object) => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [object]);
}

function stepOf(part: RegExpExecArray): Step {
  const [, dotted, quoted, index, field, op, wanted] = part;
  const name = (dotted ?? quoted)?.replaceAll('\u0000', '.');
  if (name !== undefined && name !== '*')
    return (value) => (isDict(value) && own(value, name) !== undefined ? [own(value, name)] : []);
  if (index !== undefined) return (value) => (Array.isArray(value) ? value.slice(Number(index)).slice(0, 1) : []);
  if (field !== undefined)
    return (value) =>
      Array.isArray(value)
        ? value.filter((item) => (String(at(item, ...field.split('.'))) === wanted) === (op === '=='))
        : [];
  return (value) => (Array.isArray(value) ? (value as unknown[]) : isDict(value) ? Object.values(value) : []);
}
