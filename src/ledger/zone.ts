// Times of day in a time zone, by the tables of this Node's ICU.
import { fail, ok, type Result } from '../api/result.ts';

export interface WallTime {
  year: number;
  /** From 1. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const DAY_MS = 86_400_000;

/** The name of the zone as it is looked up; undefined where there is none of that name. Default: that of this machine. */
export function zoneNamed(name: string | undefined): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', name === undefined ? {} : { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** Milliseconds since the epoch of a time of day; the error says why there is no such moment, or more than one. */
export function instantOf(wall: WallTime, zone: string): Result<number, string> {
  const { year, month, day, hour, minute, second } = wall;
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  const offsets = new Set([asUtc - DAY_MS, asUtc, asUtc + DAY_MS].map((near) => offsetAt(near, zone)));
  const found = [...offsets].map((offset) => asUtc - offset).filter((ms) => ms + offsetAt(ms, zone) === asUtc);
  const [first, ...others] = found;
  const time = `${two(hour)}:${two(minute)} of ${year}-${two(month)}-${two(day)}`;
  if (first === undefined) return fail(`there was no ${time} in ${zone}: the clocks were put forward`);
  if (others.length === 0) return ok(first);
  return fail(
    `${time} came twice in ${zone}: write the offset, too, such as ${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:00+01:00`,
  );
}

const two = (value: number): string => String(value).padStart(2, '0');

/** Milliseconds that the zone is ahead of UTC at a moment, minutes and seconds of it included. */
export function offsetAt(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(ms);
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const wall = Date.UTC(
    value('year'),
    value('month') - 1,
    value('day'),
    value('hour'),
    value('minute'),
    value('second'),
  );
  return wall - Math.floor(ms / 1000) * 1000;
}

/** As people read it: `2026-11-24 14:00:05 CET`. */
export function shownTime(ms: number, zone: string): string {
  const wall = new Date(ms + offsetAt(ms, zone)).toISOString().slice(0, 19).replace('T', ' ');
  const name = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'short' })
    .formatToParts(ms)
    .find(({ type }) => type === 'timeZoneName')?.value;
  return `${wall} ${name ?? 'UTC'}`;
}
