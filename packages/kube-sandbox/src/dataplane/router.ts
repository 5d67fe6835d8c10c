// Which rule a request meets: pure over plain objects, read once and kept as a table until they change.
import type { KubeObject } from '../objects.ts';
import { at, listOr, textOr } from '../apiserver/json.ts';
import { byPrecedence, httpRouteHosts, httpRouteRules, type RankedRule } from './http-route.ts';
import { bareHost, fullName, serviceOf, type MeshRequest, type Rule, type ServiceName } from './route.ts';
import { virtualServiceRules } from './virtual-service.ts';

export interface RouteObjects {
  virtualServices: readonly KubeObject[];
  httpRoutes: readonly KubeObject[];
  services: readonly KubeObject[];
}

export interface RouteTable {
  /** The first rule that matches; undefined when no route and no Service answers for the host, or none of its rules matches. */
  find(request: MeshRequest): Rule | undefined;
}

/** Rules by host: exact ones, and `*.suffix` ones with the longest first. `*` stands apart: it gives way to everything. */
class Hosts {
  readonly exact = new Map<string, Rule[]>();
  readonly any: Rule[] = [];
  readonly #suffixes = new Map<string, Rule[]>();

  add(host: string, rules: Rule[]): void {
    if (host === '*') this.any.push(...rules);
    else if (host.startsWith('*.')) append(this.#suffixes, host.slice(1), rules);
    else append(this.exact, host, rules);
  }

  wild(host: string): Rule[] | undefined {
    let found: [string, Rule[]] | undefined;
    for (const entry of this.#suffixes)
      if (host.endsWith(entry[0]) && entry[0].length > (found?.[0].length ?? 0)) found = entry;
    return found?.[1];
  }
}

function append(map: Map<string, Rule[]>, key: string, rules: Rule[]): void {
  map.set(key, [...(map.get(key) ?? []), ...rules]);
}

const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? '';

/** Where two objects speak for one host, the older one is asked first. */
const byAge = (a: KubeObject, b: KubeObject): number => {
  const keyOf = ({ metadata }: KubeObject): string =>
    `${metadata.creationTimestamp ?? ''} ${metadata.namespace ?? ''}/${metadata.name}`;
  return keyOf(a) < keyOf(b) ? -1 : 1;
};

function virtualServiceHosts(objects: readonly KubeObject[]): Hosts {
  const hosts = new Hosts();
  for (const object of [...objects].sort(byAge)) {
    const rules = virtualServiceRules(object);
    for (const host of listOr(at(object.spec, 'hosts')))
      hosts.add(meshHost(textOr(host).toLowerCase(), namespaceOf(object)), rules);
  }
  return hosts;
}

/** A short name or one that ends in `.svc` is a Service's, written out. */
function meshHost(host: string, namespace: string): string {
  if (host.startsWith('*')) return host;
  const name = !host.includes('.') || /\.svc(\.cluster\.local)?$/.test(host) ? serviceOf(host, namespace) : undefined;
  return name === undefined ? host : fullName(name);
}

function httpRouteTable(objects: readonly KubeObject[]): Hosts {
  const ranked = new Map<string, RankedRule[]>();
  for (const object of [...objects].sort(byAge)) {
    const rules = httpRouteRules(object);
    for (const host of httpRouteHosts(object).map((name) => name.toLowerCase()))
      ranked.set(host, [...(ranked.get(host) ?? []), ...rules]);
  }
  const hosts = new Hosts();
  for (const [host, rules] of ranked)
    hosts.add(
      host,
      rules.toSorted(byPrecedence).map(({ rule }) => rule),
    );
  return hosts;
}

/** A Service answers for its own names. */
function serviceRule(name: ServiceName): Rule {
  const from = `Service ${name.namespace}/${name.service}`;
  return { from, matches: () => true, destinations: [{ ...name, weight: 100 }], brokenStatus: 503 };
}

const MAX_REMEMBERED_HOSTS = 1000;

class Table implements RouteTable {
  readonly #virtual: Hosts;
  readonly #http: Hosts;
  readonly #services: Set<string>;
  readonly #namespaces: string[];
  readonly #byHost = new Map<string, readonly Rule[]>();

  constructor({ virtualServices, httpRoutes, services }: RouteObjects, namespace: string) {
    this.#virtual = virtualServiceHosts(virtualServices);
    this.#http = httpRouteTable(httpRoutes);
    this.#services = new Set(
      services.map((object) => fullName({ service: object.metadata.name, namespace: namespaceOf(object) })),
    );
    const all = [...virtualServices, ...httpRoutes, ...services].map(namespaceOf).sort();
    this.#namespaces = [...new Set([namespace, ...all])];
  }

  find(request: MeshRequest): Rule | undefined {
    const host = bareHost(request.host);
    let rules = this.#byHost.get(host);
    if (rules === undefined) {
      if (this.#byHost.size >= MAX_REMEMBERED_HOSTS) this.#byHost.clear();
      rules = this.#rulesOf(host);
      this.#byHost.set(host, rules);
    }
    return rules.find((rule) => rule.matches(request));
  }

  #rulesOf(host: string): readonly Rule[] {
    const names = [host, ...this.#fullNames(host)];
    for (const hosts of [this.#virtual, this.#http]) {
      const named = names.find((name) => hosts.exact.has(name));
      if (named !== undefined) return hosts.exact.get(named) ?? [];
    }
    const wild = this.#virtual.wild(host) ?? this.#http.wild(host);
    if (wild !== undefined) return wild;
    const service = names.map((name) => serviceOf(name, '')).find((name) => name && this.#services.has(fullName(name)));
    if (service) return [serviceRule(service)];
    return this.#virtual.any.length > 0 ? this.#virtual.any : this.#http.any;
  }

  /** What a host may mean as the name of a Service, the gateway's own namespace first: each in full and as `name.namespace`. */
  #fullNames(host: string): string[] {
    const namespaces = host.includes('.') ? [''] : this.#namespaces;
    return namespaces.flatMap((namespace) => {
      const name = serviceOf(host, namespace);
      return name === undefined ? [] : [fullName(name), `${name.service}.${name.namespace}`];
    });
  }
}

/** Reads the objects into a table. `namespace` is where a bare name is looked for first. */
export function routeTable(objects: RouteObjects, namespace = 'default'): RouteTable {
  return new Table(objects, namespace);
}
