// A ServiceAccount's own way into the cluster: what its rights allow, and nothing else.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dump, load } from 'js-yaml';
import { KUBECONFIG, KUBECTL, type World } from './world.ts';

const execute = promisify(execFile);
const RBAC = 'rbac.authorization.k8s.io';

interface Kubeconfig {
  users: { name: string; user: unknown }[];
}

/** Writes a kubeconfig of a ServiceAccount that is there, good for an hour, and returns its path; `directory` must exist. */
export async function accountKubeconfig(directory: string, namespace: string, name: string): Promise<string> {
  const args = ['--kubeconfig', KUBECONFIG, '-n', namespace, 'create', 'token', name, '--duration=1h'];
  const { stdout } = await execute(KUBECTL, args);
  const config = load(readFileSync(KUBECONFIG, 'utf8')) as Kubeconfig;
  const users = config.users.map((user) => ({ name: user.name, user: { token: stdout.trim() } }));
  const file = join(directory, `${namespace}-${name}.kubeconfig`);
  writeFileSync(file, dump({ ...config, users }), { mode: 0o600 });
  return file;
}

const VALUES = join(import.meta.dirname, '../../../charts/sluice/values.yaml');

/** A ServiceAccount with these rights in its namespace. */
export const accountWith = (namespace: string, name: string, rules: readonly object[]): object[] => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
  { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name }, rules },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  },
];

/** Makes a ServiceAccount with the rights that the chart gives those it makes for a tenant; returns its name. */
export async function makeDeployer(world: World, name = 'deployer'): Promise<string> {
  const values = load(readFileSync(VALUES, 'utf8')) as { agent: { deployerRules: object[] } };
  await world.apply(...accountWith(world.namespace, name, values.agent.deployerRules));
  return name;
}
