// What Endpoints and EndpointSlices list for a Service, as pure functions of the Service and its pods.
import { hasEnded, isDeleted, isReady, type Pod } from './pod.ts';
import { portsOn, type EndpointPort, type Service } from './service-ports.ts';

/** Endpoints in one slice, as the real controller fills them. */
const SLICE_SIZE = 100;

export interface SliceContent {
  endpoints: Record<string, unknown>[] | null;
  ports: EndpointPort[] | null;
}

interface Group {
  ports: EndpointPort[];
  pods: Pod[];
}

const byName = (a: Pod, b: Pod): number => (a.metadata.name < b.metadata.name ? -1 : 1);

/** Pods with an address that have not ended, in order of name, together with those that serve the same ports. */
function groups(service: Service, pods: readonly Pod[]): Group[] {
  const found = new Map<string, Group>();
  const placed = pods.filter((pod) => !hasEnded(pod) && (pod.status?.podIP ?? '') !== '');
  for (const pod of placed.toSorted(byName)) {
    const ports = portsOn(service, pod);
    const id = JSON.stringify(ports);
    const group = found.get(id);
    if (group === undefined) found.set(id, { ports, pods: [pod] });
    else group.pods.push(pod);
  }
  return [...found.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

const targetOf = ({ metadata }: Pod): Record<string, unknown> => ({
  kind: 'Pod',
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
});

function endpointOf(service: Service, pod: Pod): Record<string, unknown> {
  const serving = isReady(pod);
  const terminating = isDeleted(pod);
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  return {
    addresses: [pod.status?.podIP],
    conditions: { ready, serving, terminating },
    targetRef: targetOf(pod),
    nodeName: pod.spec.nodeName,
  };
}

/** The slices of a Service; one that is empty where there is nothing to list. */
export function sliceContents(service: Service, pods: readonly Pod[]): SliceContent[] {
  const slices = groups(service, pods).flatMap((group) => {
    const endpoints = group.pods.map((pod) => endpointOf(service, pod));
    const starts = Array.from({ length: Math.ceil(endpoints.length / SLICE_SIZE) }, (_, i) => i * SLICE_SIZE);
    return starts.map((start) => ({ endpoints: endpoints.slice(start, start + SLICE_SIZE), ports: group.ports }));
  });
  return slices.length === 0 ? [{ endpoints: null, ports: null }] : slices;
}

/** The subsets of Endpoints: pods on their way out are in none. */
export function subsetsOf(service: Service, pods: readonly Pod[]): Record<string, unknown>[] {
  const present = pods.filter((pod) => !isDeleted(pod));
  return groups(service, present).map((group) => {
    const isPublished = (pod: Pod): boolean => isReady(pod) || service.spec.publishNotReadyAddresses === true;
    const addresses = group.pods.filter(isPublished).map(addressOf);
    const notReadyAddresses = group.pods.filter((pod) => !isPublished(pod)).map(addressOf);
    const ports = group.ports.map(({ name, ...port }) => (name === '' ? port : { name, ...port }));
    return {
      ...(addresses.length === 0 ? {} : { addresses }),
      ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
      ...(ports.length === 0 ? {} : { ports }),
    };
  });
}

const addressOf = (pod: Pod): Record<string, unknown> => ({
  ip: pod.status?.podIP,
  nodeName: pod.spec.nodeName,
  targetRef: targetOf(pod),
});
