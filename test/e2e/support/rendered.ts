// An Application whose manifests a tool renders, beside what the tool and kubectl make of the same folder.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadAll } from 'js-yaml';
import type { TestContext } from 'vitest';
import type { Application } from '../../../src/api/application.ts';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { startGitServer, type GitServer } from '../../support/git-server.ts';
import { until } from '../cluster/until.ts';
import { accountWith } from './accounts.ts';
import { begin, KUBECONFIG, KUBECTL, type World } from './world.ts';

const execute = promisify(execFile);
const EVERYTHING = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];

export interface Followed {
  world: World;
  server: GitServer;
  is: (what: string, holds: (status: NonNullable<Application['status']>) => boolean) => Promise<Application>;
}

export interface FollowOptions {
  /** Flags of the controller. */
  flags: readonly string[];
  /** The Application may reach beyond its namespace. */
  wide?: boolean | undefined;
}

/** An Application named `shop` that follows a repository of its own. */
export async function following(
  context: TestContext,
  namespace: string,
  source: object,
  { flags, wide = false }: FollowOptions,
): Promise<Followed> {
  const world = await begin(context, namespace);
  const server = await startGitServer();
  world.atEnd(() => server.close());
  await world.apply(...accountWith(namespace, 'deployer', EVERYTHING));
  if (wide) await makeWide(world);
  await world.controller({ more: [...flags, ...(wide ? [`--cluster-applications=${namespace}/*`] : [])] });
  await world.apply({
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop' },
    spec: {
      serviceAccountName: 'deployer',
      source: { repoURL: server.url, interval: '5s', ...source },
      sync: { prune: true },
    },
  });
  const look = async (): Promise<Application | undefined> =>
    world.client.get<Application>(RESOURCES.applications, 'shop', namespace);
  return {
    world,
    server,
    is: (what, holds) =>
      until(
        `the Application to be ${what}`,
        async () => {
          const found = await look();
          return found !== undefined && holds(found.status ?? {}) ? found : undefined;
        },
        { every: 100, state: async () => (await look())?.status },
      ),
  };
}

async function makeWide(world: World): Promise<void> {
  const name = `${world.namespace}-wide`;
  const account = `--serviceaccount=${world.namespace}:deployer`;
  await world.kubectl('create', 'clusterrolebinding', name, '--clusterrole=cluster-admin', account);
  world.atEnd(() => world.kubectl('delete', 'clusterrolebinding', name));
}

/** The files of the newest commit, in a folder. */
export function checkedOut({ directory, repository }: GitServer): string {
  const checkout = join(directory, 'checkout');
  mkdirSync(checkout);
  execFileSync('sh', ['-c', `git archive main | tar -x -C ${checkout}`], { cwd: repository });
  return checkout;
}

/** What a tool printed, applied by kubectl into a namespace of its own; the objects in it. */
export async function appliedByHand(world: World, printed: string, namespace: string): Promise<KubeObject[]> {
  await world.kubectl('create', 'namespace', namespace);
  world.atEnd(() => world.kubectl('delete', 'namespace', namespace, '--wait=false'));
  const access = ['--kubeconfig', KUBECONFIG, '-n', namespace];
  const applied = execute(KUBECTL, [...access, 'apply', '--server-side', '--force-conflicts', '-f', '-']);
  applied.child.stdin?.end(printed);
  await applied;
  const documents = loadAll(printed) as (KubeObject | null)[];
  return documents.flatMap((object) => {
    if (object === null) return [];
    return object.kind === 'List' ? (object['items'] as KubeObject[]) : [object];
  });
}

/** What is live of an object, without what the server and whoever applied it wrote down beside. */
export async function live(
  world: World,
  namespace: string,
  { apiVersion, kind, metadata }: KubeObject,
): Promise<unknown> {
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const type = group === '' ? kind : `${kind}.${version}.${group}`;
  const text = await world.kubectl('get', type, metadata.name, '-n', namespace, '-o', 'json');
  const object = JSON.parse(text.replaceAll(namespace, 'NAMESPACE')) as KubeObject;
  const own = (record: Record<string, string> = {}): object =>
    Object.fromEntries(
      Object.entries(record).filter(([key]) => !/sluice\.dev\/|kubernetes\.io\/(revision|last-app)/.test(key)),
    );
  const { name, labels, annotations } = object.metadata;
  const { status: _status, metadata: _metadata, ...rest } = object;
  const spec = rest['spec'];
  if (kind === 'Service')
    for (const field of ['clusterIP', 'clusterIPs']) delete (spec as Record<string, unknown>)[field];
  return { ...rest, metadata: { name, labels: own(labels), annotations: own(annotations) } };
}
