// What a router declares of its fields below `trafficRouting`, before anything of it is run.
import type { z } from 'zod';

export interface RouterForm<C> {
  /** Without rules: what is driven already is still to be known where a rule came later. */
  readonly fields: z.ZodType<C>;
  /** The fields with the rules on them. */
  readonly schema: z.ZodType<C>;
  /** Where it tells the two revisions apart by something else than two Services: when it does. */
  readonly withoutServices?: {
    /** For a person, as `an istio.destinationRule`. */
    readonly text: string;
    /** Given the path of its fields. */
    cel(self: string): string;
    holds(config: C): boolean;
  };
  /** It shares all requests out alike: it cannot show the candidate to those with some headers, whatever the weights are. */
  readonly sharesAllAlike?: true;
}

/** Forms by the name of the field that each is written in. */
export type RouterForms = Readonly<Record<string, RouterForm<object>>>;
