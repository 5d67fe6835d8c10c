// Label sets as the metrics store keeps them: maps in order of name, with a key that is equal when the sets are.

/** Names in order; a label with an empty value is no label. */
export type Labels = ReadonlyMap<string, string>;

export const METRIC_NAME = '__name__';
export const NO_LABELS: Labels = new Map();

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Labels in canonical order, without empty values. */
export function labelsOf(entries: Iterable<readonly [string, string]> | Record<string, string>): Labels {
  const pairs = Symbol.iterator in entries ? [...(entries as Iterable<[string, string]>)] : Object.entries(entries);
  return new Map(pairs.filter(([, value]) => value !== '').sort((a, b) => byText(a[0], b[0])));
}

/** Equal for equal label sets, and only for them. */
export function labelsKey(labels: Labels): string {
  let key = '';
  for (const [name, value] of labels) key += `${name}\u0001${value}\u0002`;
  return key;
}

/** A label set with its key, for whoever is asked for it again and again. */
export interface Identity {
  readonly labels: Labels;
  readonly key: string;
}

export const identify = (labels: Labels): Identity => ({ labels, key: labelsKey(labels) });

/** Order of label sets in answers: by the first name or value that differs, the shorter set first. */
export function compareLabels(a: Labels, b: Labels): number {
  const right = b.entries();
  for (const [name, value] of a) {
    const next = right.next();
    if (next.done) return 1;
    const order = byText(name, next.value[0]) || byText(value, next.value[1]);
    if (order !== 0) return order;
  }
  return right.next().done ? 0 : -1;
}

export const withoutName = (labels: Labels): Labels => without(labels, new Set([METRIC_NAME]));

export function without(labels: Labels, names: ReadonlySet<string>): Labels {
  return new Map([...labels].filter(([name]) => !names.has(name)));
}

export function only(labels: Labels, names: ReadonlySet<string>): Labels {
  return new Map([...labels].filter(([name]) => names.has(name)));
}

/** A copy with one label set, or taken away by an empty value. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  return labelsOf(new Map(labels).set(name, value));
}
