// A ServiceAccount's own way into the cluster: what its rights allow, and nothing else.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dump, load } from 'js-yaml';
import { KUBECONFIG, KUBECTL } from './world.ts';

const execute = promisify(execFile);

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
