// Routers and providers of metrics are tables of forms, by the name of the field that each is written in.
import { z } from 'zod';

/** The names in a table, in its order. */
export const namesIn = <T extends object>(table: T): (keyof T & string)[] => Object.keys(table) as (keyof T & string)[];

type Having<K extends string> = Readonly<Record<string, Readonly<Record<K, z.ZodType>>>>;

/** A schema with a field for each form of a table, as its `part` says it; none of them has to be there. */
export function optionalFields<K extends string, T extends Having<K>>(table: T, part: K) {
  const fields = Object.fromEntries(Object.entries(table).map(([name, form]) => [name, form[part]])) as {
    [N in keyof T]: T[N][K];
  };
  return z.object(fields).partial();
}
