// Health of what Kubernetes itself serves besides workloads: storage, load balancers, definitions, budgets, namespaces. Pure.
import { isRecord } from '../../../api/json.ts';
import type { KubeObject } from '../../../api/k8s.ts';
import { condition, degraded, healthy, numberAt, part, progressing, wordsOf, type Health } from './facts.ts';

export function claim(object: KubeObject): Health {
  const phase = part(object, 'status')['phase'];
  if (phase === 'Bound') return healthy();
  return phase === 'Lost' ? degraded('its volume is lost') : progressing('no volume is bound to it yet');
}

export function service(object: KubeObject): Health {
  if (part(object, 'spec')['type'] !== 'LoadBalancer') return healthy();
  const balancer = part(object, 'status')['loadBalancer'];
  const ingress = isRecord(balancer) && Array.isArray(balancer['ingress']) ? balancer['ingress'] : [];
  return ingress.length > 0 ? healthy() : progressing('its load balancer has no address yet');
}

export function definition(object: KubeObject): Health {
  const names = condition(object, 'NamesAccepted');
  if (names?.status === 'False') return degraded(wordsOf(names));
  const established = condition(object, 'Established');
  if (established?.status === 'True') return healthy();
  const isFailed = established?.status === 'False' && established.reason !== 'Installing';
  return isFailed ? degraded(wordsOf(established)) : progressing('is not served yet');
}

export function budget(object: KubeObject): Health {
  const status = part(object, 'status');
  if (status['observedGeneration'] === undefined) return progressing('has no status yet');
  const [now, wanted] = [numberAt(status, 'currentHealthy', 0), numberAt(status, 'desiredHealthy', 0)];
  return now < wanted ? progressing(`${now} of ${wanted} pods are healthy`) : healthy();
}

export const namespace = (object: KubeObject): Health =>
  part(object, 'status')['phase'] === 'Terminating' ? progressing('is being deleted') : healthy();

export function apiService(object: KubeObject): Health {
  const available = condition(object, 'Available');
  if (available === undefined) return progressing('has no status yet');
  return available.status === 'True' ? healthy() : progressing(wordsOf(available));
}
