// The cluster's own programs, as the suite started them: found by the pid files that their supervisor writes. And the controller's children.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from './world.ts';

export type ClusterProgram = 'etcd' | 'kube-apiserver';

/** The pid now; another one once the program has been started again. */
export const pidOf = (world: World, program: ClusterProgram): number =>
  Number(readFileSync(join(world.part('ownCluster'), `${program}.pid`), 'utf8'));

/** Sends a signal; one that stands still is woken when the scenario has ended, whatever became of it. */
export function signal(world: World, program: ClusterProgram, name: NodeJS.Signals): void {
  const pid = pidOf(world, program);
  process.kill(pid, name);
  if (name === 'SIGSTOP') world.atEnd(() => process.kill(pid, 'SIGCONT'));
}

/** Children of the process that read repositories for it. */
export function sourceWorkersOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '),
  );
  return children
    .filter((child) => child !== '')
    .map(Number)
    .filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0').includes('source-worker'));
}
