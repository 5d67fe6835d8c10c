// Another controller that acts on what this one acts on: two without leader election, or two installations. Each of them sees records of
// the same field manager that it has not made itself.
import { entriesOf } from '../api/managed-fields.ts';
import { CONTROLLER_MANAGER } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { EventRecorder } from './event-relay.ts';

/** One may be the last word of a process that has just handed over. */
const SEEN_FROM = 3;
/** What is further apart does not belong together; and so long nothing more is said. */
const TOGETHER_MS = 10 * 60_000;

export interface AnotherDeps {
  clock: Pick<Clock, 'now'>;
  log: Log;
  events: EventRecorder;
}

export type SeeAnother = (rollout: Rollout) => void;

/** Called with each Rollout whose record another process has made. */
export function watchForAnother({ clock, log, events }: AnotherDeps): SeeAnother {
  let seen: number[] = [];
  let toldAt: number | undefined;
  return (rollout) => {
    if (!isByController(rollout)) return;
    const now = clock.now();
    seen = [...seen.filter((at) => now - at < TOGETHER_MS), now].slice(-SEEN_FROM);
    if (seen.length < SEEN_FROM || (toldAt !== undefined && now - toldAt < TOGETHER_MS)) return;
    toldAt = now;
    const { namespace = '', name } = rollout.metadata;
    log.warn('another controller acts on the same Rollouts', {
      rollout: `${namespace}/${name}`,
      manager: CONTROLLER_MANAGER,
    });
    const message =
      `another controller acts on this Rollout: its status was written by ${CONTROLLER_MANAGER}, and not by this process; ` +
      'let one of them act, with --leader-elect, or give each a namespace of its own';
    events.emit(rollout, { type: 'Warning', reason: 'AnotherController', message, key: `another/${now}` });
  };
}

/** The status was written last by a controller, whichever. */
function isByController(rollout: Rollout): boolean {
  const entries = entriesOf(rollout).filter(({ subresource }) => subresource === 'status');
  const last = entries
    .map(({ time }) => time)
    .toSorted()
    .at(-1);
  return entries.some(({ manager, time }) => manager === CONTROLLER_MANAGER && time === last);
}
