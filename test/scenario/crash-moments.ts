// What stories that are killed at each of their writes have in common: when they are killed, and what a user finds at their end.
import type { Cluster } from './cluster.ts';
import type { EngineProcess } from './engine-process.ts';
import { isPromoted } from './given.ts';

// Every write in turn, before and after: SLUICE_CRASH_ALL=1 npx vitest run test/scenario/crash.test.ts
const ALL = process.env['SLUICE_CRASH_ALL'] === '1';
const STRIDE = ALL ? 1 : 3;
/** Milliseconds; only against a story that hangs. */
export const TIMEOUT = 1_200_000;

export interface Ending {
  first: EngineProcess;
  picture: unknown;
  events: string[];
  violations: string[];
}

export interface Moment {
  /** The write, counted from 1. */
  at: number;
  when: 'before' | 'after';
  what: string;
}

/** The moments at which to kill a process that made these writes. */
export function momentsOf(writes: readonly string[]): Moment[] {
  const both = ['before', 'after'] as const;
  return writes.flatMap((what, i) => {
    if (i % STRIDE > 0) return [];
    const times = ALL ? both : [both[(i / STRIDE) % 2] ?? 'after'];
    return times.map((when) => ({ at: i + 1, when, what }));
  });
}

/** What both stories of a release from Git, its promotion and its revert show at the end. */
export function commonPicture(cluster: Cluster): Record<string, unknown> {
  const { metadata, status = {} } = cluster.rollout();
  return {
    pods: cluster.pods(),
    greeting: cluster.greeting(),
    phase: status.phase,
    stable: [status.stableRS, status.stableRevision?.subject],
    history: status.history?.map(({ outcome, podHash }) => ({ outcome, podHash })),
    command: [status.lastCommand?.verb, status.lastCommand?.outcome],
    verbs: Object.keys(metadata.annotations ?? {}).filter((name) => /\/(promote|abort|retry)$/.test(name)),
    // Between the traffic and the record of a verdict its numbers are in memory alone: then the mark on what moved it speaks for it.
    runs: cluster.runs().map((run) => [run.metadata.name, (run.status as { phase: string }).phase === 'Successful']),
    log: cluster.log().map((subject) => subject.replace(/^Revert web to [0-9a-f]{7}: .+/, 'Revert web')),
    notes: cluster.commits().map(({ oid }) => titlesIn(cluster.repository.notes.get(oid))),
  };
}

const titlesIn = (note: string | undefined): string[] =>
  (note ?? '').split('\n').filter((line) => /^(Promoted|Aborted|Restored):/.test(line));

/** The revert of `rejected` is the head of the branch, and applied. */
export const isSettledBehind = (cluster: Cluster, rejected: string): boolean =>
  isPromoted(cluster, 'v2') &&
  cluster.commits()[1]?.oid === rejected &&
  cluster.application().status?.phase === 'Synced' &&
  cluster.application().status?.revision?.commit === cluster.commits()[0]?.oid;
