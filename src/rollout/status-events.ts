// What a record tells of: the events of the passes since the last one that told of anything. Kept in the status itself, so that they are
// a function of two statuses, and an answer that was lost costs none of them.
import { mergePatch } from '../api/merge-patch.ts';
import type { RecentEvent, RolloutStatus } from '../api/rollout.ts';
import { inARow, type Announcement } from './announcements.ts';
import type { Observed } from './observed.ts';

const MOST = 16;

const isSame = (a: readonly RecentEvent[] = [], b: readonly RecentEvent[] = []): boolean =>
  mergePatch({ list: a }, { list: b }) === undefined;

/** Finished steps in a row take one entry. */
function withNext(list: Announcement[], next: Announcement): Announcement[] {
  const last = list.at(-1);
  const both = last && inARow(last, next);
  return both === undefined ? [...list, next] : [...list.slice(0, -1), both];
}

/** `recentEvents` with what this look brought. What is on record already makes way for it; what is not yet stays in front. */
export function withNews(
  seen: Pick<Observed, 'status' | 'told'>,
  news: readonly Announcement[],
): Pick<RolloutStatus, 'recentEvents'> {
  const known = seen.status.recentEvents ?? [];
  if (news.length === 0) return known.length === 0 ? {} : { recentEvents: known };
  const pendingEvents = seen.told === undefined || isSame(known, seen.told) ? [] : known;
  return { recentEvents: [...pendingEvents, ...news].reduce(withNext, []).slice(-MOST) as RecentEvent[] };
}

/** What a confirmed status tells of, given the one before it. */
export function eventsBetween(before: RolloutStatus | undefined, after: RolloutStatus): Announcement[] {
  const known = new Set(before?.recentEvents?.map(({ key }) => key));
  return (after.recentEvents ?? []).filter(({ key }) => !known.has(key));
}
