// Health of what runs pods: all that is declared runs, is up to date and available, or has come to its end. Pure.
import { isRecord, recordsIn, textIn } from '../../../api/json.ts';
import type { KubeObject } from '../../../api/k8s.ts';
import {
  condition,
  degraded,
  healthy,
  numberAt,
  part,
  progressing,
  suspended,
  unknown,
  wordsOf,
  type Health,
} from './facts.ts';

/** The first count that falls short, as what it says. */
function short(of: number, counts: readonly [count: number, what: string][]): Health | undefined {
  const found = counts.find(([count]) => count < of);
  return found && progressing(`${found[0]} of ${of} ${found[1]}`);
}

export function deployment(object: KubeObject): Health {
  const [spec, status] = [part(object, 'spec'), part(object, 'status')];
  if (spec['paused'] === true) return suspended('is paused by spec.paused');
  const progress = condition(object, 'Progressing');
  if (progress?.reason === 'ProgressDeadlineExceeded') return degraded(wordsOf(progress));
  const wanted = numberAt(spec, 'replicas', 1);
  const all = numberAt(status, 'replicas', 0);
  const updated = numberAt(status, 'updatedReplicas', 0);
  const missing = short(wanted, [
    [all, 'pods are there'],
    [updated, 'pods are up to date'],
  ]);
  if (missing) return missing;
  if (all > wanted) return progressing(`${all - wanted} pods are to go`);
  const unavailable = short(updated, [
    [numberAt(status, 'availableReplicas', 0), 'pods are available'],
    [numberAt(status, 'readyReplicas', 0), 'pods are ready'],
  ]);
  if (unavailable) return unavailable;
  return isSeen(object) ? healthy() : progressing(UNSEEN);
}

const UNSEEN = 'has no status yet';
const isSeen = (object: KubeObject): boolean => part(object, 'status')['observedGeneration'] !== undefined;

export function statefulSet(object: KubeObject): Health {
  const [spec, status] = [part(object, 'spec'), part(object, 'status')];
  const strategy = isRecord(spec['updateStrategy']) ? spec['updateStrategy'] : {};
  const wanted = numberAt(spec, 'replicas', 1);
  const missing = short(wanted, [
    [numberAt(status, 'replicas', 0), 'pods are there'],
    [numberAt(status, 'readyReplicas', 0), 'pods are ready'],
  ]);
  if (missing) return missing;
  if (!isSeen(object)) return progressing(UNSEEN);
  const more = numberAt(status, 'replicas', 0) - wanted;
  if (more > 0) return progressing(`${more} pods are to go`);
  // Pods of an earlier revision stay until somebody deletes them: that is declared.
  return strategy['type'] === 'OnDelete' ? healthy() : rolledOut(strategy, status, wanted);
}

function rolledOut(strategy: Record<string, unknown>, status: Record<string, unknown>, wanted: number): Health {
  const rolling = isRecord(strategy['rollingUpdate']) ? strategy['rollingUpdate'] : {};
  const partition = numberAt(rolling, 'partition', 0);
  if (partition === 0 && status['currentRevision'] === status['updateRevision']) return healthy();
  const updated = Math.max(wanted - partition, 0);
  const old = short(updated, [[numberAt(status, 'updatedReplicas', 0), 'pods are up to date']]);
  return old ?? (partition === 0 ? progressing('its new revision is not the current one yet') : healthy());
}

export function daemonSet(object: KubeObject): Health {
  const status = part(object, 'status');
  const strategy = part(object, 'spec')['updateStrategy'];
  if (!isSeen(object)) return progressing(UNSEEN);
  const wanted = numberAt(status, 'desiredNumberScheduled', 0);
  const updated = numberAt(status, 'updatedNumberScheduled', 0);
  const isOnDelete = isRecord(strategy) && strategy['type'] === 'OnDelete';
  const missing = short(wanted, [
    [numberAt(status, 'currentNumberScheduled', 0), 'pods are scheduled'],
    [isOnDelete ? wanted : updated, 'pods are up to date'],
    [numberAt(status, 'numberAvailable', 0), 'pods are available'],
    [numberAt(status, 'numberReady', 0), 'pods are ready'],
  ]);
  return missing ?? healthy();
}

export function replicaSet(object: KubeObject): Health {
  const [spec, status] = [part(object, 'spec'), part(object, 'status')];
  const failure = condition(object, 'ReplicaFailure');
  if (failure?.status === 'True') return progressing(wordsOf(failure));
  const wanted = numberAt(spec, 'replicas', 1);
  const missing = short(wanted, [
    [numberAt(status, 'replicas', 0), 'pods are there'],
    [numberAt(status, 'availableReplicas', 0), 'pods are available'],
    [numberAt(status, 'readyReplicas', 0), 'pods are ready'],
  ]);
  return missing ?? (isSeen(object) ? healthy() : progressing(UNSEEN));
}

/** Work that ends: it is not done before it has ended. */
export function job(object: KubeObject): Health {
  const failed = condition(object, 'Failed');
  if (failed?.status === 'True') return degraded(wordsOf(failed));
  if (condition(object, 'Complete')?.status === 'True') return healthy('has completed');
  if (part(object, 'spec')['suspend'] === true) return suspended('is suspended by spec.suspend');
  return progressing('is running');
}

export function pod(object: KubeObject): Health {
  const status = part(object, 'status');
  switch (status['phase']) {
    case 'Succeeded':
      return healthy('has completed');
    case 'Failed':
      return degraded(textIn(status['message']) ?? textIn(status['reason']) ?? 'has failed');
    case 'Unknown':
      return unknown('its node does not answer');
    default:
      return running(object, status);
  }
}

function running(object: KubeObject, status: Record<string, unknown>): Health {
  const containers = [status['initContainerStatuses'], status['containerStatuses']].flatMap(recordsIn);
  const stuck = containers.flatMap((one) => stuckIn(one)).at(0);
  if (stuck !== undefined) return degraded(stuck);
  if (condition(object, 'Ready')?.status === 'True') return healthy();
  const scheduled = condition(object, 'PodScheduled');
  if (scheduled?.status === 'False') return progressing(wordsOf(scheduled));
  return progressing('is not ready yet');
}

/** A container that comes to nothing as it is declared. */
const STUCK = new Set(['CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull', 'InvalidImageName']);

function stuckIn({ name, state }: Record<string, unknown>): string[] {
  const waiting = isRecord(state) && isRecord(state['waiting']) ? state['waiting'] : {};
  const reason = textIn(waiting['reason']);
  if (reason === undefined || !STUCK.has(reason)) return [];
  return [`container ${textIn(name) ?? ''}: ${textIn(waiting['message']) ?? reason}`];
}
