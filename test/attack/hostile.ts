// What hostile tenants, careless users and other controllers do to a World.
import type { Application } from '../../src/api/application.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import { RESOURCES } from '../../src/api/names.ts';
import type { Fault } from 'kube-sandbox/faults';
import { files, type World } from '../application/agent-world.ts';

export const configMap = (name: string, data = 'a: b', meta = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}${meta} }\ndata: { ${data} }\n`;

/** Of a Namespace called team. */
export const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: team }\n';

export const PRUNE = { sync: { prune: true } };

/** An Application that reads another folder of the repository. */
export const readingFrom = (path: string) => ({ source: { repoURL: 'https://git.example.com/shop.git', path } });

/** Changes the spec of an Application. */
export const say = (world: World, spec: unknown, name = 'shop') =>
  world.client.patch(RESOURCES.applications, { name, namespace: 'shop', type: 'merge', body: { spec } as never });

/** Another controller that acts once a second; how often the agent wrote. */
export async function fight(world: World, seconds: number, act: () => unknown): Promise<number> {
  forget(world);
  for (let second = 0; second < seconds; second++) {
    await act();
    await world.clock.advance(1000);
  }
  return written(world).length;
}

/** What is fought about, and an agent that has applied it. */
export async function fought(world: World): Promise<void> {
  commit(world, { 'deploy/a.yaml': configMap('fought') });
  await world.application();
  await world.start();
}

export const commit = (world: World, changes: Record<string, string | null>, message = 'A commit'): string =>
  world.repository.commit('main', changes, message);

/** A Rollout at web:1 that is promoted, and what else the repository declares. */
export async function serving(world: World, more: Record<string, string> = {}, spec = {}): Promise<void> {
  commit(world, { ...files('web:1', 'one'), ...more });
  await world.application(spec);
  await world.start();
  await world.promote('hash1');
}

export const imageOf = async (world: World): Promise<string | undefined> =>
  (await world.rollout()).spec.template.spec?.containers[0]?.image;

/** An account that may do everything, and the operator's word for the whole cluster. */
export function wide(world: World): void {
  world.tenancy = { ...world.tenancy, clusterApplications: ['shop/*'] };
  plant(world, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'admin', namespace: 'shop' } });
  plant(world, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'admin' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'admin', namespace: 'shop' }],
  } as unknown as KubeObject);
}

const groupOf = ({ apiVersion }: KubeObject): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';

export const plant = (world: World, object: KubeObject): void =>
  void world.server.store.create({ group: groupOf(object), kind: object.kind }, structuredClone(object), {
    manager: 'somebody',
  });

export const find = (
  world: World,
  kind: string,
  name: string,
  ...[namespace = 'shop', group = '']: [namespace?: string | undefined, group?: string]
) => world.server.store.get({ group, kind }, name, namespace);

export async function statusOf(world: World, name: string): Promise<NonNullable<Application['status']>> {
  return (await world.client.get<Application>(RESOURCES.applications, name, 'shop'))?.status ?? {};
}

export const forge = (world: World, status: unknown, name = 'shop') =>
  world.client.patch(RESOURCES.applications, {
    name,
    namespace: 'shop',
    type: 'merge',
    body: { status } as Record<string, unknown>,
    subresource: 'status',
  });

export const annotateConfig = (world: World, name: string, body: Record<string, unknown>) =>
  world.client.patch(RESOURCES.configMaps, { name, namespace: 'shop', type: 'merge', body });

/** Refuses the agent's applies of one object; with `dry`, the dry runs, too. */
export const refuse = (world: World, path: string, fault: Fault, dry: boolean): (() => void) =>
  world.server.intercept(({ method, path: at }) =>
    method === 'PATCH' &&
    at.includes(path) &&
    at.includes('fieldManager=sluice-agent') &&
    (dry || !at.includes('dryRun'))
      ? fault
      : undefined,
  );

export const denial = (code: number, message: string): Fault => ({
  fail: code,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Forbidden', message, code },
});

/** Writes of the agent that are neither dry runs nor the status of an Application. */
export const written = ({ requests }: World): string[] =>
  requests
    .filter(({ method, path }) => method !== 'GET' && !path.includes('dryRun') && !path.includes('/applications/'))
    .map(({ method, path }) => `${method} ${path}`);

/** Forgets what was asked so far. */
export const forget = (world: World): void => {
  world.writes = [];
  world.requests = [];
};
