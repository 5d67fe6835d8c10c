// What takes a Rollout's place when it leaves Git: the workload whose pods the same Services reach. Until it is available the old pods stay.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { nameOf } from '../../api/object-key.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { Wanted, WantedObject } from '../revert/wanted.ts';
import type { Seen } from '../seen.ts';

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout']);

/** Name of a declared workload that answers for the Rollout's pods and is not available yet. */
export function waitsForSuccessor(rollout: Rollout, wanted: Wanted, seen: Seen): string | undefined {
  const successors = wanted.objects.filter((object) => answersFor(rollout, object));
  const missing = successors.find(({ key }) => {
    const found = seen.live(key);
    return found.state !== 'known' || !found.object || !isAvailable(found.object);
  });
  return missing && nameOf(missing.ref);
}

/** Another workload beside it, whose pods have the labels that the Rollout selects by. */
function answersFor({ metadata, spec }: Rollout, { ref, object }: WantedObject): boolean {
  const isBeside = WORKLOADS.has(ref.kind) && ref.namespace === metadata.namespace;
  const isItself = ref.kind === 'Rollout' && ref.name === metadata.name;
  return isBeside && !isItself && matches(podLabels(object), spec?.selector?.matchLabels ?? {});
}

function podLabels(object: KubeObject): Record<string, unknown> {
  const template = isRecord(object.spec) && isRecord(object.spec['template']) ? object.spec['template'] : {};
  const metadata = isRecord(template['metadata']) ? template['metadata'] : {};
  return isRecord(metadata['labels']) ? metadata['labels'] : {};
}

const matches = (labels: Record<string, unknown>, wanted: Record<string, string>): boolean =>
  Object.keys(wanted).length > 0 && Object.entries(wanted).every(([name, value]) => labels[name] === value);

function isAvailable({ kind, metadata, spec, status }: KubeObject): boolean {
  if (!isRecord(status) || !isRecord(spec)) return false;
  if (kind === 'Rollout') return status['phase'] === 'Healthy';
  if (numberAt(status, 'observedGeneration') < (metadata.generation ?? 0)) return false;
  if (kind === 'DaemonSet') return status['numberAvailable'] === status['desiredNumberScheduled'];
  const wanted = typeof spec['replicas'] === 'number' ? spec['replicas'] : 1;
  return numberAt(status, 'availableReplicas') >= wanted && numberAt(status, 'updatedReplicas') >= wanted;
}

const numberAt = (status: Record<string, unknown>, field: string): number => Number(status[field] ?? 0);
