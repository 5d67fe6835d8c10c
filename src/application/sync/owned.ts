// What an Application has applied, told from the live objects.
import type { KubeObject } from '../../api/k8s.ts';
import type { Seen } from '../seen.ts';
import { isOwnedBy } from './owner.ts';

/** The live Rollouts on an Application's record that carry its mark. */
export function liveRolloutsOf(seen: Seen): KubeObject[] {
  return (seen.status.resources ?? [])
    .filter(({ kind }) => kind === 'Rollout')
    .flatMap(({ namespace, name }) => seen.rollout(namespace, name) ?? [])
    .map((rollout) => rollout as unknown as KubeObject)
    .filter((rollout) => isOwnedBy(rollout, seen.owner));
}
