// What a Rollout declares, read once for each version of it: whether it is valid, its plan, and the hash of its template.
import type { Issue } from '../api/result.ts';
import { parseRollout } from '../api/parse.ts';
import { objectKeyOf, type ObjectKey } from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';
import { planOf } from '../rollout/compile.ts';
import { shortHash } from '../rollout/hash.ts';
import type { Plan } from '../rollout/plan.ts';

export type Declaration =
  | { readonly plan: Plan; readonly templateHash: string; readonly issues: readonly Issue[] }
  /** Not whole enough even to go back safely by it. */
  | { readonly plan: undefined; readonly issues: Issue[] };

export interface Declarations {
  of(rollout: Rollout): Declaration;
  /** The Rollout is gone. */
  forget(rollout: ObjectKey): void;
}

/** A spec changes with the generation alone, so that the version of an object is its uid with that. */
export function createDeclarations(): Declarations {
  const versions = new Map<ObjectKey, { uid: string; generation: number; declaration: Declaration }>();
  return {
    of(rollout) {
      const { uid, generation } = rollout.metadata;
      if (uid === undefined || generation === undefined) return declarationOf(rollout);
      const key = objectKeyOf(rollout);
      const known = versions.get(key);
      if (known?.uid === uid && known.generation === generation) return known.declaration;
      const declaration = declarationOf(rollout);
      versions.set(key, { uid, generation, declaration });
      return declaration;
    },
    forget: (key) => void versions.delete(key),
  };
}

function declarationOf(rollout: Rollout): Declaration {
  const parsed = parseRollout(rollout);
  const plan = planOf(rollout);
  const issues = parsed.ok ? [] : [...parsed.error];
  const isUsable = typeof rollout.spec?.template === 'object' && typeof rollout.spec.selector === 'object';
  if (plan === undefined || (!parsed.ok && !isUsable)) return { plan: undefined, issues };
  return { plan, templateHash: shortHash(rollout.spec.template), issues };
}
