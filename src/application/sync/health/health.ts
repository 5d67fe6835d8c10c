// How an object in the cluster does, as its own status says. Pure.
import type { KubeObject } from '../../../api/k8s.ts';
import { splitApiVersion } from '../../../api/object-key.ts';
import { byReady, firstOf } from './any-kind.ts';
import { apiService, budget, claim, definition, namespace, service } from './cluster-kinds.ts';
import {
  argoApplication,
  bySynced,
  certificate,
  gateway,
  inferenceService,
  readyAlone,
  rollout,
  route,
  run,
  scaledObject,
} from './custom-kinds.ts';
import type { Health, Rule } from './facts.ts';
import { daemonSet, deployment, job, pod, replicaSet, statefulSet } from './workloads.ts';

/** By `group/Kind`. */
const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['apps/Deployment', deployment],
  ['apps/StatefulSet', statefulSet],
  ['apps/DaemonSet', daemonSet],
  ['apps/ReplicaSet', replicaSet],
  ['batch/Job', job],
  ['/Pod', pod],
  ['/PersistentVolumeClaim', claim],
  ['/Service', service],
  ['/Namespace', namespace],
  ['policy/PodDisruptionBudget', budget],
  ['apiextensions.k8s.io/CustomResourceDefinition', definition],
  ['apiregistration.k8s.io/APIService', apiService],
  ['sluice.dev/Rollout', rollout],
  ['argoproj.io/Rollout', rollout],
  ['sluice.dev/AnalysisRun', run],
  ['argoproj.io/AnalysisRun', run],
  ['argoproj.io/Experiment', run],
  ['argoproj.io/Workflow', run],
  ['argoproj.io/Application', argoApplication],
  ['gateway.networking.k8s.io/Gateway', gateway],
  ['gateway.networking.k8s.io/HTTPRoute', route],
  ['gateway.networking.k8s.io/GRPCRoute', route],
  ['gateway.networking.k8s.io/TLSRoute', route],
  ['gateway.networking.k8s.io/TCPRoute', route],
  ['gateway.networking.k8s.io/UDPRoute', route],
  ['cert-manager.io/Certificate', certificate],
  ['keda.sh/ScaledObject', scaledObject],
  ['serving.knative.dev/Service', readyAlone],
  ['serving.kserve.io/InferenceService', inferenceService],
]);

/** Objects of caches are replaced, never changed: what was looked at once needs no second look. */
const known = new WeakMap<KubeObject, Health>();

/** Health of a live object. What has no status to tell by is healthy in being there. */
export function healthOf(object: KubeObject): Health {
  const before = known.get(object);
  if (before) return before;
  const health = judge(object);
  known.set(object, health);
  return health;
}

function judge(object: KubeObject): Health {
  const [group] = splitApiVersion(object.apiVersion);
  const first = firstOf(object);
  if (first) return first;
  const special = RULES.get(`${group}/${object.kind}`);
  return special?.(object) ?? bySynced(object) ?? byReady(object);
}
