// The routes and endpoints that requests are carried by: the objects of the store, followed by watching, in force after a set time.
import type { KubeObject } from '../objects.ts';
import type { Clock } from '../clock.ts';
import type { ObjectStore, StoreEvent } from '../apiserver/store.ts';
import { endpointTable, type EndpointTable } from './endpoints.ts';
import { routeTable, type RouteTable } from './router.ts';

export interface MeshOptions {
  store: ObjectStore;
  clock: Clock;
  /** Milliseconds from a change in the store to requests going by it; 0: as soon as it is announced. */
  propagationMs: number;
  /** Where a bare host name is looked for first. */
  namespace: string;
}

const KINDS = {
  virtualServices: { group: 'networking.istio.io', kind: 'VirtualService' },
  destinationRules: { group: 'networking.istio.io', kind: 'DestinationRule' },
  httpRoutes: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' },
  services: { group: '', kind: 'Service' },
  pods: { group: '', kind: 'Pod' },
} as const;
type Kind = keyof typeof KINDS;

/** What has to be read again when an object of a kind changes. */
const ROUTE_KINDS = new Set<Kind>(['virtualServices', 'httpRoutes', 'services']);
const ENDPOINT_KINDS = new Set<Kind>(['destinationRules', 'services', 'pods']);

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

export class Mesh {
  readonly #options: MeshOptions;
  readonly #objects = new Map<Kind, Map<string, KubeObject>>();
  readonly #ends: (() => void)[] = [];
  /** Announced and not yet in force, in order. */
  readonly #coming: { kind: Kind; event: StoreEvent }[] = [];
  #routes: RouteTable | undefined;
  #endpoints: EndpointTable | undefined;

  constructor(options: MeshOptions) {
    this.#options = options;
    for (const kind of Object.keys(KINDS) as Kind[]) {
      const objects = options.store.list(KINDS[kind]);
      this.#objects.set(kind, new Map(objects.map((object) => [keyOf(object), object])));
      this.#ends.push(options.store.subscribe(KINDS[kind], (event) => this.#announce(kind, event)));
    }
  }

  get routes(): RouteTable {
    this.#routes ??= routeTable(
      {
        virtualServices: this.#all('virtualServices'),
        httpRoutes: this.#all('httpRoutes'),
        services: this.#all('services'),
      },
      this.#options.namespace,
    );
    return this.#routes;
  }

  get endpoints(): EndpointTable {
    this.#endpoints ??= endpointTable({
      services: this.#all('services'),
      destinationRules: this.#all('destinationRules'),
      pods: this.#all('pods'),
    });
    return this.#endpoints;
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#coming.length = 0;
  }

  #all(kind: Kind): KubeObject[] {
    return [...(this.#objects.get(kind)?.values() ?? [])];
  }

  #announce(kind: Kind, event: StoreEvent): void {
    const { clock, propagationMs } = this.#options;
    if (propagationMs <= 0) return this.#apply(kind, event);
    this.#coming.push({ kind, event });
    clock.after(propagationMs, () => {
      const next = this.#coming.shift();
      if (next !== undefined) this.#apply(next.kind, next.event);
    });
  }

  #apply(kind: Kind, { type, object }: StoreEvent): void {
    const objects = this.#objects.get(kind);
    if (type === 'DELETED') objects?.delete(keyOf(object));
    else objects?.set(keyOf(object), object);
    if (ROUTE_KINDS.has(kind)) this.#routes = undefined;
    if (ENDPOINT_KINDS.has(kind)) this.#endpoints = undefined;
  }
}
