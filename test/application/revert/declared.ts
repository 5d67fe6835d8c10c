// Manifests as a commit declares them, and what follows from them: for tests of the pure parts.
import type { Hold } from '../../../src/api/application.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import type { ObjectKey } from '../../../src/api/object-key.ts';
import { shortHash } from '../../../src/rollout/hash.ts';
import { decideHolds, type HoldInput } from '../../../src/application/revert/hold.ts';
import { declaredSets, type RolloutSet } from '../../../src/application/revert/rollout-set.ts';
import { takeSnapshot, type StableSnapshot } from '../../../src/application/revert/snapshot.ts';
import type { DesiredObject } from '../../../src/application/source/desired.ts';
import { rendered } from '../rendered.ts';

export type Texts = Record<string, string>;

export function declare(texts: Texts): readonly DesiredObject[] {
  return rendered(Object.entries(texts).map(([path, text]) => ({ path, text }))).desired;
}

export const keyOf = (name: string): ObjectKey => `sluice.dev/Rollout/shop/${name}` as ObjectKey;
export const WEB = keyOf('web');
export const V1 = { commit: '1'.repeat(40), subject: 'Release 1' };
export const V2 = { commit: '2'.repeat(40), subject: 'Release 2' };
export const NOW = '2026-01-01T00:00:00Z';

function setIn(texts: Texts, name = 'web'): RolloutSet {
  const set = declaredSets(declare(texts)).get(keyOf(name));
  if (!set) throw new Error(`no Rollout ${name}`);
  return set;
}

export function snapshotIn(texts: Texts, name = 'web'): StableSnapshot {
  const desired = declare(texts);
  const set = setIn(texts, name);
  const byKey = new Map(desired.map((each) => [each.key, each]));
  return takeSnapshot(set, byKey, V1, { podHash: set.template });
}

/** The live Rollout, as the cluster has it once `texts` are applied, with a status that speaks of it. */
export function live(texts: Texts, status: Rollout['status'] = {}, name = 'web'): Rollout {
  const object = declare(texts).find(({ key }) => key === keyOf(name))?.object as unknown as Rollout;
  const hash = shortHash(object.spec.template);
  const metadata = { ...object.metadata, generation: 1 };
  return { ...object, metadata, status: { observedGeneration: '1', currentPodHash: hash, ...status } };
}

/** The live Rollout after its declared revision was rejected. */
export const aborted = (texts: Texts, stable: StableSnapshot, name = 'web'): Rollout =>
  live(texts, { abort: true, stableRS: stable.podHash ?? '', message: 'success-rate 0.82 < 0.95', revision: V2 }, name);

export function holdInput(texts: Texts, more: Partial<HoldInput> = {}): HoldInput {
  return {
    sets: declaredSets(declare(texts)),
    declared: true,
    holds: [],
    rollout: () => undefined,
    snapshots: new Map(),
    writeBack: false,
    now: NOW,
    ...more,
  };
}

/** The hold that begins when what `rejected` declares is rejected over what `stable` declares. */
export function holdOf(rejected: Texts, stable: Texts, name = 'web'): Hold {
  const snapshot = snapshotIn(stable, name);
  const input = holdInput(rejected, {
    rollout: (_namespace, each) => (each === name ? aborted(rejected, snapshot, name) : undefined),
    snapshots: new Map([[keyOf(name), snapshot]]),
    writeBack: true,
  });
  const [hold] = decideHolds(input).started;
  if (!hold) throw new Error('no hold began');
  return hold;
}
