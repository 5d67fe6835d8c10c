// The endpoint controllers: for each Service with a selector, Endpoints and EndpointSlices that list the pods behind it.
import type { KubeObject } from '../objects.ts';
import { toTime, type Clock } from '../clock.ts';
import { equal } from '../apiserver/json.ts';
import { sliceContents, subsetsOf, type SliceContent } from './endpoint-lists.ts';
import { follow, startController, versionsIn } from './controller.ts';
import { KeyQueue } from './key-queue.ts';
import { keyOf, type KindCache } from './kind-cache.ts';
import { controlledBy, isDeleted, type Pod } from './pod.ts';
import { labelValue, matches, podsWith } from './selector.ts';
import type { Service } from './service-ports.ts';

export const SERVICE = { group: '', kind: 'Service' };
export const ENDPOINTS = { group: '', kind: 'Endpoints' };
export const ENDPOINT_SLICE = { group: 'discovery.k8s.io', kind: 'EndpointSlice' };
/** Name of the index of Services by namespace and a label that they select by. */
export const BY_SELECTED = 'selected';
/** Name of the index of slices by the key of their Service. */
export const BY_SERVICE = 'service';

const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const SLICE_MANAGER = 'endpointslice-controller.k8s.io';
const ENDPOINTS_MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const CHANGED_AT = 'endpoints.kubernetes.io/last-change-trigger-time';
const HEADLESS = 'service.kubernetes.io/headless';

export type Slice = KubeObject & { endpoints: unknown[] | null; ports: unknown[] | null };

export const selectedIndexer = ({ metadata, spec }: Service): string[] =>
  Object.entries(spec.selector ?? {}).map(([key, value]) => labelValue(metadata.namespace, key, value));

export function sliceIndexer({ metadata }: Slice): string[] {
  const name = metadata.labels?.[SERVICE_NAME];
  const isOurs = metadata.labels?.[MANAGED_BY] === SLICE_MANAGER;
  return name === undefined || !isOurs ? [] : [`${metadata.namespace ?? ''}/${name}`];
}

export interface EndpointsParts {
  clock: Clock;
  pods: KindCache<Pod>;
  services: KindCache<Service>;
  endpoints: KindCache<KubeObject>;
  slices: KindCache<Slice>;
}

export class EndpointsController {
  readonly #parts: EndpointsParts;
  readonly #queue: KeyQueue;

  constructor(parts: EndpointsParts) {
    this.#parts = parts;
    this.#queue = startController({
      queue: new KeyQueue(parts.clock),
      kinds: [
        follow(parts.services, ({ object }) => [keyOf(object)]),
        follow(parts.slices, ({ object }) => sliceIndexer(object)),
        follow(parts.endpoints, ({ object }) => [keyOf(object)]),
        follow(parts.pods, (change) => versionsIn(change).flatMap((pod) => this.#selecting(pod))),
      ],
      reconcile: (key) => this.#reconcile(key),
    });
  }

  stop(): void {
    this.#queue.stop();
  }

  /** The Services that select a pod. */
  #selecting({ metadata }: Pod): string[] {
    return Object.entries(metadata.labels ?? {})
      .flatMap(([key, value]) => this.#parts.services.by(BY_SELECTED, labelValue(metadata.namespace, key, value)))
      .filter(({ spec }) => matches({ matchLabels: spec.selector ?? {} }, metadata.labels))
      .map(keyOf);
  }

  #reconcile(key: string): void {
    const service = this.#parts.services.fresh(key);
    if (service === undefined || isDeleted(service)) return this.#remove(key);
    const selector = service.spec.selector ?? {};
    if (Object.keys(selector).length === 0 || service.spec.type === 'ExternalName') return;
    const pods = podsWith(this.#parts.pods, service.metadata.namespace ?? '', selector);
    this.#writeEndpoints(service, pods);
    this.#writeSlices(service, sliceContents(service, pods));
  }

  /** The Endpoints that this controller made, and its slices, go with the Service. */
  #remove(key: string): void {
    const { endpoints, slices } = this.#parts;
    const present = endpoints.get(key);
    if (present?.metadata.labels?.[ENDPOINTS_MANAGED_BY] !== undefined) endpoints.delete(present);
    for (const slice of slices.by(BY_SERVICE, key)) slices.delete(slice);
  }

  #writeEndpoints(service: Service, pods: readonly Pod[]): void {
    const { name, namespace = '' } = service.metadata;
    const subsets = subsetsOf(service, pods);
    const labels = { ...labelsOf(service), [ENDPOINTS_MANAGED_BY]: 'endpoint-controller' };
    const present = this.#parts.endpoints.fresh(keyOf(service));
    const content = subsets.length === 0 ? {} : { subsets };
    if (present === undefined) {
      const metadata = { name, namespace, labels, annotations: this.#changedNow() };
      this.#parts.endpoints.create({ apiVersion: 'v1', kind: 'Endpoints', metadata, ...content });
    } else if (!equal(present['subsets'] ?? [], subsets) || !equal(present.metadata.labels, labels)) {
      const { subsets: _before, ...rest } = present;
      const annotations = { ...present.metadata.annotations, ...this.#changedNow() };
      this.#parts.endpoints.update({ ...rest, metadata: { ...present.metadata, labels, annotations }, ...content });
    }
  }

  /** Writes each content into the slice that has its ports already, else into any that is left. */
  #writeSlices(service: Service, contents: readonly SliceContent[]): void {
    const left = this.#parts.slices.by(BY_SERVICE, keyOf(service));
    const take = (fits: (slice: Slice) => boolean): Slice | undefined => {
      const index = left.findIndex(fits);
      return index < 0 ? undefined : left.splice(index, 1)[0];
    };
    const placed = contents.map((content) => ({ content, slice: take(({ ports }) => equal(ports, content.ports)) }));
    for (const { content, slice } of placed) this.#writeSlice(service, content, slice ?? take(() => true));
    for (const slice of left) this.#parts.slices.delete(slice);
  }

  #writeSlice(service: Service, { endpoints, ports }: SliceContent, present: Slice | undefined): void {
    const { name, namespace = '' } = service.metadata;
    const labels = { ...labelsOf(service), [MANAGED_BY]: SLICE_MANAGER, [SERVICE_NAME]: name };
    if (present === undefined) {
      const metadata = {
        name: '',
        generateName: `${name}-`,
        namespace,
        labels,
        annotations: this.#changedNow(),
        ownerReferences: [controlledBy({ ...service, apiVersion: 'v1', kind: 'Service' })],
      };
      const head = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4' };
      this.#parts.slices.create({ ...head, endpoints, ports });
      return;
    }
    const isSame =
      equal(present.endpoints, endpoints) && equal(present.ports, ports) && equal(present.metadata.labels, labels);
    if (isSame) return;
    const annotations = { ...present.metadata.annotations, ...this.#changedNow() };
    this.#parts.slices.update({ ...present, metadata: { ...present.metadata, labels, annotations }, endpoints, ports });
  }

  #changedNow(): Record<string, string> {
    return { [CHANGED_AT]: toTime(this.#parts.clock.now()) };
  }
}

/** The Service's own labels, and the mark of a headless one. */
const labelsOf = ({ metadata, spec }: Service): Record<string, string> => ({
  ...metadata.labels,
  ...(spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}),
});
