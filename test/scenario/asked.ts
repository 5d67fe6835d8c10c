// The commands of the ledger in a story: asked of the cluster, or of the notes that the repository holds.
import type { Around } from '../../src/cli/ledger/cluster.ts';
import { servedAt } from '../../src/cli/ledger/at.ts';
import { historyOfCluster, historyOfNotes } from '../../src/cli/ledger/history.ts';
import { why } from '../../src/cli/ledger/why.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { ledgerOf } from '../../src/ledger/collect.ts';
import type { Cluster } from './cluster.ts';

const PLAIN = { zone: 'UTC', json: false, limit: undefined, namespace: undefined };

/** Runs one to its end in virtual time, as somebody in namespace shop. Resolves to what it printed. */
async function asked(
  cluster: Cluster,
  command: (around: Around) => Promise<unknown>,
  namespace = 'shop',
): Promise<string> {
  const lines: string[] = [];
  const { clock } = cluster;
  const client = kubeClient({ transport: cluster.server.transport('cli'), version: 'test', clock });
  const around = { client, namespace, clock, print: (line: string) => void lines.push(line) };
  let isOver = false;
  const done = command(around).finally(() => (isOver = true));
  done.catch(() => undefined);
  await cluster.until('the command ends', () => isOver);
  await done;
  return lines.join('\n');
}

export const historyOf = (cluster: Cluster, name: string): Promise<string> =>
  asked(cluster, (around) => historyOfCluster({ ...PLAIN, name }, around));

export const whyOf = (cluster: Cluster, name: string): Promise<string> =>
  asked(cluster, (around) => why({ ...PLAIN, name }, around));

const noted = ({ repository, clock }: Cluster) => ({
  ...ledgerOf(repository.notes),
  writtenAt: clock.now(),
  from: 'the repository',
});

function printing(
  cluster: Cluster,
  print: (at: { print: (line: string) => void; clock: Cluster['clock'] }) => void,
): string {
  const lines: string[] = [];
  print({ print: (line) => void lines.push(line), clock: cluster.clock });
  return lines.join('\n');
}

/** From Git's notes, without the cluster. */
export const notedHistoryOf = (cluster: Cluster, name: string): string =>
  printing(cluster, (at) => historyOfNotes({ ...PLAIN, name }, noted(cluster), at));

export const servedThen = (cluster: Cluster, when: number, name = 'web'): string =>
  printing(cluster, (at) => servedAt({ ...PLAIN, name, when: new Date(when).toISOString() }, noted(cluster), at));
