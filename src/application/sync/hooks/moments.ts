// Hooks of moments that no sync waits for: a hold has begun, or what it goes back to is served again. Pure but for the work.
import type { Hold, ResourceStatus } from '../../../api/application.ts';
import type { HookPhase } from '../../../api/hooks.ts';
import { objectKey } from '../../../api/object-key.ts';
import { shortHash } from '../../../rollout/hash.ts';
import { holdKey, isStable } from '../../revert/hold.ts';
import type { Wanted } from '../../revert/wanted.ts';
import { runPhase, type HookWork } from './phases.ts';
import { plannedRun } from './record.ts';

const idOf = (hold: Hold): string => shortHash([holdKey(hold), hold.contentHash, hold.since]);

export interface Moments {
  holds: readonly Hold[];
  wanted: Wanted;
  resources: readonly ResourceStatus[];
}

/** Each once for a hold. */
export function runMoments(work: HookWork, at: Moments): void {
  const { aborts = [], restored = [] } = work.record;
  const ids = at.holds.map((hold) => idOf(hold));
  const back = at.holds.filter((hold) => isBack(hold, work, at)).map((hold) => idOf(hold));
  setIds(
    work,
    'aborts',
    runMoment(
      work,
      'OnAbort',
      ids,
      aborts.filter((id) => ids.includes(id)),
    ),
  );
  setIds(
    work,
    'restored',
    runMoment(
      work,
      'PostRollback',
      back,
      restored.filter((id) => ids.includes(id)),
    ),
  );
}

function setIds({ record }: HookWork, field: 'aborts' | 'restored', ids: string[]): void {
  if (ids.length > 0) record[field] = ids;
  else delete record[field];
}

/** One round at a time: those that come meanwhile have the next one. */
// oxlint-disable-next-line max-params -- of one phase: what it is due for, and what it was run for
function runMoment(work: HookWork, phase: HookPhase, due: readonly string[], answered: string[]): string[] {
  const fresh = due.filter((id) => !answered.includes(id));
  if (isUnderWay(work, phase) || fresh.length === 0) return answered;
  work.record.runs = work.record.runs.filter((run) => run.phase !== phase);
  runPhase(work, phase, fresh.join(' '));
  return [...answered, ...fresh];
}

/** Goes on with the round that was begun, as long as the same is declared. */
function isUnderWay(work: HookWork, phase: HookPhase): boolean {
  const { record, declared } = work;
  const runs = record.runs.filter((run) => run.phase === phase);
  const [first] = runs;
  if (first === undefined) return false;
  const isSame = runs.every((run) => {
    const hook = declared.hooks.find(({ hash }) => hash === run.hash);
    return hook !== undefined && plannedRun(hook, phase, record, run.cause).mark === run.mark;
  });
  const gate = isSame ? runPhase(work, phase, first.cause) : undefined;
  if (gate) return gate.state !== 'failed';
  return runs.some(({ state }) => state === 'Pending' || state === 'Running');
}

/** All that it put in the place of what was rejected is in the cluster, the Rollout serves it, and nothing of it is unwell. */
function isBack(hold: Hold, { seen }: HookWork, { wanted, resources }: Moments): boolean {
  const keys = new Set(wanted.objects.filter((object) => object.hold === hold).map(({ key }) => key));
  const rollout = seen.rollout(hold.rollout.namespace, hold.rollout.name);
  if (keys.size === 0 || rollout === undefined || !isStable(rollout)) return false;
  return [...keys].every((key) => {
    const entry = resources.find((one) => objectKey(one) === key);
    const isWell = key === holdKey(hold) || (entry?.health?.status ?? 'Healthy') === 'Healthy';
    return entry?.status === 'Held' && isWell;
  });
}
