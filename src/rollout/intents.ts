// Intents are differences: what is wanted against what was observed, as plain data in order of urgency. A crash anywhere loses
// nothing, doing one twice does no harm, and a world that is as wanted asks for nothing.
import type { Verb } from '../api/dialect.ts';
import { canonicalJson } from './hash.ts';
import { meansOf } from './means/by-split.ts';
import {
  desiredOf,
  isFollowable,
  replicaSet,
  replicasOf,
  type Observed,
  type SeenReplicaSet,
  type SeenSelector,
} from './observed.ts';
import type { EphemeralMetadata } from '../api/rollout.ts';
import type { Role, RunKind } from './plan.ts';
import { hasTag } from './place.ts';
import { isFrozen, type Situation } from './situation.ts';
import { resolveCount } from './surge.ts';
import type { Wanted } from './wanted.ts';

export type Intent =
  | { do: 'SetWeights'; canary: number; rejected: string | null }
  | {
      do: 'SwitchSelector';
      kind: string;
      name: string;
      role: Role;
      hash: string;
      /** The verdict to remember with it, null for none; undefined where something else remembers it. */
      rejected?: string | null;
    }
  | {
      do: 'CreateReplicaSet';
      hash: string;
      replicas: number;
      /** For its pods, by the side that they are on. */
      metadata?: EphemeralMetadata;
      /** Pod hash of the revision whose nodes its pods keep off. */
      awayFrom?: string;
    }
  | { do: 'ScaleReplicaSet'; name: string; hash: string; from: number; replicas: number }
  | {
      do: 'StartRun';
      name: string;
      kind: RunKind;
      step: number | undefined;
      hash: string;
      attempt: number;
    }
  | { do: 'EndRun'; name: string }
  | { do: 'TakeCommand'; verb: Verb; value: string; by?: string | undefined }
  | { do: 'RestoreTemplate'; hash: string; commandId: string }
  | { do: 'RestartPods'; hashes: readonly string[]; replicas: number; before: number; atMost: number }
  | { do: 'SetPodMetadata'; name: string; hash: string; metadata: EphemeralMetadata }
  | { do: 'AdoptReplicaSet'; name: string }
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
  return seen.selectors.toSorted(servingFirst).flatMap(({ kind, name, role, hash: now }): Intent[] => {
    const hash = wanted.selected[role];
    if (hash === undefined || now === hash) return [];
    // Where one selector moves all the traffic, its verdict is in the same write.
    const isAll = seen.plan.split === 'selector' && role === 'stable';
    return [{ do: 'SwitchSelector', kind, name, role, hash, ...(isAll && { rejected: wanted.rejected }) }];
  });
}

const servingFirst = (a: SeenSelector, b: SeenSelector): number =>
  Number(b.role === 'stable') - Number(a.role === 'stable');

/** It moves requests from one revision to the other. */
export const movesTraffic = (intent: Intent): boolean =>
  intent.do === 'SetWeights' || (intent.do === 'SwitchSelector' && intent.role === 'stable');

/** A candidate does not grow while it is paused or cannot be followed; a first revision serves as well as it can. */
function isHeldBack(situation: Situation, hash: string): boolean {
  const { candidate, stable } = situation.memory;
  return stable !== undefined && hash === candidate && hash !== stable && isFrozen(situation);
}

function podIntents(situation: Situation, wanted: Wanted): Intent[] {
  const intents = [...wanted.pods].flatMap(([hash, replicas]) => {
    const intent = towards(situation, hash, replicas);
    return intent === undefined ? [] : [intent];
  });
  for (const rs of situation.seen.replicaSets) {
    if (rs.desired > 0 && !wanted.pods.has(rs.hash) && isRetired(situation, rs.hash)) intents.push(scale(rs, 0));
  }
  return intents;
}

function towards(situation: Situation, hash: string, replicas: number): Intent | undefined {
  const { seen } = situation;
  const rs = replicaSet(seen, hash);
  if (rs === undefined) {
    // Only the declared template is at hand; a lost ReplicaSet of another revision cannot be made again.
    const isMade = hash === seen.declared && isFollowable(seen) && !isHeldBack(situation, hash);
    return isMade ? create(situation, hash, replicas) : undefined;
  }
  const isStill = rs.desired === replicas || (replicas > rs.desired && isHeldBack(situation, hash));
  return isStill ? undefined : scale(rs, replicas);
}

