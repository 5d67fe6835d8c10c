// What a router declares of its fields below `trafficRouting`, before anything of it is run.
import type { z } from 'zod';
import type { Rule } from './rules.ts';

export interface RouterForm<C> {
  /** Without the rules: what is driven already is still to be known where a rule came later. */
  readonly fields: z.ZodType<C>;
  readonly rules: readonly Rule<C>[];
  /** Where it tells the two revisions apart by something else than two Services: when it does. */
  readonly withoutServices?: {
    /** For a person, as `an istio.destinationRule`. */
    readonly text: string;
    /** Given the path of its fields. */
    cel(self: string): string;
    holds(config: C): boolean;
  };
}
