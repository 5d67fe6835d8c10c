// What takes a Rollout's place when it leaves Git: the workload whose pods the same Services reach. Until it is available the old pods stay.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { nameOf } from '../../api/object-key.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { Wanted } from '../revert/wanted.ts';
import type { Seen } from '../seen.ts';

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout']);

/** Name of a declared workload that answers for the Rollout's pods and is not available yet. */
export function waitsForSuccessor(rollout: Rollout, wanted: Wanted, seen: Seen): string | undefined {
  const labels = rollout.spec?.selector?.matchLabels ?? {};
  for (const { key, ref, object } of wanted.objects) {
    if (!WORKLOADS.has(ref.kind) || ref.namespace !== rollout.metadata.namespace) continue;
    if (ref.kind === 'Rollout' && ref.name === rollout.metadata.name) continue;
    if (!matches(podLabels(object), labels)) continue;
    const found = seen.live(key);
    if (found.state !== 'known' || !found.object || !isAvailable(found.object)) return nameOf(ref);
  }
  return undefined;
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
  const observed = Number(status['observedGeneration'] ?? 0) >= (metadata.generation ?? 0);
  if (kind === 'DaemonSet') return observed && status['numberAvailable'] === status['desiredNumberScheduled'];
  const wanted = typeof spec['replicas'] === 'number' ? spec['replicas'] : 1;
  return (
    observed && Number(status['availableReplicas'] ?? 0) >= wanted && Number(status['updatedReplicas'] ?? 0) >= wanted
  );
}
