// Whether what was applied does as it should: a commit can be applied to the letter and be served by nobody. Pure.
import type { ResourceStatus } from '../../api/application.ts';
import { GROUP } from '../../api/names.ts';
import type { Rollout } from '../../api/rollout.ts';
import { isRollout } from '../revert/dependents.ts';
import type { HoldDecision } from '../revert/hold.ts';
import type { Declared, Seen } from '../seen.ts';
import { overall } from './health.ts';
import { said, type Said } from './said.ts';

const MAX_NAMED = 5;

/** Rollouts that are degraded at what was applied last. One that is held has its own words in `Ready`. */
export function degraded(input: {
  seen: Pick<Seen, 'rollout'>;
  accepted: Declared | undefined;
  holding: Pick<HoldDecision, 'holds'>;
  resources: readonly ResourceStatus[];
}): Said {
  const { seen, accepted, holding } = input;
  const held = new Set(holding.holds.map(({ rollout }) => `${rollout.namespace}/${rollout.name}`));
  const bad = (accepted?.desired ?? [])
    .filter(({ object }) => isRollout(object))
    .flatMap(({ ref: { namespace = '', name } }) => {
      const rollout = seen.rollout(namespace, name);
      return rollout && isDegraded(rollout) && !held.has(`${namespace}/${name}`) ? [rollout] : [];
    });
  if (bad.length === 0) return byHealth(input.resources);
  const named = bad.slice(0, MAX_NAMED).map(({ metadata, status }) => `${metadata.name}: ${status?.message ?? ''}`);
  const more = bad.length > MAX_NAMED ? `; and ${bad.length - MAX_NAMED} more` : '';
  return said('Degraded', true, 'RolloutDegraded', `Rollout ${named.join('; Rollout ')}${more}`);
}

/** What else is degraded. */
function byHealth(resources: readonly ResourceStatus[]): Said {
  const health = overall(resources.filter(({ kind, group }) => kind !== 'Rollout' || group !== GROUP));
  if (health.status === 'Degraded') return said('Degraded', true, 'ObjectDegraded', health.message ?? '');
  return said('Degraded', false, 'NoneDegraded', 'nothing of it is degraded');
}

const isDegraded = ({ metadata, status }: Rollout): boolean =>
  status?.phase === 'Degraded' && status.observedGeneration === String(metadata.generation);
