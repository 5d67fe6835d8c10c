// When a set of windows is closed, and until when.
import { describe, expect, it } from 'vitest';
import { closedAt, describeClosed, windowsSchema, type TimeWindow } from '../../src/api/windows.ts';

const OFFICE: TimeWindow = { kind: 'Allow', schedule: '0 9 * * MON-FRI', duration: '8h', timeZone: 'Europe/Berlin' };
const FREEZE: TimeWindow = { kind: 'Deny', schedule: '0 0 24 12 *', duration: '96h', reason: 'Christmas' };

const said = (windows: readonly TimeWindow[], time: string): string | undefined => {
  const closed = closedAt(windows, Date.parse(time));
  return closed && describeClosed(closed);
};

describe('Windows', () => {
  it('are open where there are none', () => {
    expect(said([], '2026-01-01T00:00:00Z')).toBeUndefined();
  });

  it.each<[string, string | undefined]>([
    ['2026-11-27T07:59:59Z', 'outside its windows, until 2026-11-27T08:00:00Z'],
    ['2026-11-27T08:00:00Z', undefined],
    ['2026-11-27T15:59:59.999Z', undefined],
    ['2026-11-27T16:00:00Z', 'outside its windows, until 2026-11-30T08:00:00Z'],
    ['2026-07-01T06:59:59Z', 'outside its windows, until 2026-07-01T07:00:00Z'],
    ['2026-07-01T07:00:00Z', undefined],
  ])('that allow are open from their beginning to before their end, in their time zone: %s', (time, text) => {
    expect(said([OFFICE], time)).toBe(text);
  });

  it('that deny go before those that allow, and what opens next is what both leave open', () => {
    expect(said([OFFICE, FREEZE], '2026-12-24T10:00:00Z')).toBe(
      'in a window that is closed (Christmas), until 2026-12-28T08:00:00Z',
    );
    expect(said([FREEZE], '2026-12-23T23:59:59Z')).toBeUndefined();
  });

  it('that deny and overlap close without a gap', () => {
    const daily: TimeWindow = { kind: 'Deny', schedule: '0 0 * * FRI,SAT,SUN', duration: '30h', timeZone: 'UTC' };
    expect(said([daily], '2026-11-27T12:00:00Z')).toBe(
      'in a window that is closed (0 0 * * FRI,SAT,SUN UTC), until 2026-11-30T06:00:00Z',
    );
  });

  it.each<[string, TimeWindow, string]>([
    [
      'never begins',
      { kind: 'Allow', schedule: '0 0 30 2 *', duration: '1h' },
      'outside its windows, with no end in sight',
    ],
    [
      'never ends',
      { kind: 'Deny', schedule: '* * * * *', duration: '8h', reason: 'for good' },
      'in a window that is closed (for good), with no end in sight',
    ],
    [
      'has no such time zone',
      { kind: 'Deny', schedule: '0 0 * * *', duration: '1h', timeZone: 'Mars/Olympus' },
      'windows[0] cannot be read (0 0 * * *, Mars/Olympus): ',
    ],
    [
      'goes backwards',
      { kind: 'Allow', schedule: '0 0 * * FRI-MON', duration: '1h' },
      'windows[0] cannot be read (0 0 * * FRI-MON, UTC): ',
    ],
  ])('of which one %s are closed, and say so', (_, window, text) => {
    expect(said([window], '2026-11-27T12:00:00Z')).toMatch(new RegExp(`^${text.replaceAll(/[()[\]*/]/g, '\\$&')}`));
  });

  it('say the same from memory as when they are worked out, however time jumps', () => {
    const times = ['2026-11-27T07:00:00Z', '2026-11-27T09:00:00Z', '2026-11-27T07:30:00Z', '2026-12-25T09:00:00Z'];
    const fresh = times.map((time, i) => said([OFFICE, { ...FREEZE, reason: `Christmas ${i}` }], time));
    const known = times.map((time) => said([OFFICE, FREEZE], time));
    expect(known).toEqual(fresh.map((text) => text?.replace(/Christmas \d/, 'Christmas')));
    expect(known).toEqual([
      'outside its windows, until 2026-11-27T08:00:00Z',
      undefined,
      'outside its windows, until 2026-11-27T08:00:00Z',
      'in a window that is closed (Christmas), until 2026-12-28T08:00:00Z',
    ]);
  });

  it('open at the hour that the clock shows; on the day that has no such hour, right after the gap', () => {
    const night: TimeWindow = { kind: 'Allow', schedule: '30 2 * * *', duration: '1h', timeZone: 'Europe/Berlin' };
    expect(said([night], '2026-03-28T12:00:00Z')).toBe('outside its windows, until 2026-03-29T01:00:00Z');
    expect(said([night], '2026-03-29T12:00:00Z')).toBe('outside its windows, until 2026-03-30T00:30:00Z');
  });

  it.each<[string, Partial<TimeWindow>, string]>([
    ['a sixth field', { schedule: '0 0 9 * * 1' }, 'five fields of cron'],
    ['an hour of 24', { schedule: '0 24 * * *' }, 'five fields of cron'],
    ['a name of cron', { schedule: '@daily' }, 'five fields of cron'],
    ['half a minute', { duration: '30s' }, 'from 1m to 744h'],
    ['a year', { duration: '8760h' }, 'from 1m to 744h'],
    ['a time zone with blanks', { timeZone: 'Central European Time' }, 'name of a time zone'],
  ])('are refused with %s', (_, window, message) => {
    const [issue] = windowsSchema.safeParse([{ ...OFFICE, ...window }]).error?.issues ?? [];
    expect(issue?.message).toContain(message);
  });

  it.each(['*/15 * * * *', '0 9,17 1-7 JAN-MAR,12 *', '0 0 1,15 * 0-6/2', '59 23 31 12 7'])(
    'are taken with the schedule %s, which the calendar can follow',
    (schedule) => {
      const window: TimeWindow = { kind: 'Allow', schedule, duration: '10m' };
      expect(windowsSchema.safeParse([window]).success).toBe(true);
      expect(said([window], '2026-11-27T12:14:00Z')).toMatch(/^outside its windows, until 20\d\d-/);
    },
  );
});
