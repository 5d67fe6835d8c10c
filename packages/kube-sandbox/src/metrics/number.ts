// Numbers and durations in Prometheus' spelling.

const NUMBER = /^[+-]?(?:0x[0-9a-f]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

/** A float as Prometheus reads it, with `Inf` and `NaN` in any case; undefined when it is none. */
export function parseNumber(text: string): number | undefined {
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return NaN;
  if (!NUMBER.test(text)) return undefined;
  const digits = text.replaceAll('_', '');
  if (/^[+-]?0x/i.test(digits)) return Number(digits.replace(/^[+-]/, '')) * (digits.startsWith('-') ? -1 : 1);
  return Number(digits);
}

/** A sample value as the HTTP API writes it. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A scalar as the HTTP API writes it: like a sample value, but never with an exponent. */
export function formatPlain(value: number): string {
  const [mantissa = '', exponent] = String(value).split('e');
  if (exponent === undefined || !Number.isFinite(value)) return formatNumber(value);
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const sign = value < 0 ? '-' : '';
  const power = Number(exponent);
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${whole}${fraction}`;
  return `${sign}${whole}${fraction.padEnd(power, '0')}`;
}

const UNIT_MS: Record<string, number> = {
  y: 365 * 86_400_000,
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds of a duration like `1h30m`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = text === '' ? null : DURATION.exec(text);
  if (match === null) return text === '0' ? 0 : undefined;
  return Object.values(UNIT_MS).reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unit, 0);
}
