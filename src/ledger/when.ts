// A moment as people write it: RFC 3339, `2026-11-24 14:00`, `last tuesday 14:00`, `2h ago`. What is understood in part only is refused.
import { parse } from 'chrono-node/en';
import { fail, ok, type Result } from '../api/result.ts';
import { instantOf, offsetAt } from './zone.ts';

export interface Reference {
  /** Milliseconds since the epoch. */
  now: number;
  /** In which a time of day is meant, unless it says so itself. */
  zone: string;
}

type Spoken = ReturnType<typeof parse>[number]['start'];

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const EXAMPLES = '"2026-11-24 14:00", "last tuesday 14:00", "2h ago" or 2026-11-24T14:00:00Z';
/** Clocks of two machines differ. */
const SLACK_MS = 60_000;

/** Milliseconds since the epoch; the error says what to write instead. */
export function whenOf(text: string, { now, zone }: Reference): Result<number, string> {
  const given = text.trim();
  const [, year, month, day] = RFC_3339.exec(given) ?? [];
  const found =
    day === undefined ? spoken(given, { now, zone }) : exact(given, [Number(year), Number(month), Number(day)]);
  if (!found.ok || found.value <= now + SLACK_MS) return found;
  return fail(`${given} has yet to come: what will be serving then is not known`);
}

function exact(text: string, [year, month, day]: [year: number, month: number, day: number]): Result<number, string> {
  const ms = Date.parse(text.replace(' ', 'T'));
  const isDay = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
  return Number.isNaN(ms) || !isDay ? fail(`there is no time ${text}`) : ok(ms);
}

function spoken(text: string, { now, zone }: Reference): Result<number, string> {
  if (/^\d{1,2}\/\d{1,2}\/\d{2,4}\b/.test(text))
    return fail(`${text}: write the year first, such as 2026-11-24, since a day is not told from a month`);
  const words = text.replace(/^(at|on)\s+/i, '');
  const timezone = offsetAt(now, zone) / 60_000;
  const [result, ...others] = parse(words, { instant: new Date(now), timezone }, { forwardDate: false });
  const isWhole = result !== undefined && others.length === 0 && result.text === words && !result.end;
  if (!isWhole) return fail(`${text} is no time that can be read: write one such as ${EXAMPLES}`);
  const { start } = result;
  const isRelative = /\bago$|^now$/i.test(words);
  if (!start.isCertain('hour') && !isRelative)
    return fail(`${text} says no time of day: write one such as ${EXAMPLES}`);
  return start.isCertain('timezoneOffset') ? ok(start.date().getTime()) : inZone(start, zone);
}

function inZone(start: Spoken, zone: string): Result<number, string> {
  const part = (name: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'): number => start.get(name) ?? 0;
  const [year, month, day] = [part('year'), part('month'), part('day')];
  return instantOf({ year, month, day, hour: part('hour'), minute: part('minute'), second: part('second') }, zone);
}
