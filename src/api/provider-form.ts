// What a metric provider declares of itself, so that it is one folder: its fields with their rules, and what may stand in them.
import type { z } from 'zod';
import type { Result } from './result.ts';

export interface ProviderForm<C = object> {
  /** Of what a user writes below `provider.NAME`. */
  readonly schema: z.ZodType<C>;
  /** Fields in which values of Secrets may stand: what is sent to the store, and told to nobody. Named below the provider, such as `headers[0].value`; `text` is for people. */
  readonly secrets: { readonly fields: RegExp; readonly text: string };
  /** Where the provider asks in a language of its own. */
  readonly query?: QueryField<C>;
}

/** A field whose text is a query, in which whoever gives an argument must not change what is asked. */
export interface QueryField<C> {
  readonly field: string;
  isEscaped(config: C): boolean;
  /** The same with escaping turned on. */
  escaped(config: C): C;
  /** Makes a value one that may stand at the n-th match of a pattern; the error says what to write instead, without the value. */
  escaper(query: string, pattern: RegExp): (nth: number, value: string) => Result<string, string>;
}
