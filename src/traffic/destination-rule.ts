// Istio DestinationRules: two subsets of one host that follow the revisions. Owns the pod hash label of these two, nothing else.
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import { fail, ok, type Issue, type Result } from '../api/result.ts';
import { pointer, recordsIn, textOf } from './driven-route.ts';
import type { JsonPatchOp, SubsetRouter } from './router.ts';

export interface SubsetTarget {
  namespace: string;
  name: string;
  canarySubset: string;
  stableSubset: string;
}

interface Subset {
  place: number;
  name: string;
  labels: Record<string, unknown> | undefined;
}

export function destinationRuleRouter(target: SubsetTarget): SubsetRouter {
  return {
    kind: 'DestinationRule',
    resource: RESOURCES.destinationRules,
    namespace: target.namespace,
    name: target.name,
    plan(object, wanted) {
      const subsets = bothSubsets(object, target);
      if (!subsets.ok) return subsets;
      const { canary, stable } = subsets.value;
      const ops = [labelOps(canary, wanted.canary), labelOps(stable, wanted.stable)].flat();
      return ok([...ops.filter((op) => op.op === 'test'), ...ops.filter((op) => op.op !== 'test')]);
    },
    read(object) {
      const subsets = bothSubsets(object, target);
      if (!subsets.ok) return subsets;
      return ok({ canary: hashOf(subsets.value.canary), stable: hashOf(subsets.value.stable) });
    },
  };
}

function hashOf(subset: Subset): string | undefined {
  const hash = textOf(subset.labels?.[POD_TEMPLATE_HASH]);
  return hash === '' ? undefined : hash;
}

function bothSubsets(object: KubeObject, target: SubsetTarget): Result<{ canary: Subset; stable: Subset }, Issue[]> {
  const list = recordsIn(isRecord(object.spec) ? object.spec['subsets'] : undefined);
  const canary = findSubset(list, target.canarySubset, target.name);
  const stable = findSubset(list, target.stableSubset, target.name);
  if (canary.ok && stable.ok) return ok({ canary: canary.value, stable: stable.value });
  return fail([canary, stable].flatMap((found) => (found.ok ? [] : found.error)));
}

function findSubset(list: Record<string, unknown>[], name: string, rule: string): Result<Subset, Issue[]> {
  const place = list.findIndex((subset) => subset['name'] === name);
  if (place < 0) {
    const names = list.map((subset) => textOf(subset['name'])).join(', ');
    const message = `has no subset named ${name}: add it (it has ${names === '' ? 'none' : names})`;
    return fail([{ field: `DestinationRule ${rule}: spec.subsets`, message }]);
  }
  const labels = list[place]?.['labels'];
  return ok({ place, name, labels: isRecord(labels) ? labels : undefined });
}

function labelOps(subset: Subset, hash: string): JsonPatchOp[] {
  if (subset.labels?.[POD_TEMPLATE_HASH] === hash) return [];
  const at = ['spec', 'subsets', subset.place];
  const test: JsonPatchOp = { op: 'test', path: pointer([...at, 'name']), value: subset.name };
  if (subset.labels === undefined) {
    return [test, { op: 'add', path: pointer([...at, 'labels']), value: { [POD_TEMPLATE_HASH]: hash } }];
  }
  const op = subset.labels[POD_TEMPLATE_HASH] === undefined ? 'add' : 'replace';
  return [test, { op, path: pointer([...at, 'labels', POD_TEMPLATE_HASH]), value: hash }];
}
