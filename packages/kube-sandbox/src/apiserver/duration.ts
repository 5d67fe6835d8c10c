// Ages as tables show them: 74s, 4m47s, 36m, 5h, 3d.

export function ageText(since: unknown, now: number): string {
  if (typeof since !== 'string') return '<unknown>';
  const began = Date.parse(since);
  return Number.isNaN(began) ? '<invalid>' : shortDuration(now - began);
}

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400, y: 365 * 86_400 };
type Unit = keyof typeof UNITS;

/** Up to which number of seconds an age is told in which units; a second unit that comes to 0 is left out. */
const FORMS: readonly { below: number; units: readonly [Unit, Unit?] }[] = [
  { below: 120, units: ['s'] },
  { below: 10 * UNITS.m, units: ['m', 's'] },
  { below: 180 * UNITS.m, units: ['m'] },
  { below: 8 * UNITS.h, units: ['h', 'm'] },
  { below: 48 * UNITS.h, units: ['h'] },
  { below: 192 * UNITS.h, units: ['d', 'h'] },
  { below: 730 * UNITS.d, units: ['d'] },
  { below: 2_920 * UNITS.d, units: ['y', 'd'] },
];

/** A duration in milliseconds, with two units at most. */
export function shortDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  const [big, small] = FORMS.find(({ below }) => seconds < below)?.units ?? ['y'];
  const text = `${Math.floor(seconds / UNITS[big])}${big}`;
  const rest = small === undefined ? 0 : Math.floor((seconds % UNITS[big]) / UNITS[small]);
  return rest === 0 ? text : `${text}${rest}${small}`;
}
