import { describe, expect, it } from 'vitest';
import { whenOf } from '../../src/ledger/when.ts';
import { shownTime, zoneNamed } from '../../src/ledger/zone.ts';

const NOW = Date.parse('2026-11-27T13:30:00Z');
const read = (text: string, zone = 'UTC', now = NOW): string => {
  const result = whenOf(text, { now, zone });
  return result.ok ? new Date(result.value).toISOString() : result.error;
};

describe('a moment', () => {
  it.each([
    ['2026-11-24T14:00:05Z', '2026-11-24T14:00:05.000Z'],
    ['2026-11-24t14:00:05.25+01:00', '2026-11-24T13:00:05.250Z'],
    ['2026-11-24 14:00:05Z', '2026-11-24T14:00:05.000Z'],
    ['2026-11-24 14:00', '2026-11-24T14:00:00.000Z'],
    ['2026-11-24T14:00', '2026-11-24T14:00:00.000Z'],
    ['2026-11-24 14:00 +02:00', '2026-11-24T12:00:00.000Z'],
    ['2026-11-24 14:00 CET', '2026-11-24T13:00:00.000Z'],
    ['24 Nov 2026 14:00', '2026-11-24T14:00:00.000Z'],
    ['last tuesday 14:00', '2026-11-24T14:00:00.000Z'],
    ['Last Tuesday at 2pm', '2026-11-24T14:00:00.000Z'],
    ['at 9:15', '2026-11-27T09:15:00.000Z'],
    ['yesterday 14:00', '2026-11-26T14:00:00.000Z'],
    ['2h ago', '2026-11-27T11:30:00.000Z'],
    ['1h30m ago', '2026-11-27T12:00:00.000Z'],
    ['3 days ago', '2026-11-24T13:30:00.000Z'],
    ['now', '2026-11-27T13:30:00.000Z'],
  ])('%s is %s', (text, time) => {
    expect(read(text)).toBe(time);
  });

  it.each([
    ['2026-11-24 14:00', 'Europe/Berlin', '2026-11-24T13:00:00.000Z'],
    ['2026-07-01 14:00', 'Europe/Berlin', '2026-07-01T12:00:00.000Z'],
    ['2026-07-01 14:00', 'America/New_York', '2026-07-01T18:00:00.000Z'],
    ['2026-11-24 14:00', 'Asia/Kathmandu', '2026-11-24T08:15:00.000Z'],
    ['2026-11-24T14:00:00Z', 'Asia/Tokyo', '2026-11-24T14:00:00.000Z'],
    ['last tuesday 0:30', 'Pacific/Auckland', '2026-11-23T11:30:00.000Z'],
    ['40 days ago', 'Europe/Berlin', '2026-10-18T12:30:00.000Z'],
    ['960 hours ago', 'Europe/Berlin', '2026-10-18T13:30:00.000Z'],
  ])('%s in %s is %s, whatever the zone of this machine', (text, zone, time) => {
    expect(read(text, zone)).toBe(time);
  });

  it.each([
    ['lost tuesday 14:00', /no time that can be read/],
    ['', /no time that can be read/],
    ['from 10:00 to 12:00', /no time that can be read/],
    ['2026-02-30T10:00:00Z', /there is no time/],
    ['2026-11-24T25:00:00Z', /there is no time/],
    ['2026-11-24', /says no time of day/],
    ['yesterday', /says no time of day/],
    ['03/04/2026 14:00', /write the year first/],
    ['2026-11-28 14:00', /has yet to come/],
    ['tomorrow 14:00', /has yet to come/],
  ])('%s is refused: %s', (text, why) => {
    expect(read(text)).toMatch(why);
  });

  it('is refused where the clocks of the zone skipped it, or showed it twice', () => {
    expect(read('2026-03-29 02:30', 'Europe/Berlin')).toMatch(/there was no 02:30 of 2026-03-29 in Europe\/Berlin/);
    expect(read('2026-10-25 02:30', 'Europe/Berlin')).toMatch(/came twice in Europe\/Berlin: write the offset/);
    expect(read('2026-10-25 02:30 +02:00', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
  });
});

describe('a zone', () => {
  it('is looked up by its name', () => {
    expect(zoneNamed('Europe/Berlin')).toBe('Europe/Berlin');
    expect(zoneNamed('Europe/Nowhere')).toBeUndefined();
    expect(zoneNamed(undefined)).toBeDefined();
  });

  it('is told with a time', () => {
    expect(shownTime(NOW, 'UTC')).toBe('2026-11-27 13:30:00 UTC');
    expect(shownTime(NOW, 'Europe/Berlin')).toBe('2026-11-27 14:30:00 CET');
    expect(shownTime(NOW, 'Asia/Kathmandu')).toBe('2026-11-27 19:15:00 GMT+5:45');
  });
});
