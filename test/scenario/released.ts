// `sluice release` in a story.
import { release } from '../../src/cli/release.ts';
import { kubeClient } from '../../src/kube/client.ts';
import type { Cluster } from './cluster.ts';

/** What of its options a story may leave out: all Rollouts, in earnest, none taken back first. */
const ALL = { namespace: undefined, dryRun: false, abort: false, rollouts: [] };

/** Runs it to its end, in virtual time. Resolves to what it printed. */
export async function released(cluster: Cluster, options: Partial<Parameters<typeof release>[1]>): Promise<string[]> {
  const lines: string[] = [];
  let ended = false;
  const { clock } = cluster;
  const client = kubeClient({ transport: cluster.server.transport('cli'), version: 'test', clock });
  const around = { client, clock, print: (line: string) => void lines.push(line) };
  const done = release(around, { ...ALL, ...options }).finally(() => (ended = true));
  done.catch(() => undefined);
  await cluster.until('it ends', () => ended, 3_600_000);
  await done;
  return lines;
}
