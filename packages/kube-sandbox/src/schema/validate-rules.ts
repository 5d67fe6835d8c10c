// Evaluates the CEL rules of a schema over an object, from the root down.
import { Optional } from '@marcbachmann/cel-js';
import { isDeepStrictEqual } from 'node:util';
import { duplicate, forbidden, invalid, required, type Cause } from 'kube-schema/cause';
import type { CompiledRule, RuleIndex } from './cel.ts';
import { celValue } from './cel-value.ts';
import { childNode, isObject, join, oldElement, oldField, type SchemaNode } from 'kube-schema/node';

interface Located {
  value: unknown;
  old: unknown;
  path: string;
}

interface Evaluation {
  rules: RuleIndex;
  causes: Cause[];
}

export function validateRules(at: Located, node: SchemaNode, evaluation: Evaluation): void {
  const own = evaluation.rules.get(node);
  if (own !== undefined && at.value !== null) evaluation.causes.push(...failures(at, node, own));
  const { value, old, path } = at;
  if (Array.isArray(value)) {
    const items = node.items;
    if (items === undefined) return;
    value.forEach((element, i) => {
      const place = { value: element, old: oldElement(element, old, node), path: `${path}[${String(i)}]` };
      validateRules(place, items, evaluation);
    });
  } else if (isObject(value)) {
    for (const [key, field] of Object.entries(value)) {
      const child = childNode(node, key);
      if (child === undefined) continue;
      const isProperty = Object.hasOwn(node.properties ?? {}, key);
      const place = { value: field, old: oldField(old, key), path: isProperty ? join(path, key) : `${path}[${key}]` };
      validateRules(place, child, evaluation);
    }
  }
}

function failures(at: Located, node: SchemaNode, rules: CompiledRule[]): Cause[] {
  const isUnchanged = at.old !== undefined && isDeepStrictEqual(at.old, at.value);
  const due = rules.filter((rule) => (rule.isTransition ? at.old !== undefined || optional(rule) : !isUnchanged));
  if (due.length === 0) return [];
  const context = {
    self: celValue(at.value, node),
    oldSelf: at.old === undefined ? undefined : celValue(at.old, node),
  };
  const optionalContext = {
    ...context,
    oldSelf: at.old === undefined ? Optional.none() : Optional.of(context.oldSelf),
  };
  return due.flatMap((rule) => failure(rule, optional(rule) ? optionalContext : context, at.path, node) ?? []);
}

const optional = (rule: CompiledRule): boolean => rule.source.optionalOldSelf === true;

type Context = Record<string, unknown>;

function failure(rule: CompiledRule, context: Context, path: string, node: SchemaNode): Cause | undefined {
  const { source } = rule;
  const type = node['x-kubernetes-int-or-string'] === true ? '' : (node.type ?? '');
  let passed: unknown;
  try {
    passed = rule.evaluate(context);
  } catch (error) {
    return invalid(path, type, `${firstLine(error)} evaluating rule: ${(source.message ?? source.rule).trim()}`);
  }
  if (passed === true) return undefined;
  const detail = explained(rule, context) ?? source.message?.trim() ?? `failed rule: ${source.rule.trim()}`;
  return refusal(source.reason, `${path}${source.fieldPath ?? ''}`, { type, detail });
}

function refusal(reason: string | undefined, field: string, { type, detail }: { type: string; detail: string }): Cause {
  switch (reason ?? '') {
    case 'FieldValueForbidden':
      return forbidden(field, detail);
    case 'FieldValueRequired':
      return required(field, detail);
    case 'FieldValueDuplicate':
      return duplicate(field, type);
    default:
      return invalid(field, type, detail);
  }
}

function explained(rule: CompiledRule, context: Context): string | undefined {
  try {
    const text: unknown = rule.explain?.(context);
    return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') ? text.trim() : undefined;
  } catch {
    return undefined;
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return text.replace(/^No such key/, 'no such key');
}
