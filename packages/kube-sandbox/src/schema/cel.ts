// Compiles the CEL rules of a schema once, each for the node that carries it.
import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { SchemaError } from 'kube-schema/cause';
import type { SchemaNode, ValidationRule } from 'kube-schema/node';

export interface CompiledRule {
  source: ValidationRule;
  evaluate: ParseResult;
  explain: ParseResult | undefined;
  /** Compares with the old value, and so is evaluated on updates only. */
  isTransition: boolean;
}

export type RuleIndex = ReadonlyMap<SchemaNode, CompiledRule[]>;

const ENVIRONMENT = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true })
  .registerVariable('self', 'dyn')
  .registerVariable('oldSelf', 'dyn')
  .registerFunction('string.find(string): string', (text: string, re: string) => text.match(pattern(re))?.[0] ?? '')
  .registerFunction('string.findAll(string): list<string>', (text: string, re: string) => [
    ...(text.match(pattern(re, 'gu')) ?? []),
  ])
  .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
    text.replaceAll(from, () => to),
  )
  .registerFunction('list<dyn>.isSorted(): bool', (list: (string | number | bigint)[]) =>
    list.every((element, i) => i === 0 || (list[i - 1] ?? element) <= element),
  );

function pattern(text: string, flags = 'u'): RegExp {
  return new RegExp(text, flags);
}

/** Throws `SchemaError` for the first rule that does not compile. */
export function compileRules(root: SchemaNode): RuleIndex {
  const index = new Map<SchemaNode, CompiledRule[]>();
  visit(root, '', index);
  return index;
}

function visit(node: SchemaNode, path: string, index: Map<SchemaNode, CompiledRule[]>): void {
  const list = node['x-kubernetes-validations'];
  if (list !== undefined)
    index.set(
      node,
      list.map((rule) => compileRule(rule, path)),
    );
  for (const [key, child] of Object.entries(node.properties ?? {})) visit(child, `${path}.${key}`, index);
  if (node.items !== undefined) visit(node.items, `${path}[]`, index);
  if (typeof node.additionalProperties === 'object') visit(node.additionalProperties, `${path}[*]`, index);
}

function compileRule(source: ValidationRule, path: string): CompiledRule {
  const withoutTexts = source.rule.replaceAll(/'(\\.|[^'\\])*'|"(\\.|[^"\\])*"/g, "''");
  return {
    source,
    evaluate: compile(source.rule, path),
    explain: source.messageExpression === undefined ? undefined : compile(source.messageExpression, path),
    isTransition: /\boldSelf\b/.test(withoutTexts),
  };
}

function compile(expression: string, path: string): ParseResult {
  try {
    const parsed = ENVIRONMENT.parse(expression);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error ?? new Error('type check failed');
    return parsed;
  } catch (error) {
    const detail = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new SchemaError(`rule at ${path === '' ? 'the root' : path.slice(1)}: ${expression}: ${detail}`);
  }
}
