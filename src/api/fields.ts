// Field shapes that several kinds share. `.meta()` carries what only the CRD can say: `x-kubernetes-*` and CEL rules.
import { z } from 'zod';

export interface CelRule {
  rule: string;
  message: string;
  fieldPath?: string;
  reason?: string;
}

/** Attaches CEL rules, which the API server evaluates at admission. */
export function rules(...list: CelRule[]): { 'x-kubernetes-validations': CelRule[] } {
  return { 'x-kubernetes-validations': list };
}

/** `30s`, `5m`, `1h30m`, `250ms`: Go's duration form, without sign. */
export const DURATION_PATTERN = /^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/;

export const duration = z
  .string()
  .max(32)
  .regex(DURATION_PATTERN, 'must be a duration such as 30s, 5m or 1h30m')
  .describe('A duration such as 30s, 5m or 1h30m.');

/** An argument that is filled in later; nothing beside it. */
export const ARGUMENT_PATTERN = /^\{\{[^{}]+\}\}$/;

/** A duration, or an argument that gives one. */
export const durationOrArgument = z
  .string()
  .max(256)
  .regex(
    /^(([0-9]+(\.[0-9]+)?(ms|s|m|h))+|\{\{[^{}]+\}\})$/,
    'must be a duration such as 30s, 5m or 1h30m, or an argument',
  )
  .describe('A duration such as 30s, 5m or 1h30m, or an argument such as {{args.interval}}.');

/** A whole number from `least` to `most`, or an argument that gives one. */
export const numberOrArgument = (least: number, most: number) =>
  z.union([z.int().min(least).max(most), z.string().max(256)]).meta({
    'x-kubernetes-int-or-string': true,
    maxLength: 256,
    ...rules({
      rule: `type(self) == int ? self >= ${least} && self <= ${most} : self.matches('^(${least < 0 ? '-?' : ''}[0-9]+|[{][{].+[}][}])$')`,
      message: `must be a whole number from ${least} to ${most}, or an argument such as {{args.limit}}`,
    }),
  });

/** Whole seconds, or a duration with a unit. */
export const secondsOrDuration = z
  .union([z.int(), z.string()])
  .meta({
    'x-kubernetes-int-or-string': true,
    maxLength: 32,
    ...rules({
      rule: "type(self) == int ? self > 0 : self.matches('^([0-9]+|([0-9]+([.][0-9]+)?(ms|s|m|h))+)$') && self.matches('[1-9]')",
      message: 'must be more than 0: whole seconds, or a duration such as 30s, 5m or 1h30m',
    }),
  })
  .describe('Whole seconds, or a duration such as 30s, 5m or 1h30m.');

/** A number, or a percentage such as 25%. */
export const intOrPercent = z
  .union([z.int(), z.string()])
  .meta({
    'x-kubernetes-int-or-string': true,
    maxLength: 16,
    ...rules({
      rule: "type(self) == int ? self >= 0 : self.matches('^[0-9]+%$')",
      message: 'must be a whole number such as 1, or a percentage such as 25%',
    }),
  })
  .describe('A whole number, or a percentage such as 25%.');

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

/** Milliseconds of a duration, or undefined where the text is none. Numbers, and texts of digits alone, are seconds. */
export function durationMs(value: string | number): number | undefined {
  if (typeof value === 'number') return counted(value * 1000);
  if (/^[0-9]+$/.test(value)) return counted(Number(value) * 1000);
  if (value.length > 32 || !DURATION_PATTERN.test(value)) return undefined;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  return counted(total);
}

/** Whole milliseconds, or undefined for more than a clock can count. */
function counted(ms: number): number | undefined {
  const whole = Math.round(ms);
  return whole >= 0 && Number.isSafeInteger(whole) ? whole : undefined;
}
