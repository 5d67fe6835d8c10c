// The structural schema of a custom resource, as the API server reads it: pruning, defaults and validation.
import { compileRules, type RuleIndex } from './cel.ts';
import { missingCheck, type Cause } from 'kube-schema/cause';
import { defaultInto } from './defaults.ts';
import { duplicates } from './lists.ts';
import type { SchemaNode } from 'kube-schema/node';
import { pruneInto } from 'kube-schema/prune';
import { validateRules } from './validate-rules.ts';
import { validateValue } from 'kube-schema/validate';

export type { Cause } from 'kube-schema/cause';

export interface CompiledSchema {
  /** Drops in place what the schema does not know. Returns the dropped paths, as `spec.items[0].zz`, sorted. */
  prune(obj: unknown): string[];
  /** Fills in defaults in place; a null is replaced by the default, or dropped, where the field is not nullable. */
  applyDefaults(obj: unknown): void;
  /** What is wrong with the object; `old` is the stored one on an update, for transition rules and ratcheting. */
  validate(obj: unknown, old?: unknown): Cause[];
}

const STOPPERS: ReadonlySet<string> = new Set([
  'FieldValueRequired',
  'FieldValueNotSupported',
  'FieldValueTypeInvalid',
  'FieldValueTooLong',
  'FieldValueTooMany',
]);

/** Compiles the schema of one version of a CRD. Throws `SchemaError` for a CEL rule that cannot be compiled. */
export function compileSchema(openAPIV3Schema: object): CompiledSchema {
  const root = openAPIV3Schema as SchemaNode;
  const rules: RuleIndex = compileRules(root);
  return {
    prune(obj) {
      const dropped: string[] = [];
      pruneInto(obj, root, { path: '', dropped, isResource: true });
      return dropped.sort();
    },
    applyDefaults(obj) {
      defaultInto(obj, root);
    },
    validate(obj, old) {
      const causes: Cause[] = [];
      validateValue({ value: obj, old, path: '', isRoot: true }, root, causes);
      if (causes.some((cause) => STOPPERS.has(cause.reason)))
        return rules.size === 0 ? causes : [...causes, missingCheck()];
      duplicates(obj, root, { path: '', causes });
      validateRules({ value: obj, old, path: '' }, root, { rules, causes });
      return causes;
    },
  };
}
