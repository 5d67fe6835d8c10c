// POST pods/NAME/eviction: deletes the pod unless a disruption budget stands against it.
import type { Answer, Call } from './call.ts';
import { StatusError, notFound } from './errors.ts';
import type { Dict } from './json.ts';
import { at, dictOr, ensure, listOr, numberOr, textOr } from './json.ts';
import type { Place } from './prepare.ts';
import type { ResourceType } from './resource.ts';

const MANAGER = 'kube-apiserver';

export function evict(call: Call, type: ResourceType, place: Place): Answer {
  const { objects } = call.server;
  const pod = objects.find(type, place);
  if (pod === undefined) throw notFound(type, place.name);
  if (!isSpent(pod)) spendBudget(call, pod, place.namespace ?? '');
  const mode = { manager: MANAGER, subresource: 'status', dryRun: false, isPut: false };
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: objects.around.now,
    lastProbeTime: null,
  };
  objects.update(
    type,
    place,
    (copy) => {
      const status = ensure(copy, 'status');
      status['conditions'] = [...listOr(status['conditions']), condition];
      return copy;
    },
    mode,
  );
  objects.delete(type, place, {});
  return { status: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}

/** Serves nobody: no budget stands against it. */
const isSpent = (pod: Dict): boolean =>
  at(pod, 'metadata', 'deletionTimestamp') !== undefined ||
  ['Pending', 'Succeeded', 'Failed'].includes(textOr(at(pod, 'status', 'phase')));

/** Takes one from what the budget over the pod allows. Errors: 429 when it allows none. */
function spendBudget(call: Call, pod: Dict, namespace: string): void {
  const { objects, registry, storage } = call.server;
  const type = registry.kind('policy', 'PodDisruptionBudget');
  const labels = dictOr(at(pod, 'metadata', 'labels'));
  for (const [, budget] of storage.list('policy/poddisruptionbudgets', `${namespace}/`)) {
    const wanted = Object.entries(dictOr(at(budget, 'spec', 'selector', 'matchLabels')));
    if (wanted.length === 0 || wanted.some(([key, value]) => labels[key] !== value)) continue;
    const allowed = numberOr(at(budget, 'status', 'disruptionsAllowed'));
    if (type === undefined || allowed <= 0) throw blocked(budget);
    const place = { name: textOr(at(budget, 'metadata', 'name')), namespace };
    const spend = (copy: Dict): Dict => {
      ensure(copy, 'status')['disruptionsAllowed'] = allowed - 1;
      return copy;
    };
    objects.update(type, place, spend, { manager: MANAGER, subresource: 'status', dryRun: false, isPut: false });
  }
}

function blocked(budget: Record<string, unknown>): StatusError {
  const [needs, has] = ['desiredHealthy', 'currentHealthy'].map((key) => numberOr(at(budget, 'status', key)));
  const name = textOr(at(budget, 'metadata', 'name'));
  const message = `The disruption budget ${name} needs ${needs ?? 0} healthy pods and has ${has ?? 0} currently`;
  return new StatusError({
    code: 429,
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    reason: 'TooManyRequests',
    details: { causes: [{ reason: 'DisruptionBudget', message }] },
  });
}
