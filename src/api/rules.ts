// A rule on fields, stated once, beside the field that it is about: the CRD carries `cel`, parsing asks `holds`, and both say `message`.
import { z } from 'zod';

interface Stated {
  /** What to write instead; it is read behind the name of the field. */
  message: string;
  /** Below the node that carries the rule, the field that is wrong. Default: the node itself. */
  at?: readonly string[];
}

interface Asked<T> {
  /** Total: the value is of the form that its schema gives it, but bounds and patterns need not hold. */
  holds(value: T): boolean;
  /** Where it does not hold, every place that breaks it. Default: `at`. */
  where?(value: T): Breach[];
}

/** A place deeper than a schema can name, such as one of many items; and words for it, which begin as those of the CRD do, if it has any. */
export interface Breach {
  at: readonly (string | number)[];
  message?: string;
}

/** With its CEL; where only one side can ask it, with the reason. */
export type Rule<T> =
  | (Stated & Asked<T> & { cel: string })
  | (Stated & Asked<T> & { notInCel: string })
  | (Stated & { cel: string; inCelAlone: string });

/** What a CRD carries of a rule. */
interface CelRule {
  rule: string;
  message: string;
  fieldPath?: string;
}

const carried = z.registry<{ rules: readonly Rule<never>[] }>();

/** The schema with rules on its value; those that it has already stay. */
export function ruled<S extends z.ZodType>(schema: S, ...rules: Rule<z.output<S>>[]): S {
  const asked = rules.filter((rule) => 'holds' in rule);
  const checking = schema.check(({ value, issues }) => {
    for (const rule of asked)
      if (!rule.holds(value)) for (const breach of breaches(rule, value)) issues.push(issueOf(breach, rule, value));
  });
  const all = [...rulesOn(schema), ...rules];
  const cel = all.flatMap((rule) => ('cel' in rule ? [celRule(rule)] : []));
  const told = cel.length === 0 ? checking : checking.meta({ 'x-kubernetes-validations': cel });
  carried.add(told, { rules: all });
  return told;
}

/** The rules that a schema carries itself. */
export function rulesOn(schema: z.ZodType): readonly Rule<never>[] {
  return carried.get(schema)?.rules ?? [];
}

function breaches<T>(rule: Stated & Asked<T>, value: T): Breach[] {
  return rule.where?.(value) ?? [{ at: rule.at ?? [] }];
}

/** It does not keep what spans more fields from being asked as well. */
function issueOf({ at, message }: Breach, rule: Stated, input: unknown): z.core.$ZodRawIssue {
  return { code: 'custom', path: [...at], message: message ?? rule.message, input, continue: true };
}

function celRule({ cel, message, at }: Stated & { cel: string }): CelRule {
  return { rule: cel, message, ...(at !== undefined && { fieldPath: at.map((key) => `.${key}`).join('') }) };
}

const DISTINCT = 'names must differ';

/** What a list of named items has to say beside its CEL. */
export const distinctNames = {
  message: DISTINCT,
  holds: (list: { name: string }[]): boolean => new Set(list.map(({ name }) => name)).size === list.length,
  where: (list: { name: string }[]): Breach[] =>
    list.flatMap(({ name }, index) => {
      if (list.findIndex((other) => other.name === name) === index) return [];
      return [{ at: [index, 'name'], message: `${DISTINCT}: ${name} is there already` }];
    }),
};
