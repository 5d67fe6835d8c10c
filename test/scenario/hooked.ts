// What stories about hooks declare and look at: Jobs whose one container ends after a while, well or badly.
import type { HookRecord } from '../../src/api/hooks.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Cluster } from './cluster.ts';
import { yaml } from './manifests.ts';
import { deployment } from './ordering.ts';

const ARGO = 'argocd.argoproj.io/hook';
export const POLICY = 'argocd.argoproj.io/hook-delete-policy';
export const OWN = 'sluice.dev/hook';

const JOB = { group: 'batch', kind: 'Job' };

export interface JobShape {
  /** What its container does; default: it ends well after 5 s. */
  command?: string;
  /** Which content it is of. */
  version?: string;
  annotations?: Record<string, string>;
  generateName?: string;
  spec?: Record<string, unknown>;
}

export const jobOf = (name: string, hook: string, shape: JobShape = {}): KubeObject => {
  const { command = 'sleep 5', version = 'v1', annotations = {}, generateName, spec = {} } = shape;
  const named = generateName === undefined ? { name } : { generateName };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...named, namespace: 'shop', annotations: { [ARGO]: hook, ...annotations } } as KubeObject['metadata'],
    spec: {
      backoffLimit: 0,
      ...spec,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [
            { name: 'run', image: `registry.example.com/shop/${name}:${version}`, command: ['sh', '-c', command] },
          ],
        },
      },
    },
  };
};

/** A Deployment of a version, and hooks. */
export const hooked = (version: string, ...hooks: object[]): Record<string, string> => ({
  'deploy/api.yaml': yaml(deployment('api', version)),
  'deploy/hooks.yaml': hooks.length === 0 ? '# none\n' : yaml(...hooks),
});

export const jobs = (cluster: Cluster): KubeObject[] => cluster.server.store.list(JOB, { namespace: 'shop' });
export const job = (cluster: Cluster, name: string): KubeObject | undefined =>
  cluster.server.store.get(JOB, name, 'shop');
export const deleteJob = (cluster: Cluster, name: string): void => {
  cluster.server.store.delete(JOB, name, 'shop');
};
export const createJob = (cluster: Cluster, object: KubeObject): void => {
  cluster.server.store.create(JOB, structuredClone(object), { manager: 'user' });
};
export const editJob = (cluster: Cluster, name: string, change: (object: KubeObject) => void): void => {
  const object = structuredClone(job(cluster, name));
  if (object === undefined) throw new Error(`there is no Job ${name}`);
  change(object);
  cluster.server.store.update(JOB, object, { manager: 'kubectl-edit' });
};

export const record = (cluster: Cluster): HookRecord | undefined => cluster.application().status?.hooks;
export const runs = (cluster: Cluster): string[] =>
  (record(cluster)?.runs ?? []).map(({ phase, name, state }) => `${phase} ${name} ${state}`);

const ready = (cluster: Cluster): Record<string, unknown> | undefined =>
  cluster.condition(cluster.application(), 'Ready');
export const isReady = (cluster: Cluster, commit?: string): boolean =>
  ready(cluster)?.['status'] === 'True' &&
  (commit === undefined || cluster.application().status?.revision?.commit === commit);
export const isBecause = (cluster: Cluster, reason: string): boolean => ready(cluster)?.['reason'] === reason;

/** Everything that happens to Jobs and to what Deployments run, in the order of the cluster's writes. */
export function diary(cluster: Cluster): string[] {
  const lines: string[] = [];
  const entries: { at: number; line: string }[] = [];
  const ends = ({ metadata: { uid = '' } }: KubeObject): string[] => [uid, `${uid} Complete`, `${uid} Failed`];
  const known = new Set<string>(jobs(cluster).flatMap(ends));
  // Each kind is told of by itself.
  const note = ({ metadata: { resourceVersion } }: KubeObject, line: string): void => {
    entries.push({ at: Number(resourceVersion), line });
    lines.splice(0, lines.length, ...entries.toSorted((a, b) => a.at - b.at).map((entry) => entry.line));
  };
  const once = (object: KubeObject, id: string, line: string): void => {
    if (!known.has(id)) note(object, line);
    known.add(id);
  };
  cluster.server.store.subscribe(JOB, ({ type, object }) => {
    const { name, uid = '' } = object.metadata;
    if (type === 'DELETED') return note(object, `${name} gone`);
    once(object, uid, `${name} created`);
    for (const end of endsOf(object)) once(object, `${uid} ${end}`, `${name} ${end}`);
  });
  const versions = new Map<string, string>();
  cluster.server.store.subscribe({ group: 'apps', kind: 'Deployment' }, ({ object }) => {
    const spec = object.spec as { template: { spec: { containers: { image: string }[] } } };
    const line = `${object.metadata.name} ${spec.template.spec.containers[0]?.image.split(':').at(-1)}`;
    if (versions.get(object.metadata.name) !== line) note(object, line);
    versions.set(object.metadata.name, line);
  });
  return lines;
}

function endsOf({ status }: KubeObject): string[] {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions
    .filter((one) => one.status === 'True' && ['Complete', 'Failed'].includes(one.type))
    .map(({ type }) => type);
}
