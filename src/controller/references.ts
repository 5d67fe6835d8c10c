// What a Rollout refers to by name, and where in its spec: so that a change of the one wakes the other, and a missing one is named.
import type { Issue } from '../api/result.ts';
import type { Rollout } from '../api/rollout.ts';
import { planOf } from '../rollout/compile.ts';
import type { Plan } from '../rollout/plan.ts';
import type { Router } from '../traffic/router.ts';
import { routersOf, subsetRoutersOf } from '../traffic/routers.ts';

/** The routers that a Rollout may drive, and an issue for each of another namespace that it may not. */
export function drivenRouters(
  { traffic, field }: Pick<Plan, 'traffic' | 'field'>,
  namespace: string,
  mayCross: (namespace: string) => boolean,
): { driven: readonly Router[]; foreign: Issue[] } {
  const all = routersOf(traffic, namespace);
  if (mayCross(namespace)) return { driven: all, foreign: [] };
  const foreign = all
    .filter((router) => router.namespace !== namespace)
    .map((router) => ({
      field: `${field}.trafficRouting`,
      message:
        `${router.kind} ${router.name} is in namespace ${router.namespace}, and a Rollout of ${namespace} may not drive it: ` +
        `name one of ${namespace}, or have the operator start the controller with --cross-namespace-routes=${namespace}`,
    }));
  return { driven: all.filter((router) => router.namespace === namespace), foreign };
}

/** `kind/namespace/name` of the Services, subsets and routes that a Rollout drives; undefined where its spec cannot be read. */
export function routedBy(rollout: Rollout): string[] | undefined {
  const namespace = rollout.metadata.namespace ?? '';
  const plan = planOf(rollout);
  try {
    return plan && drivenNames(plan, namespace);
  } catch {
    return undefined;
  }
}

function drivenNames({ services, traffic }: Plan, namespace: string): string[] {
  const routers = [...routersOf(traffic, namespace), ...subsetRoutersOf(traffic, namespace)];
  return [
    ...services.map(({ name }) => `Service/${namespace}/${name}`),
    ...routers.map((router) => `${router.kind}/${router.namespace}/${router.name}`),
  ];
}

/** Stands in for the names of a Rollout whose spec cannot be read: it may refer to anything of its namespace. */
export const unclearIn = (namespace: string): string => `unclear/${namespace}`;

/** `kind/namespace/name` of everything a Rollout refers to, as far as its spec can be read. */
export function referencesOf(rollout: Rollout): string[] {
  const namespace = rollout.metadata.namespace ?? '';
  return [...(routedBy(rollout) ?? [unclearIn(namespace)]), ...templatesOf(rollout, namespace)];
}

function templatesOf(rollout: Rollout, namespace: string): string[] {
  return (planOf(rollout)?.analyses ?? []).flatMap(({ analysis: { templates } }) =>
    Array.isArray(templates)
      ? templates.map((t) =>
          t.clusterScope
            ? `ClusterAnalysisTemplate//${t.templateName}`
            : `AnalysisTemplate/${namespace}/${t.templateName}`,
        )
      : [],
  );
}
