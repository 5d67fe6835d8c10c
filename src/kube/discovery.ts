// Which resources the API server serves: aggregated discovery (two requests), or the older documents where that is missing.
import type { Clock } from '../ports/clock.ts';
import { errorFromResponse } from './errors.ts';
import type { CallOptions, RawRequest, RawResponse, ServedResource } from './types.ts';

const ACCEPT = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
const MIN_REFRESH_MS = 2_000;

interface Aggregated {
  kind: 'APIGroupDiscoveryList';
  items?: { metadata?: { name?: string }; versions?: AggregatedVersion[] }[];
}

interface AggregatedVersion {
  version: string;
  resources?: {
    resource: string;
    responseKind?: { kind: string };
    scope: string;
    verbs: string[];
    subresources?: { subresource: string }[];
  }[];
}

interface LegacyGroups {
  kind: 'APIGroupList';
  groups?: { name: string; versions: { version: string }[]; preferredVersion?: { version: string } }[];
}

interface LegacyVersions {
  kind: 'APIVersions';
  versions?: string[];
}

interface LegacyResources {
  resources?: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
}

interface GroupVersion {
  group: string;
  version: string;
  preferred: boolean;
}

type Ask = (request: RawRequest) => Promise<RawResponse>;

export class Discovery {
  readonly #ask: Ask;
  readonly #clock: Clock;
  #known: Promise<readonly ServedResource[]> | undefined;
  #askedAt = -Infinity;

  constructor(ask: Ask, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  all(options: CallOptions & { refresh?: boolean } = {}): Promise<readonly ServedResource[]> {
    if (this.#known === undefined || options.refresh) {
      this.#askedAt = this.#clock.now();
      const asked = this.#read(options);
      this.#known = asked;
      asked.catch(() => {
        if (this.#known === asked) this.#known = undefined;
      });
    }
    return this.#known;
  }

  async find(apiVersion: string, kind: string, options: CallOptions = {}): Promise<ServedResource | undefined> {
    const found = pick(await this.all(options), apiVersion, kind);
    if (found !== undefined || this.#clock.now() - this.#askedAt < MIN_REFRESH_MS) return found;
    return pick(await this.all({ ...options, refresh: true }), apiVersion, kind);
  }

  async #read(options: CallOptions): Promise<readonly ServedResource[]> {
    const roots = await Promise.all(['/api', '/apis'].map((path) => this.#document(path, options)));
    const lists = await Promise.all(roots.map((root) => this.#resources(root, options)));
    return lists.flat();
  }

  async #resources(root: unknown, options: CallOptions): Promise<ServedResource[]> {
    const document = root as Aggregated | LegacyGroups | LegacyVersions;
    if (document.kind === 'APIGroupDiscoveryList') return fromAggregated(document);
    const versions = document.kind === 'APIGroupList' ? groupVersions(document) : coreVersions(document);
    const lists = await Promise.all(versions.map((each) => this.#legacy(each, options)));
    return lists.flat();
  }

  async #legacy(of: GroupVersion, options: CallOptions): Promise<ServedResource[]> {
    const path = of.group === '' ? `/api/${of.version}` : `/apis/${of.group}/${of.version}`;
    const document = (await this.#document(path, options, true)) as LegacyResources | undefined;
    return document === undefined ? [] : fromLegacy(of, document);
  }

  /** `lenient`: a group whose extension server is away (503) or just left (404) is skipped, as kubectl does. */
  async #document(path: string, options: CallOptions, lenient = false): Promise<unknown> {
    const { signal, urgent, timeoutMs } = options;
    const headers = { accept: ACCEPT };
    const answer = await this.#ask({ method: 'GET', path, headers, signal, urgent, timeoutMs });
    if (answer.status < 400) return JSON.parse(answer.body) as unknown;
    if (lenient && (answer.status === 404 || answer.status === 503)) return undefined;
    throw errorFromResponse(answer.status, answer.headers, answer.body);
  }
}

function pick(all: readonly ServedResource[], apiVersion: string, kind: string): ServedResource | undefined {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion];
  return all.find((each) => each.kind === kind && each.group === group && each.version === version);
}

function fromAggregated(document: Aggregated): ServedResource[] {
  return (document.items ?? []).flatMap((group) =>
    (group.versions ?? []).flatMap((version, index) =>
      (version.resources ?? []).map((each) => ({
        group: group.metadata?.name ?? '',
        version: version.version,
        plural: each.resource,
        kind: each.responseKind?.kind ?? '',
        namespaced: each.scope === 'Namespaced',
        verbs: each.verbs,
        subresources: (each.subresources ?? []).map((sub) => sub.subresource),
        preferred: index === 0,
      })),
    ),
  );
}

function groupVersions(document: LegacyGroups): GroupVersion[] {
  return (document.groups ?? []).flatMap((group) =>
    group.versions.map(({ version }) => ({
      group: group.name,
      version,
      preferred: version === (group.preferredVersion?.version ?? group.versions[0]?.version),
    })),
  );
}

function coreVersions(document: LegacyVersions): GroupVersion[] {
  return (document.versions ?? []).map((version, index) => ({ group: '', version, preferred: index === 0 }));
}

function fromLegacy(of: GroupVersion, document: LegacyResources): ServedResource[] {
  const all = document.resources ?? [];
  return all
    .filter((each) => !each.name.includes('/'))
    .map((each) => ({
      ...of,
      plural: each.name,
      kind: each.kind,
      namespaced: each.namespaced,
      verbs: each.verbs,
      subresources: all
        .filter((sub) => sub.name.startsWith(`${each.name}/`))
        .map((sub) => sub.name.slice(each.name.length + 1)),
    }));
}
