// What a Rollout refers to by name, and where in its spec: so that a change of the one wakes the other, and a missing one is named.
import type { Resource } from '../api/k8s.ts';
import { objectKey, type ObjectKey } from '../api/object-key.ts';
import type { Issue } from '../api/result.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Plan } from '../rollout/plan.ts';
import { templatesOf } from '../rollout/templates.ts';
import type { DrivenObject } from '../traffic/driven.ts';
import { drivenObjects, drivenOf, idOf } from '../traffic/driven-objects.ts';

/** The objects that a Rollout may drive, and an issue for each of another namespace that it may not. */
export function mayDrive(
  plan: Plan,
  namespace: string,
  mayCross: (namespace: string) => boolean,
): { driven: readonly DrivenObject[]; foreign: Issue[] } {
  const all = drivenObjects(plan, namespace);
  if (mayCross(namespace)) return { driven: all, foreign: [] };
  const isForeign = (object: DrivenObject): boolean => object.namespace !== namespace;
  const foreign = all.filter(isForeign).map(({ field, resource: { kind }, name, namespace: where }) => ({
    field,
    message:
      `${kind} ${name} is in namespace ${where}, and a Rollout of ${namespace} may not drive it: ` +
      `name one of ${namespace}, or have the operator start the controller with --cross-namespace-routes=${namespace}`,
  }));
  return { driven: foreign.length === 0 ? all : all.filter((object) => !isForeign(object)), foreign };
}

/** The kinds of what a Rollout drives, as far as its spec can be read. */
export const kindsOf = (rollout: Rollout): Resource[] => [
  ...new Set((drivenOf(rollout) ?? []).map(({ resource }) => resource)),
];

/** The Services, subsets and routes that a Rollout drives; undefined where its spec cannot be read. */
export const routedBy = (rollout: Rollout): ObjectKey[] | undefined =>
  drivenOf(rollout)?.map((object) => objectKey(idOf(object)));

/** Stands in for the names of a Rollout whose spec cannot be read: it may refer to anything of its namespace. */
export const unclearIn = (namespace: string): string => `unclear/${namespace}`;

/** Keys of everything a Rollout refers to, as far as its spec can be read. */
export function referencesOf(rollout: Rollout): string[] {
  const namespace = rollout.metadata.namespace ?? '';
  return [...(routedBy(rollout) ?? [unclearIn(namespace)]), ...templatesOf(rollout).map(objectKey)];
}
