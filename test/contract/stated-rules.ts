// Every rule of a schema, with the path of the node that carries it, such as `spec.metrics[].provider`.
import { z } from 'zod';
import { rulesOn, type Rule } from '../../src/api/rules.ts';

export interface StatedRule {
  path: string;
  rule: Rule<never>;
}

export function statedRules(schema: unknown, path: string): StatedRule[] {
  if (!(schema instanceof z.ZodType)) return [];
  return [...rulesOn(schema).map((rule) => ({ path, rule })), ...below(schema, path)];
}

function below(schema: z.ZodType, path: string): StatedRule[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return statedRules(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return statedRules(schema.element, `${path}[]`);
  if (schema instanceof z.ZodRecord) return statedRules(schema.valueType, `${path}[*]`);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, field]) => statedRules(field, `${path}.${key}`));
}
