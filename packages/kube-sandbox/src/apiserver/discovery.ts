// Discovery: which groups, versions and resources are served, plain and aggregated.
import type { Answer, Call } from './call.ts';
import { PlainNotFound, StatusError } from './errors.ts';
import type { Dict } from './json.ts';
import type { Registry } from './registry.ts';
import { versionOrder } from './registry.ts';
import type { ResourceType } from './resource.ts';

const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const SUB_VERBS = ['get', 'patch', 'update'];

const verbsOf = (type: ResourceType): string[] =>
  type.isReview === true ? ['create'] : type.builtin ? VERBS : CUSTOM_VERBS;
const subVerbs = (name: string): string[] => (name === 'eviction' || name === 'token' ? ['create'] : SUB_VERBS);
const gv = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

/** Subresources of another kind than their object. */
const FOREIGN: Record<string, Dict> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
};

function responseKind(type: ResourceType, subresource = ''): Dict {
  const foreign = FOREIGN[subresource];
  if (foreign !== undefined) return foreign;
  return type.builtin
    ? { group: '', version: '', kind: type.kind }
    : { group: type.group, version: type.version, kind: type.kind };
}

function aggregatedResource(type: ResourceType): Dict {
  const subresources = type.subresources.map((name) => ({
    subresource: name,
    responseKind: responseKind(type, name),
    verbs: subVerbs(name),
  }));
  return {
    resource: type.plural,
    responseKind: responseKind(type),
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: verbsOf(type),
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

function aggregatedGroup(registry: Registry, group: string, versions: string[]): Dict {
  return {
    metadata: group === '' ? {} : { name: group },
    versions: versions.map((version) => ({
      version,
      resources: byName(registry.inVersion({ group, version })).map(aggregatedResource),
      freshness: 'Current',
    })),
  };
}

const byName = (types: ResourceType[]): ResourceType[] => types.toSorted((a, b) => (a.plural < b.plural ? -1 : 1));

function plainResources(types: ResourceType[]): Dict[] {
  return byName(types).flatMap((type) => [
    {
      name: type.plural,
      singularName: type.singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: verbsOf(type),
      ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
      ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    },
    ...type.subresources.map((name) => ({
      name: `${type.plural}/${name}`,
      singularName: '',
      namespaced: type.namespaced,
      ...(FOREIGN[name] ?? { kind: type.kind }),
      verbs: subVerbs(name),
    })),
  ]);
}

function groupOf(name: string, versions: string[]): Dict {
  const list = versions.toSorted(versionOrder).map((version) => ({ groupVersion: gv(name, version), version }));
  return { name, versions: list, preferredVersion: list[0] };
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

const wantsAggregated = (call: Call): boolean =>
  (call.headers['accept'] ?? '').split(',').some((part) => {
    const text = part.replaceAll(' ', '');
    return (
      text.includes('g=apidiscovery.k8s.io') && text.includes('v=v2;') && text.includes('as=APIGroupDiscoveryList')
    );
  });

function aggregated(registry: Registry, isCore: boolean): Answer {
  const items = [...registry.groups()]
    .filter(([group]) => (group === '') === isCore)
    .map(([group, versions]) => aggregatedGroup(registry, group, versions));
  const body = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
  return { status: 200, body, headers: { 'content-type': AGGREGATED, vary: 'Accept', 'cache-control': 'public' } };
}

function root(call: Call, isCore: boolean): Answer {
  const { registry } = call.server;
  if (wantsAggregated(call)) return aggregated(registry, isCore);
  if (isCore) {
    const clientCIDR = '0.0.0.0/0';
    const serverAddress = call.headers['host'] ?? 'localhost';
    const addresses = [{ clientCIDR, serverAddress }];
    return { status: 200, body: { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: addresses } };
  }
  const groups = [...registry.groups()].filter(([g]) => g !== '').map(([g, versions]) => groupOf(g, versions));
  return { status: 200, body: { kind: 'APIGroupList', apiVersion: 'v1', groups } };
}

/** Answers /api, /apis, /apis/GROUP and the resource lists below; undefined for other paths. */
export function serveDiscovery(call: Call): Answer | undefined {
  const [tree, ...rest] = call.path.split('/').filter(Boolean);
  if (tree === 'api' && rest.length <= 1) return serveCore(call, rest[0]);
  if (tree === 'apis' && rest.length <= 2) return serveGroups(call, rest[0], rest[1]);
  return undefined;
}

function serveCore(call: Call, version: string | undefined): Answer {
  if (version === undefined) return root(call, true);
  if (version !== 'v1') throw new PlainNotFound();
  const resources = plainResources(call.server.registry.inVersion({ group: '', version }));
  return { status: 200, body: { kind: 'APIResourceList', groupVersion: version, resources } };
}

function serveGroups(call: Call, group: string | undefined, version: string | undefined): Answer {
  const { registry } = call.server;
  if (group === undefined) return root(call, false);
  const versions = registry.groups().get(group);
  if (versions === undefined) throw new PlainNotFound();
  if (version === undefined) return serveGroup(call, group, versions);
  if (!versions.includes(version)) throw new PlainNotFound();
  const resources = plainResources(registry.inVersion({ group, version }));
  const head = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: gv(group, version) };
  return { status: 200, body: { ...head, resources } };
}

function serveGroup(call: Call, group: string, versions: string[]): Answer {
  const accept = call.headers['accept'] ?? '';
  if (wantsAggregated(call) && !accept.split(',').some((part) => part.trim() === 'application/json'))
    throw new StatusError({
      code: 406,
      message:
        'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
      reason: 'NotAcceptable',
    });
  return { status: 200, body: { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, versions) } };
}
