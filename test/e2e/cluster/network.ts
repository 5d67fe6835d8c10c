// A network namespace of the cluster's own: nothing in it is reachable from outside, and nothing outside from it. Every process in it ends
// with it.
import { execFileSync } from 'node:child_process';
import { POD_RANGE, SERVICE_RANGE } from './addresses.ts';

const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Throws with what to do where a network cannot be made; before anything is built for it. */
export function checkNetworkTools(): void {
  try {
    ip('-V');
  } catch {
    throw new Error(
      'the ip command is missing: install Debian’s iproute2, or give a cluster of your own by KUBECONFIG',
    );
  }
  if (process.getuid?.() !== 0)
    throw new Error('a network namespace needs root: run as root, or give a cluster by KUBECONFIG');
}

export interface Network {
  name: string;
  /** The command line that runs a program inside. */
  inside(command: string, args: readonly string[]): [string, string[]];
  /** Ends what still runs inside, and the namespace. */
  close(): void;
}

export function createNetwork(name: string): Network {
  ip('netns', 'add', name);
  const network = networkOf(name);
  try {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    for (const range of [POD_RANGE, SERVICE_RANGE]) ip('-n', name, 'route', 'add', 'local', range, 'dev', 'lo');
    return network;
  } catch (error) {
    network.close();
    throw error;
  }
}

function networkOf(name: string): Network {
  return {
    name,
    inside: (command, args) => ['ip', ['netns', 'exec', name, command, ...args]],
    close() {
      for (const pid of ip('netns', 'pids', name).split('\n').filter(Boolean)) {
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch {
          // it has ended by itself
        }
      }
      ip('netns', 'delete', name);
    },
  };
}
