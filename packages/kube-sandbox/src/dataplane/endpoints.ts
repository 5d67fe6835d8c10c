// The pods behind a Service, or behind a subset of it: pure over plain objects, worked out once per destination until they change.
import type { KubeObject } from '../objects.ts';
import { at, dictOr, listOr, textOr } from '../apiserver/json.ts';
import { identityOf, isEndpoint, type PodIdentity } from './pod-identity.ts';
import { serviceOf, type Destination } from './route.ts';

export interface EndpointObjects {
  services: readonly KubeObject[];
  destinationRules: readonly KubeObject[];
  pods: readonly KubeObject[];
}

export type Endpoints =
  { kind: 'known'; pods: readonly PodIdentity[] } | { kind: 'no-service' } | { kind: 'no-subset' };

export interface EndpointTable {
  /** Ready pods, in order of name. */
  of(destination: Destination): Endpoints;
}

type Labels = Record<string, unknown>;

const has = (labels: Record<string, string>, wanted: Labels): boolean =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value);

/** Labels of a subset, from the DestinationRules of the Service's host. */
function subsetLabels(rules: readonly KubeObject[], { namespace, service, subset }: Destination): Labels | undefined {
  for (const rule of rules) {
    const host = serviceOf(textOr(at(rule.spec, 'host')), rule.metadata.namespace ?? '');
    if (host?.service !== service || host.namespace !== namespace) continue;
    const found = listOr(at(rule.spec, 'subsets'))
      .map(dictOr)
      .find((entry) => entry['name'] === subset);
    if (found !== undefined) return dictOr(found['labels']);
  }
  return undefined;
}

function workOut({ services, destinationRules, pods }: EndpointObjects, destination: Destination): Endpoints {
  const { namespace, service } = destination;
  const object = services.find(({ metadata }) => metadata.name === service && metadata.namespace === namespace);
  if (object === undefined) return { kind: 'no-service' };
  const subset = destination.subset === undefined ? {} : subsetLabels(destinationRules, destination);
  if (subset === undefined) return { kind: 'no-subset' };
  const selector = dictOr(at(object.spec, 'selector'));
  if (Object.keys(selector).length === 0) return { kind: 'known', pods: [] };
  const behind = pods.filter((pod) => {
    const labels = pod.metadata.labels ?? {};
    return pod.metadata.namespace === namespace && has(labels, selector) && has(labels, subset) && isEndpoint(pod);
  });
  const named = behind.map(identityOf);
  return { kind: 'known', pods: named.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

export function endpointTable(objects: EndpointObjects): EndpointTable {
  const known = new Map<string, Endpoints>();
  return {
    of(destination) {
      const { namespace, service, subset = '' } = destination;
      const key = `${namespace}/${service}/${subset}`;
      let endpoints = known.get(key);
      if (endpoints === undefined) {
        endpoints = workOut(objects, destination);
        known.set(key, endpoints);
      }
      return endpoints;
    },
  };
}
