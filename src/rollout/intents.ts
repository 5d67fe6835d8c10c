// Intents are differences: what is wanted against what was observed, as plain data in order of urgency. A crash anywhere loses
// nothing, doing one twice does no harm, and a world that is as wanted asks for nothing.
import type { Verb } from '../api/dialect.ts';
import { carriesTraffic, isFrozen } from './facts.ts';
import type { Memory, StateName } from './memory.ts';
import { hasRouter, replicaSet, replicasOf, type Observed, type Role, type SeenReplicaSet } from './observed.ts';
import type { Wanted } from './wanted.ts';

export type Intent =
  | { do: 'SetWeights'; canary: number; rejected: string | null }
  | { do: 'SwitchSelector'; kind: 'Service' | 'DestinationRule'; name: string; role: Role; hash: string }
  | { do: 'CreateReplicaSet'; hash: string; replicas: number }
  | { do: 'ScaleReplicaSet'; name: string; hash: string; from: number; replicas: number }
  | {
      do: 'StartRun';
      name: string;
      kind: 'Step' | 'Background';
      step: number | undefined;
      hash: string;
      attempt: number;
    }
  | { do: 'EndRun'; name: string }
  | { do: 'TakeCommand'; verb: Verb; value: string; by?: string | undefined }
  | { do: 'RestoreTemplate'; hash: string; commandId: string }
  | { do: 'RestartPods'; hash: string; before: number; atMost: number }
  | { do: 'DeleteReplicaSet'; name: string }
  | { do: 'DeleteRun'; name: string };

const DEFAULT_HISTORY = 10;
const DEFAULT_RUN_HISTORY = 5;

function weightIntents(seen: Observed, wanted: Wanted): Intent[] {
  if (wanted.weight === undefined || seen.routes.length === 0) return [];
  const stale = seen.routes.some((r) => r.canary !== undefined && (r.uneven || r.canary !== wanted.weight));
  // A verdict is written even where the weight is 0 already; an old one is wiped with the next change of weight.
  const unmarked = wanted.rejected !== null && seen.routes.some((r) => r.rejected !== wanted.rejected);
  return stale || unmarked ? [{ do: 'SetWeights', canary: wanted.weight, rejected: wanted.rejected }] : [];
}

function selectorIntents(seen: Observed, wanted: Wanted): Intent[] {
  const intents: Intent[] = [];
  for (const selector of seen.selectors) {
    const hash = wanted[selector.role];
    if (hash === undefined || selector.hash === hash) continue;
    intents.push({ do: 'SwitchSelector', kind: selector.kind, name: selector.name, role: selector.role, hash });
  }
  return intents;
}

/** A candidate does not grow while it is paused or cannot be followed; a first revision serves as well as it can. */
const isHeld = (seen: Observed, memory: Memory, hash: string): boolean =>
  memory.stable !== undefined && hash === memory.candidate && hash !== memory.stable && isFrozen(seen, memory);

function podIntents(seen: Observed, memory: Memory, wanted: Wanted): Intent[] {
  const intents: Intent[] = [];
  for (const [hash, replicas] of wanted.pods) {
    const rs = replicaSet(seen, hash);
    if (rs === undefined) {
      // Only the declared template is at hand; a lost ReplicaSet of another revision cannot be made again.
      if (hash === seen.declared && seen.issues.length === 0 && !isHeld(seen, memory, hash))
        intents.push({ do: 'CreateReplicaSet', hash, replicas });
    } else if (rs.desired !== replicas) {
      const grows = replicas > rs.desired;
      if (!(grows && isHeld(seen, memory, hash))) intents.push(scale(rs, replicas));
    }
  }
  for (const rs of seen.replicaSets) {
    if (rs.desired > 0 && !wanted.pods.has(rs.hash) && isRetired(seen, memory, rs)) intents.push(scale(rs, 0));
  }
  return intents;
}

const scale = (rs: SeenReplicaSet, replicas: number): Intent => ({
  do: 'ScaleReplicaSet',
  name: rs.name,
  hash: rs.hash,
  from: rs.desired,
  replicas,
});

