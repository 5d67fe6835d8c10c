// What a person has to confirm before it is deleted, and what is never deleted, by what is declared alone. Pure.
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS } from '../../api/names.ts';

/** So many deletions are never asked about. */
const FEW = 4;
const DEFAULT_LIMIT = 50;

/** Annotations of what stays: ours, and the one that charts have. */
const KEPT_BY: readonly [name: string, value: string][] = [
  [ANNOTATIONS.prune, 'Disabled'],
  ['helm.sh/resource-policy', 'keep'],
];

/** The annotation by which an object stays where it has left Git; undefined without one. */
export function keepingAnnotation({ metadata }: KubeObject): string | undefined {
  return KEPT_BY.find(([name, value]) => metadata.annotations?.[name] === value)?.join(': ');
}

/** Whether so many deletions, of all that was there before, wait for a person's word. `limit` is sync.pruneLimit, 50 by default. */
export const isTooMany = (count: number, all: number, limit = DEFAULT_LIMIT): boolean =>
  count > FEW && count * 100 > all * limit;
