// Several announcements in one: steps that ended by themselves are told of with what they led to, since each Event is a write.
import { inARow, type Announcement } from './announcements.ts';

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function joined(before: Announcement, after: Announcement): Announcement | undefined {
  if (before.finished === undefined || before.release !== after.release) return undefined;
  if (after.finished !== undefined) return inARow(before, after);
  return { ...after, message: `${before.message}; ${lowered(after.message)}` };
}

/** In the same order, and nothing left out. */
export function coalesced(list: readonly Announcement[]): Announcement[] {
  const told: Announcement[] = [];
  for (const next of list) {
    const last = told.at(-1);
    const both = last && joined(last, next);
    if (both === undefined) told.push(next);
    else told[told.length - 1] = both;
  }
  return told;
}
