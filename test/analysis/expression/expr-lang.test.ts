// Conditions with the results that expr-lang v1.17.8 gave for them, with the environment Argo Rollouts sets up.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/analysis/expression/expression.ts';

interface Case {
  expression: string;
  result: unknown;
  value?: unknown;
  error?: boolean;
}

const cases = JSON.parse(readFileSync(new URL('expr-lang-cases.json', import.meta.url), 'utf8')) as Case[];

const SPECIAL: Record<string, number> = { NaN: NaN, '+Inf': Infinity, '-Inf': -Infinity };

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  return typeof value === 'string' && Object.hasOwn(SPECIAL, value) ? SPECIAL[value] : value;
}

function outcome({ expression, result }: Case): { value?: unknown; error?: true } {
  const compiled = compile(expression);
  if (!compiled.ok) return { error: true };
  const evaluated = compiled.value.evaluate({ result: revive(result) });
  return evaluated.ok ? { value: evaluated.value } : { error: true };
}

describe('conditions mean what they mean in expr-lang', () => {
  it.each(cases)('$expression with $result', (each) => {
    expect(outcome(each)).toEqual(each.error ? { error: true } : { value: revive(each.value ?? null) });
  });
});
