// An object of which exactly one field is given: what it may be, the rule and its message are made of the same list.
import { z } from 'zod';
import { ruled } from './rules.ts';

/** Whether exactly one of them is given. */
export const isOne = (...fields: unknown[]): boolean => fields.filter((field) => field !== undefined).length === 1;

/** An object with exactly one of these fields, each of them optional; `what` it is begins the message, as `a step`. */
export function oneOf<S extends z.core.$ZodLooseShape>(what: string, fields: S): z.ZodObject<S> {
  const names = Object.keys(fields);
  return ruled(z.object(fields), {
    cel: `[${names.map((name) => `has(self.${name})`).join(', ')}].filter(x, x).size() == 1`,
    message: `${what} is exactly one of ${names.join(', ')}`,
    holds: (given) => isOne(...Object.values(given)),
  });
}
