// A world for one decision about an Application, made of plain data.
import type { Application, ResourceStatus } from '../../src/api/application.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import { objectKeyOf, type ObjectKey } from '../../src/api/object-key.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { Memory } from '../../src/application/memory.ts';
import type { Declared, Live, Seen, SourceView } from '../../src/application/seen.ts';
import { contentHash } from '../../src/application/source/content-hash.ts';
import { render } from '../../src/application/source/render.ts';
import { tenancyOf, type TenancySettings } from '../../src/application/source/tenancy.ts';
import { ownerOf, ownerText } from '../../src/application/sync/owner.ts';
import type { ServedResource } from '../../src/kube/types.ts';

export const NOW = Date.parse('2026-01-01T00:00:00Z');

const settings: TenancySettings = { clusterApplications: ['shop/wide'], crossNamespaceRoutes: [] };

export function application(spec: Partial<Application['spec']> = {}, name = 'shop'): Application {
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, generation: 1 },
    spec: { source: { repoURL: 'https://git.example.com/shop.git' }, ...spec },
  };
}

export const config = (name: string, data: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop' },
  data,
});

/** As it is in the cluster once the agent has applied it. */
export function applied(object: KubeObject, app: Application, more: Partial<KubeObject['metadata']> = {}): KubeObject {
  const { metadata } = object;
  const annotations = {
    ...metadata.annotations,
    'sluice.dev/owner': ownerText(ownerOf(app)),
    'sluice.dev/content-hash': contentHash(object),
  };
  const fieldsV1 = { 'f:metadata': { 'f:labels': { 'f:sluice.dev/application': {} } } };
  const managedFields = [{ manager: 'sluice-agent', operation: 'Apply', fieldsV1 }];
  const labels = { ...metadata.labels, 'sluice.dev/application': app.metadata.name };
  const uid = `uid-${object.kind}-${metadata.name}`;
  return {
    ...object,
    metadata: { ...metadata, uid, resourceVersion: '1', managedFields, annotations, labels, ...more },
  };
}

export const entryOf = (object: KubeObject, more: Partial<ResourceStatus> = {}): ResourceStatus => {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const { name, namespace, uid } = object.metadata;
  return {
    group: group ?? '',
    version: version ?? '',
    kind: object.kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    status: 'Synced',
    hash: contentHash(object),
    ...(uid === undefined ? {} : { uid }),
    ...more,
  };
};

const CLUSTER_KINDS = new Set(['Namespace', 'CustomResourceDefinition', 'ClusterRole']);

const served = (apiVersion: string, kind: string): ServedResource | undefined => {
  if (kind === 'Unknown') return undefined;
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const namespaced = !CLUSTER_KINDS.has(kind);
  return {
    group,
    version,
    kind,
    plural: `${kind.toLowerCase()}s`,
    namespaced,
    verbs: ['list'],
    subresources: [],
    preferred: true,
  };
};

export interface WorldInput {
  app?: Application;
  /** What the newest commit declares. */
  declares?: readonly KubeObject[];
  commit?: string;
  live?: readonly KubeObject[];
  resources?: readonly ResourceStatus[];
  memory?: Memory;
  more?: Partial<Seen>;
}

export function declared(objects: readonly KubeObject[], app = application(), commit = 'a'.repeat(40)): Declared {
  const manifests = objects.map((object, line) => ({
    object,
    source: { path: 'deploy/all.yaml', line: line + 1, document: line, text: '' },
  }));
  const person = { name: 'Ann', email: 'ann@example.com' };
  const about = {
    oid: commit,
    tree: 't',
    parents: [],
    author: person,
    date: '2026-01-01T00:00:00Z',
    subject: 'Change',
    message: 'Change',
  };
  const content = { commit: about, ref: 'refs/heads/main', files: new Map<string, string>(), manifests, skipped: [] };
  return render(content, {
    namespace: 'shop',
    tenancy: tenancyOf(app, settings),
    scopeOf: (apiVersion, kind) => served(apiVersion, kind)?.namespaced,
    skipMissingKinds: app.spec.sync?.options?.includes('SkipMissingKinds') ?? false,
    source: 'source',
    receivedAt: undefined,
  });
}

export function seen({
  app = application(),
  declares,
  commit,
  live = [],
  resources = [],
  memory = new Memory(),
  more,
}: WorldInput): Seen {
  const objects = new Map(live.map((object) => [objectKeyOf(object), object]));
  const newest = declares && declared(declares, app, commit);
  const source: SourceView = {
    newest,
    failure: undefined,
    attempted: undefined,
    nextPollAt: NOW + 30_000,
    readAt: NOW,
    busy: false,
    earlier: () => undefined,
  };
  return {
    now: NOW,
    app,
    owner: ownerOf(app),
    tenancy: tenancyOf(app, settings),
    status: resources.length === 0 ? {} : { resources: [...resources] },
    source,
    memory,
    served,
    live: (key: ObjectKey): Live => ({ state: 'known', object: objects.get(key) }),
    autoscaled: () => false,
    rollout: (namespace, name) =>
      live.find(
        (one) => one.kind === 'Rollout' && one.metadata.name === name && one.metadata.namespace === namespace,
      ) as Rollout | undefined,
    runs: () => [],
    snapshots: new Map(),
    clean: (text) => text,
    claimedBy: () => undefined,
    declaredElsewhere: () => undefined,
    doubt: () => ({ toLook: [], unclear: [] }),
    neighbour: () => undefined,
    ...more,
  };
}
