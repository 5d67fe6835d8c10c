// Label selectors of workloads and Services: matching, and finding the pods they select without looking at all of them.
import type { KubeObject } from '../objects.ts';
import type { KindCache } from './kind-cache.ts';
import type { Pod } from './pod.ts';

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** Name of the index of pods by namespace and label. */
export const BY_LABEL = 'label';

/** Name of the index of workloads by namespace and a label that they select by. */
export const BY_SELECTOR = 'selector';

export const labelValue = (namespace: string | undefined, key: string, value: string): string =>
  `${namespace ?? ''}/${key}=${value}`;

export const labelIndexer = ({ metadata }: KubeObject): string[] =>
  Object.entries(metadata.labels ?? {}).map(([key, value]) => labelValue(metadata.namespace, key, value));

export function selectorIndexer({ metadata, spec }: KubeObject): string[] {
  const { matchLabels = {} } = (spec as { selector: LabelSelector }).selector;
  return Object.entries(matchLabels).map(([key, value]) => labelValue(metadata.namespace, key, value));
}

export function matches(selector: LabelSelector, labels: Record<string, string> = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      const isIn = value !== undefined && values.includes(value);
      return operator === 'In' ? isIn : !isIn;
    })
  );
}

/** The pods of a namespace that carry all these labels, looked for through the rarest of them; none for no labels. */
export function podsWith(pods: KindCache<Pod>, namespace: string, wanted: Record<string, string>): Pod[] {
  const values = Object.entries(wanted).map(([key, value]) => labelValue(namespace, key, value));
  const counted = values.map((value) => ({ value, count: pods.count(BY_LABEL, value) }));
  const rarest = counted.toSorted((a, b) => a.count - b.count)[0];
  if (rarest === undefined) return [];
  return pods.by(BY_LABEL, rarest.value).filter(({ metadata }) => matches({ matchLabels: wanted }, metadata.labels));
}
