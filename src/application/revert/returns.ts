// Returns: a Rollout that is gone from the cluster while its Application lives comes back at its stable revision, and only when that is
// served is what Git declares applied, to go through its steps. Else the new revision would be a first one, which has none.
import type { Hold, Return } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { shortCommit } from '../../api/revision.ts';
import type { Rollout } from '../../api/rollout.ts';
import { templateHash } from './content.ts';
import { isRollout } from './dependents.ts';
import { holdKey, isStable } from './hold.ts';
import type { RolloutSet } from './rollout-set.ts';
import type { StableSnapshot } from './snapshot.ts';

export interface ReturnInput {
  /** What Git declares now; or what was last applied, while Git cannot be read. */
  sets: ReadonlyMap<string, RolloutSet>;
  /** False while the sets are not what Git declares: then nothing begins. */
  declared: boolean;
  /** As they are on record. */
  returns: readonly Return[];
  /** In force now: a Rollout that is held comes back held. */
  holds: readonly Hold[];
  /** Keys of what this Application has applied before. */
  applied: ReadonlySet<string>;
  rollout(namespace: string, name: string): Rollout | undefined;
  snapshots: ReadonlyMap<string, StableSnapshot>;
  /** RFC 3339. */
  now: string;
}

/** `served`: the stable revision is up again; `declared`: Git declares it; `held`: it comes back by its hold. */
export type ReturnEnd = 'served' | 'declared' | 'held' | 'gone' | 'unrecorded';

export interface ReturnDecision {
  /** To be on record before anything is applied. */
  returns: Return[];
  started: Return[];
  ended: { returning: Return; why: ReturnEnd }[];
}

export function decideReturns(input: ReturnInput): ReturnDecision {
  const decision: ReturnDecision = { returns: [], started: [], ended: [] };
  const held = new Set(input.holds.map((hold) => holdKey(hold)));
  const known = new Set<string>();
  for (const returning of input.returns) {
    const key = holdKey(returning);
    known.add(key);
    const why = held.has(key) ? 'held' : endOf(returning, key, input);
    if (why) decision.ended.push({ returning, why });
    else decision.returns.push(returning);
  }
  for (const set of input.declared ? input.sets.values() : []) {
    if (known.has(set.key) || held.has(set.key)) continue;
    const next = startOf(set, input);
    if (next === undefined) continue;
    decision.returns.push(next);
    decision.started.push(next);
  }
  return decision;
}

function endOf(returning: Return, key: string, input: ReturnInput): ReturnEnd | undefined {
  const set = input.sets.get(key);
  const stable = rolloutIn(input.snapshots.get(key));
  if (input.declared && !set) return 'gone';
  if (!stable) return 'unrecorded';
  if (input.declared && set?.template === templateHash(stable)) return 'declared';
  const live = input.rollout(returning.rollout.namespace, returning.rollout.name);
  return live && isStable(live) && sameTemplate(live, stable) ? 'served' : undefined;
}

function startOf(set: RolloutSet, input: ReturnInput): Return | undefined {
  const { namespace = '', name } = set.rollout.ref;
  const snapshot = input.snapshots.get(set.key);
  const stable = rolloutIn(snapshot);
  if (!snapshot || !stable || !isLost(set, input.rollout(namespace, name), input)) return undefined;
  if (set.template === templateHash(stable)) return undefined;
  return { rollout: { namespace, name }, stable: snapshot.revision, since: input.now };
}

/** It is gone; or it is another object that has served nothing yet, while a stable revision of it is on record. */
function isLost(set: RolloutSet, live: Rollout | undefined, { applied }: ReturnInput): boolean {
  if (live === undefined) return applied.has(set.key);
  return live.metadata.deletionTimestamp === undefined && !live.status?.stableRS;
}

const rolloutIn = (snapshot: StableSnapshot | undefined): KubeObject | undefined =>
  snapshot?.objects.find(({ object }) => isRollout(object))?.object;

const sameTemplate = (live: Rollout, stable: KubeObject): boolean =>
  templateHash(live as unknown as KubeObject) === templateHash(stable);

/** As `web comes back at 3f9c2d1 first`. */
export const describeReturn = ({ rollout: { name }, stable }: Return): string =>
  `${name} comes back at ${shortCommit(stable.commit)} first`;