function isRetired(seen: Observed, memory: Memory, rs: SeenReplicaSet): boolean {
  if (!hasRouter(seen)) return firstIsReady(seen, memory);
  const at = memory.retiring[rs.hash];
  const idle = !carriesTraffic(seen, rs.hash) || rs.available === 0;
  return at !== undefined && seen.now >= at && idle;
}

/** The pods of an earlier first revision serve until the present one does. */
function firstIsReady(seen: Observed, memory: Memory): boolean {
  return (replicaSet(seen, memory.candidate)?.available ?? 0) >= replicasOf(seen);
}

function runIntents(seen: Observed, memory: Memory, wanted: Wanted): Intent[] {
  const intents: Intent[] = [];
  for (const run of wanted.runs) {
    if (seen.issues.length > 0 || seen.runs.some((r) => r.name === run.name)) continue;
    intents.push({ do: 'StartRun', ...run, hash: memory.candidate, attempt: memory.attempt });
  }
  for (const run of seen.runs) {
    const active = run.phase === 'Pending' || run.phase === 'Running';
    if (active && !wanted.runs.some((w) => w.name === run.name)) intents.push({ do: 'EndRun', name: run.name });
  }
  return intents;
}

/** Old ReplicaSets and runs beyond what the spec keeps, oldest first. */
function cleanUp(seen: Observed, memory: Memory, state: StateName): Intent[] {
  if (state !== 'settled') return [];
  const oldest = <T extends { createdAt: string; name: string }>(list: T[]): T[] =>
    list.sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.name.localeCompare(b.name));
  const keep = seen.spec.revisionHistoryLimit ?? DEFAULT_HISTORY;
  const old = oldest(
    seen.replicaSets.filter(
      (rs) => rs.desired === 0 && rs.current === 0 && rs.hash !== memory.stable && rs.hash !== seen.declared,
    ),
  );
  const intents: Intent[] = old
    .slice(0, Math.max(0, old.length - keep))
    .map((rs) => ({ do: 'DeleteReplicaSet', name: rs.name }));
  const good = oldest(seen.runs.filter((r) => r.phase === 'Successful'));
  const bad = oldest(seen.runs.filter((r) => ['Failed', 'Error', 'Inconclusive'].includes(r.phase)));
  const limits = seen.spec.analysis;
  const surplus = [
    ...good.slice(0, Math.max(0, good.length - (limits?.successfulRunHistoryLimit ?? DEFAULT_RUN_HISTORY))),
    ...bad.slice(0, Math.max(0, bad.length - (limits?.unsuccessfulRunHistoryLimit ?? DEFAULT_RUN_HISTORY))),
  ];
  return [...intents, ...surplus.map((run): Intent => ({ do: 'DeleteRun', name: run.name }))];
}

function restartIntents(seen: Observed, memory: Memory, state: StateName): Intent[] {
  if (memory.restartAt === undefined || state !== 'settled' || memory.stable === undefined) return [];
  const rs = replicaSet(seen, memory.stable);
  if (rs === undefined || rs.available < rs.desired) return [];
  const atMost = Math.max(1, Math.floor(rs.desired / 4));
  return [{ do: 'RestartPods', hash: rs.hash, before: memory.restartAt, atMost }];
}

/** In order of urgency; empty when the world is as wanted. */
export function intentsOf(state: StateName, memory: Memory, seen: Observed, wanted: Wanted): Intent[] {
  return [
    ...weightIntents(seen, wanted),
    ...selectorIntents(seen, wanted),
    ...podIntents(seen, memory, wanted),
    ...runIntents(seen, memory, wanted),
    ...(seen.command === undefined ? seen.waiting.slice(0, 1) : []).map((waiting): Intent => ({
      do: 'TakeCommand',
      ...waiting,
    })),
    ...restartIntents(seen, memory, state),
    ...cleanUp(seen, memory, state),
  ];
}
