// Field shapes that several kinds share. `.meta()` carries what only the CRD can say: `x-kubernetes-*`.
import { z } from 'zod';
import { ruled, type Rule } from './rules.ts';

/** `30s`, `5m`, `1h30m`, `250ms`: Go's duration form, without sign. */
const DURATION_PATTERN = /^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/;

/** An argument that is filled in later; nothing beside it. */
export const ARGUMENT_PATTERN = /^\{\{[^{}]+\}\}$/;

const DURATION_OR_ARGUMENT = /^(([0-9]+(\.[0-9]+)?(ms|s|m|h))+|\{\{[^{}]+\}\})$/;

const countable: Rule<string> = {
  message: 'must be no longer than a clock can count',
  holds: (text) => durationMs(text) !== undefined || !DURATION_PATTERN.test(text),
  notInCel: 'its own durations end earlier, where reading one fails by itself',
};

const durationText = (maxLength: number, form: RegExp, words: string) =>
  ruled(
    z
      .string()
      .max(maxLength)
      .regex(form, { error: ({ input }) => `${words}, not ${shown(input)}` }),
    countable,
  );

export const duration = durationText(32, DURATION_PATTERN, 'must be a duration such as 30s, 5m or 1h30m').describe(
  'A duration such as 30s, 5m or 1h30m.',
);

/** A duration from `least` to `most`, both written as durations. */
export function durationWithin(least: string, most: string, message: string) {
  const [from, to] = [durationMs(least) ?? 0, durationMs(most) ?? Infinity];
  return ruled(duration, {
    cel: `duration(self) >= duration('${least}') && duration(self) <= duration('${most}')`,
    message,
    holds: (text) => {
      const ms = durationMs(text) ?? (DURATION_PATTERN.test(text) ? Infinity : from);
      return ms >= from && ms <= to;
    },
  });
}

/** A duration, or an argument that gives one. */
export const durationOrArgument = durationText(
  256,
  DURATION_OR_ARGUMENT,
  'must be a duration such as 30s, 5m or 1h30m, or an argument',
).describe('A duration such as 30s, 5m or 1h30m, or an argument such as {{args.interval}}.');

const intOrString = (maxLength: number) =>
  z
    .union([z.int(), z.string().max(maxLength)], 'must be a whole number or text')
    .meta({ 'x-kubernetes-int-or-string': true, maxLength });

/** A whole number from `least` to `most`, or an argument that gives one. */
export const numberOrArgument = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}, or an argument such as {{args.limit}}`;
  return ruled(intOrString(256), {
    cel: `type(self) == int ? self >= ${least} && self <= ${most} : self.matches('^(${least < 0 ? '-?' : ''}[0-9]+|[{][{].+[}][}])$')`,
    message,
    holds: (value) => {
      if (typeof value === 'string' && ARGUMENT_PATTERN.test(value)) return true;
      const number = value === '' ? NaN : numberOf(value, 0);
      return Number.isInteger(number) && number >= least && number <= most;
    },
    where: (value) => [{ at: [], message: `${message}, not ${shown(value)}` }],
  });
};

/** Whole seconds, or a duration with a unit. */
export const secondsOrDuration = ruled(intOrString(32), {
  cel: "type(self) == int ? self > 0 : self.matches('^([0-9]+|([0-9]+([.][0-9]+)?(ms|s|m|h))+)$') && self.matches('[1-9]')",
  message: 'must be whole seconds above 0, or a duration such as 30s, 5m or 1h30m',
  holds: (value) => (durationMs(value) ?? 0) > 0,
}).describe('Whole seconds, or a duration such as 30s, 5m or 1h30m.');

/** A number, or a percentage such as 25%. */
export const intOrPercent = ruled(intOrString(16), {
  cel: "type(self) == int ? self >= 0 : self.matches('^[0-9]+%$')",
  message: 'must be a whole number such as 1, or a percentage such as 25%',
  holds: (value) => (typeof value === 'number' ? value >= 0 : /^[0-9]+%$/.test(value)),
}).describe('A whole number, or a percentage such as 25%.');

/** Any JSON object; the API server keeps what is in it. */
export const anyObject = z.looseObject({}).meta({ 'x-kubernetes-preserve-unknown-fields': true });

export const name = z.string().min(1).max(253);

/** The conditions of a status, one of each type. */
export const conditions = z
  .array(
    z.object({
      type: z.string(),
      status: z.enum(['True', 'False', 'Unknown']),
      reason: z.string(),
      message: z.string(),
      lastTransitionTime: z.string(),
      lastUpdateTime: z.string().optional(),
      observedGeneration: z.int().optional(),
    }),
  )
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const PART = /([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g;

/** Milliseconds of a duration, or undefined where the text is none. Numbers, and texts of digits alone, are seconds. */
export function durationMs(value: string | number): number | undefined {
  if (typeof value === 'number') return counted(value * 1000);
  if (/^[0-9]+$/.test(value)) return counted(Number(value) * 1000);
  if (value.length > 32 || !DURATION_PATTERN.test(value)) return undefined;
  let total = 0;
  PART.lastIndex = 0;
  for (let part = PART.exec(value); part !== null; part = PART.exec(value))
    total += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? 0);
  return counted(total);
}

/** Whole milliseconds, or undefined for more than a clock can count. */
function counted(ms: number): number | undefined {
  const whole = Math.round(ms);
  return whole >= 0 && Number.isSafeInteger(whole) ? whole : undefined;
}

/** NaN for what is no whole number: a placeholder that is not filled in, a word. */
export function numberOf(value: number | string | undefined, otherwise: number): number {
  if (value === undefined || value === '') return otherwise;
  if (typeof value === 'number') return value;
  return /^-?[0-9]{1,9}$/.test(value) ? Number(value) : NaN;
}

/** As in a manifest, as far as it is read at a glance. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 64 ? text : `${text.slice(0, 64)}…`;
}
