// What a Rollout refers to by name, and where in its spec: so that a change of the one wakes the other, and a missing one is named.
import type { RolloutAnalysis } from '../api/analysis.ts';
import type { Issue } from '../api/result.ts';
import type { Canary, Rollout } from '../api/rollout.ts';
import type { Router } from '../traffic/router.ts';
import { routersOf, subsetRoutersOf } from '../traffic/routers.ts';

export interface NamedAnalysis {
  analysis: RolloutAnalysis;
  field: string;
  /** Steps must come to an end by themselves; what runs in the background need not. */
  finite: boolean;
}

const CANARY = 'spec.strategy.canary';

export function canaryOf(rollout: Rollout): Canary | undefined {
  return rollout.spec?.strategy?.canary;
}

/** Every analysis of a strategy with its path. */
export function analysesOf(canary: Canary): NamedAnalysis[] {
  const list: NamedAnalysis[] = [];
  if (canary.analysis) list.push({ analysis: canary.analysis, field: `${CANARY}.analysis`, finite: false });
  (canary.steps ?? []).forEach((step, i) => {
    if (step.analysis) list.push({ analysis: step.analysis, field: `${CANARY}.steps[${i}].analysis`, finite: true });
  });
  return list;
}

/** The routers that a Rollout may drive, and an issue for each of another namespace that it may not. */
export function drivenRouters(
  canary: Canary,
  namespace: string,
  mayCross: (namespace: string) => boolean,
): { driven: readonly Router[]; foreign: Issue[] } {
  const all = routersOf(canary, namespace);
  if (mayCross(namespace)) return { driven: all, foreign: [] };
  const foreign = all
    .filter((router) => router.namespace !== namespace)
    .map((router) => ({
      field: `${CANARY}.trafficRouting`,
      message:
        `${router.kind} ${router.name} is in namespace ${router.namespace}, and a Rollout of ${namespace} may not drive it: ` +
        `name one of ${namespace}, or have the operator start the controller with --cross-namespace-routes=${namespace}`,
    }));
  return { driven: all.filter((router) => router.namespace === namespace), foreign };
}

/** `kind/namespace/name` of the Services, subsets and routes that a Rollout drives; undefined where its spec cannot be read. */
export function routedBy(rollout: Rollout): string[] | undefined {
  const namespace = rollout.metadata.namespace ?? '';
  const canary = canaryOf(rollout);
  if (canary === undefined) return [];
  try {
    const services = [canary.canaryService, canary.stableService].filter((name) => name !== undefined);
    const routers = [...routersOf(canary, namespace), ...subsetRoutersOf(canary, namespace)];
    return [
      ...services.map((name) => `Service/${namespace}/${name}`),
      ...routers.map((router) => `${router.kind}/${router.namespace}/${router.name}`),
    ];
  } catch {
    return undefined;
  }
}

/** Stands in for the names of a Rollout whose spec cannot be read: it may refer to anything of its namespace. */
export const unclearIn = (namespace: string): string => `unclear/${namespace}`;

/** `kind/namespace/name` of everything a Rollout refers to, as far as its spec can be read. */
export function referencesOf(rollout: Rollout): string[] {
  const namespace = rollout.metadata.namespace ?? '';
  return [...(routedBy(rollout) ?? [unclearIn(namespace)]), ...templatesOf(rollout, namespace)];
}

function templatesOf(rollout: Rollout, namespace: string): string[] {
  const canary = canaryOf(rollout);
  if (canary === undefined) return [];
  try {
    return analysesOf(canary).flatMap(({ analysis }) =>
      analysis.templates.map((t) =>
        t.clusterScope
          ? `ClusterAnalysisTemplate//${t.templateName}`
          : `AnalysisTemplate/${namespace}/${t.templateName}`,
      ),
    );
  } catch {
    return [];
  }
}
