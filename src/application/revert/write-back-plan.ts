// What to write back now: one commit for what one commit broke, once it seems that no more will join it. Pure.
import type { Hold } from '../../api/application.ts';
import type { DesiredObject } from '../source/desired.ts';
import { holdKey } from './hold.ts';
import type { StableSnapshot } from './snapshot.ts';
import { restoreFiles, type Target } from './write-back.ts';

/** Quiet after which nothing more is expected. */
const BATCH_MS = 1_500;
/** The same while other Rollouts are still at what the commit declared. */
const LONG_BATCH_MS = 5_000;
const PATIENCE_MS = 30_000;

export interface WriteBackHead {
  commit: string;
  desired: readonly DesiredObject[];
  files: ReadonlyMap<string, string>;
  /** The tool that rendered what is declared: what is in the files is then its input. */
  rendered?: string | undefined;
  /** Of what is rendered: the files that went into it at an earlier commit, where they are known. */
  filesAt?: ((commit: string) => ReadonlyMap<string, string> | undefined) | undefined;
}

export interface WriteBackInput {
  /** In force, as they are on record. */
  holds: readonly Hold[];
  snapshots: ReadonlyMap<string, StableSnapshot>;
  head: WriteBackHead;
  sourcePath: string;
  /** Whether a Rollout is still being released at what this commit declared. */
  undecided(commit: string): boolean;
  /** What was proposed already is part of what is pushed, once there is something new to it. */
  proposes: boolean;
  /** What was proposed has to be built anew. */
  isStale(hold: Hold): boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface WriteBackPlan {
  /** One commit each, on the head. The second is built anew on the first. */
  pushes: { rejected: string; holds: Hold[]; changes: Map<string, string | null> }[];
  /** Holds for which there is nothing to push, and what is to be on record of them. */
  settled: { hold: Hold; writeBack: NonNullable<Hold['writeBack']> }[];
  /** When one that waits for company is due; milliseconds since the epoch. */
  dueAt: number | undefined;
}

export function dueWriteBacks(input: WriteBackInput): WriteBackPlan {
  const plan: WriteBackPlan = { pushes: [], settled: [], dueAt: undefined };
  const targets = input.holds.flatMap((hold): Target[] => {
    const snapshot = input.snapshots.get(holdKey(hold));
    return snapshot && isOpen(hold, input) ? [{ hold, snapshot }] : [];
  });
  for (const [rejected, group] of byCommit(targets)) {
    if (!group.some(({ hold }) => hold.writeBack?.state === 'Pending' || input.isStale(hold))) continue;
    const due = dueOf(group, input.undecided(rejected));
    if (due > input.now) plan.dueAt = Math.min(due, plan.dueAt ?? due);
    else addGroup(plan, rejected, group, input);
  }
  return plan;
}

const isOpen = ({ writeBack }: Hold, { proposes }: WriteBackInput): boolean =>
  writeBack?.state === 'Pending' || (proposes && writeBack?.state === 'Proposed');

function byCommit(targets: readonly Target[]): Map<string, Target[]> {
  const groups = new Map<string, Target[]>();
  for (const target of targets) {
    const { commit } = target.hold.rejected;
    groups.set(commit, [...(groups.get(commit) ?? []), target]);
  }
  return groups;
}

function dueOf(group: readonly Target[], undecided: boolean): number {
  const times = group.map(({ hold }) => Date.parse(hold.since)).map((at) => (Number.isNaN(at) ? 0 : at));
  const quiet = undecided ? LONG_BATCH_MS : BATCH_MS;
  return Math.min(Math.max(...times) + quiet, Math.min(...times) + PATIENCE_MS);
}

const SHOWN = 5;

/** What was printed is in no file: which of the files that went in has to change is for a person to say. */
function byHand(hold: Hold, tool: string, head: WriteBackHead): WriteBackPlan['settled'][number] {
  const before = hold.stable && head.filesAt?.(hold.stable.commit);
  const changed = before === undefined ? [] : changedFiles(before, head.files);
  const shown =
    changed.slice(0, SHOWN).join(', ') + (changed.length > SHOWN ? ` and ${changed.length - SHOWN} more` : '');
  const since = hold.stable === undefined ? '' : ` since ${hold.stable.commit.slice(0, 7)}`;
  const which = changed.length === 0 ? `git revert ${hold.rejected.commit}` : `what changed${since}: ${shown}`;
  const message = `the manifests are rendered by ${tool}, whose input Sluice does not change: revert it by hand, ${which}`;
  return { hold, writeBack: { state: 'Failed', message } };
}

const changedFiles = (before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] =>
  [...new Set([...before.keys(), ...now.keys()])].filter((path) => before.get(path) !== now.get(path)).sort();

function addGroup(plan: WriteBackPlan, rejected: string, targets: readonly Target[], input: WriteBackInput): void {
  const { desired, files, commit, rendered } = input.head;
  if (rendered !== undefined) {
    plan.settled.push(...targets.map(({ hold }) => byHand(hold, rendered, input.head)));
    return;
  }
  const restored = restoreFiles({ targets, desired, files, sourcePath: input.sourcePath });
  for (const { hold, message } of restored.failed) plan.settled.push({ hold, writeBack: { state: 'Failed', message } });
  for (const hold of restored.done) {
    const message = 'the files already say what the stable revision did';
    plan.settled.push({ hold, writeBack: { state: 'Pushed', commit, message } });
  }
  if (restored.holds.length > 0) plan.pushes.push({ rejected, holds: restored.holds, changes: restored.changes });
}
