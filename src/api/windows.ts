// Windows of time: when something may begin, and when it may not. Times repeat as cron has them, in a time zone.
import { Cron } from 'croner';
import { z } from 'zod';
import { durationMs, durationWithin } from './fields.ts';
import { ruled } from './rules.ts';

const part = (value: string): string => {
  const one = `([*]|${value}(-${value})?)(/[1-9][0-9]?)?`;
  return `${one}(,${one})*`;
};
const MINUTE = part('[0-5]?[0-9]');
const HOUR = part('([01]?[0-9]|2[0-3])');
const DAY = part('(0?[1-9]|[12][0-9]|3[01])');
const MONTH = part('(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)');
const WEEKDAY = part('([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)');
const SCHEDULE_PATTERN = `^${[MINUTE, HOUR, DAY, MONTH, WEEKDAY].join(' +')}$`;
const SCHEDULE = new RegExp(SCHEDULE_PATTERN);
const TIME_ZONE = /^[A-Za-z]+[A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/;

const length = durationWithin('1m', '744h', 'must be from 1m to 744h (31 days), such as 8h');

const schedule = ruled(z.string().max(256), {
  cel: `self.matches('${SCHEDULE_PATTERN}')`,
  message: 'must be the five fields of cron (minute hour day month weekday), such as 0 9 * * MON-FRI',
  holds: (text) => SCHEDULE.test(text),
});

export const windowSchema = z.object({
  kind: z
    .enum(['Allow', 'Deny'])
    .describe('Deny goes before Allow; where there is any Allow, everything outside of all of them is closed.'),
  schedule: schedule.describe(
    'When it begins: minute hour day month weekday. Where day and weekday are given, either is enough.',
  ),
  duration: length.describe('How long it lasts.'),
  timeZone: z
    .string()
    .max(64)
    .regex(TIME_ZONE, 'must be the name of a time zone, such as Europe/Berlin')
    .optional()
    .describe('By its name, such as Europe/Berlin. Default UTC.'),
  reason: z.string().min(1).max(128).optional().describe('For people: what it is for.'),
});

export const windowsSchema = z.array(windowSchema).max(16);

export type TimeWindow = z.infer<typeof windowSchema>;

/** That it is closed, and for how long. */
export interface Closed {
  /** For people, the same until it opens. */
  why: string;
  /** When it opens; undefined: not in sight. Milliseconds since the epoch. */
  until?: number | undefined;
}

/** Changes that are looked ahead at, to find when it opens. */
const MAX_AHEAD = 100;
/** Schedules that name no day that there is: to search for one takes long, and is done once. */
const never = new Set<string>();
const MAX_NEVER = 1000;

/** What was worked out, by the text of the windows: it holds until the next of them begins or ends. */
const answers = new Map<string, { from: number; to: number; closed: Closed | undefined }>();
const MAX_ANSWERS = 1000;
/** Where nothing is known to change, it is worked out again after this. */
const LONGEST_MS = 24 * 3_600_000;

/** Undefined where it is open at a time (milliseconds since the epoch). What cannot be made sense of is closed. */
export function closedAt(windows: readonly TimeWindow[], now: number): Closed | undefined {
  if (windows.length === 0) return undefined;
  const key = JSON.stringify(windows);
  const known = answers.get(key);
  if (known && now >= known.from && now < known.to) return known.closed;
  if (answers.size >= MAX_ANSWERS) answers.clear();
  const answer = workedOut(windows, now);
  answers.set(key, { from: now, ...answer });
  return answer.closed;
}

function workedOut(windows: readonly TimeWindow[], now: number): { to: number; closed: Closed | undefined } {
  const spans: Spans[] = [];
  const latest = now + LONGEST_MS;
  for (const [index, window] of windows.entries()) {
    const read = spansOf(window, now);
    if (typeof read === 'string') return { to: latest, closed: { why: `windows[${index}] ${read}` } };
    spans.push(read);
  }
  const blocking = blockedBy(spans, now);
  const to = Math.min(latest, nextChange(spans, now) ?? latest);
  return { to, closed: blocking && { why: whyClosed(blocking), until: opening(spans, now) } };
}

interface Spans {
  window: TimeWindow;
  /** When the one that covers a time ends. */
  endOf: (time: number) => number | undefined;
  /** When one begins after a time. */
  after: (time: number) => number | undefined;
}

/** What is wrong, where the window cannot be used. */
function spansOf(window: TimeWindow, now: number): Spans | string {
  const { schedule, timeZone = 'UTC', duration: text } = window;
  const ms = durationMs(text);
  if (ms === undefined) return `has the duration ${text}, which is none; write one such as 8h`;
  try {
    const cron = new Cron(schedule, { timezone: timeZone });
    const after = (time: number): number | undefined => {
      if (never.has(schedule)) return undefined;
      const next = cron.nextRun(new Date(time))?.getTime();
      if (next === undefined && never.size < MAX_NEVER) never.add(schedule);
      return next;
    };
    after(now); // tells of a time zone that does not exist
    const endOf = (time: number): number | undefined => {
      const start = after(time - ms);
      return start !== undefined && start <= time ? start + ms : undefined;
    };
    return { window, endOf, after };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `cannot be read (${schedule}, ${timeZone}): ${why}`;
  }
}

type Blocking = { deny: TimeWindow } | 'outside';

function blockedBy(spans: readonly Spans[], time: number): Blocking | undefined {
  const covering = spans.filter(({ endOf }) => endOf(time) !== undefined).map(({ window }) => window);
  const deny = covering.find(({ kind }) => kind === 'Deny');
  if (deny) return { deny };
  const isOutside = spans.some(({ window }) => window.kind === 'Allow') && covering.length === 0;
  return isOutside ? 'outside' : undefined;
}

/** When the next window begins or ends. */
function nextChange(spans: readonly Spans[], time: number): number | undefined {
  const changes = spans.flatMap(({ endOf, after }) => [endOf(time) ?? [], after(time) ?? []].flat());
  return changes.length === 0 ? undefined : Math.min(...changes);
}

function opening(spans: readonly Spans[], now: number): number | undefined {
  let time = nextChange(spans, now);
  for (let looks = 0; looks < MAX_AHEAD && time !== undefined; looks++) {
    if (blockedBy(spans, time) === undefined) return time;
    time = nextChange(spans, time);
  }
  return undefined;
}

function whyClosed(blocking: Blocking): string {
  if (blocking === 'outside') return 'outside its windows';
  const { reason, schedule, timeZone } = blocking.deny;
  return `in a window that is closed (${reason ?? `${schedule} ${timeZone ?? 'UTC'}`})`;
}

/** `2026-11-30T08:00:00Z`, to the second. */
const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** All of it for people: why, and until when. */
export const describeClosed = ({ why, until }: Closed): string =>
  until === undefined ? `${why}, with no end in sight` : `${why}, until ${timeText(until)}`;