function create(situation: Situation, hash: string, replicas: number): Intent {
  const { seen, memory } = situation;
  const metadata = metadataOf(situation, hash);
  const awayFrom = seen.plan.antiAffinity && memory.stable !== hash ? memory.stable : undefined;
  return {
    do: 'CreateReplicaSet',
    hash,
    replicas,
    ...(metadata && { metadata }),
    ...(awayFrom !== undefined && { awayFrom }),
  };
}

/** What the pods of a revision carry for the side that they are on; undefined: nothing. */
function metadataOf({ seen: { plan }, memory, place }: Situation, hash: string): EphemeralMetadata | undefined {
  const serves = hasTag(place, 'serving') ? memory.candidate : (memory.stable ?? memory.candidate);
  if (hash === serves) return plan.podMetadata.stable;
  return hash === memory.candidate ? plan.podMetadata.canary : undefined;
}

const NO_METADATA: EphemeralMetadata = {};

function metadataIntents(situation: Situation): Intent[] {
  return situation.seen.replicaSets.flatMap(({ name, hash, desired, podMetadata = NO_METADATA }): Intent[] => {
    const metadata = metadataOf(situation, hash) ?? NO_METADATA;
    const isSame = desired === 0 || canonicalJson(podMetadata) === canonicalJson(metadata);
    return isSame ? [] : [{ do: 'SetPodMetadata', name, hash, metadata }];
  });
}

const scale = (rs: SeenReplicaSet, replicas: number): Intent => ({
  do: 'ScaleReplicaSet',
  name: rs.name,
  hash: rs.hash,
  from: rs.desired,
  replicas,
});

function isRetired(situation: Situation, hash: string): boolean {
  const { seen, memory } = situation;
  const means = meansOf(situation);
  const at = memory.retiring[hash];
  const isDue = !means.retiresLate || (at !== undefined && seen.now >= at);
  return isDue && means.mayRetire(situation, hash);
}

function runIntents({ seen, memory }: Situation, wanted: Wanted): Intent[] {
  const intents: Intent[] = [];
  for (const run of wanted.runs) {
    if (!isFollowable(seen) || seen.runs.some((r) => r.name === run.name)) continue;
    intents.push({ do: 'StartRun', ...run, hash: memory.candidate, attempt: memory.attempt });
  }
  for (const run of seen.runs) {
    const active = run.phase === 'Pending' || run.phase === 'Running';
    if (active && !wanted.runs.some((w) => w.name === run.name)) intents.push({ do: 'EndRun', name: run.name });
  }
  return intents;
}

/** Old ReplicaSets and runs beyond what the spec keeps, oldest first. */
function cleanUp({ seen, memory, place }: Situation): Intent[] {
  if (!hasTag(place, 'done')) return [];
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

/** The stable revision first, then what is on its way; never more pods away than may be. */
function restartIntents({ seen, memory, place }: Situation): Intent[] {
  if (place.pods !== 'restarting' || memory.restartAt === undefined || seen.now < memory.restartAt) return [];
  const atMost = Math.max(1, resolveCount(seen.plan.maxUnavailable, replicasOf(seen), 'down'));
  const hashes = [...new Set([memory.stable, memory.candidate])].filter(
    (hash) => hash !== undefined && desiredOf(seen, hash) > 0,
  ) as string[];
  const replicas = hashes.reduce((sum, hash) => sum + desiredOf(seen, hash), 0);
  return [{ do: 'RestartPods', hashes, replicas, before: memory.restartAt, atMost }];
}

/** In order of urgency; empty when the world is as wanted. */
export function intentsOf(situation: Situation, wanted: Wanted): Intent[] {
  const { seen } = situation;
  return [
    ...weightIntents(seen, wanted),
    ...selectorIntents(seen, wanted),
    ...podIntents(situation, wanted),
    ...runIntents(situation, wanted),
    ...(seen.command === undefined ? seen.waiting.slice(0, 1) : []).map((waiting): Intent => ({
      do: 'TakeCommand',
      ...waiting,
    })),
    ...metadataIntents(situation),
    ...restartIntents(situation),
    ...cleanUp(situation),
  ];
}
