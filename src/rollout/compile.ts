// From a declared spec to its plan. A function of the spec alone.
import type { BlueGreen, Canary, RolloutSpec } from '../api/rollout.ts';
import { isRecord } from '../api/json.ts';
import type { Plan } from './plan.ts';
import { blueGreenPlan } from './strategy/blue-green.ts';
import { canaryPlan } from './strategy/canary.ts';

/** A spec without a strategy is released as a canary without steps; that it has none is an issue of the spec. */
export function compile({ strategy }: Pick<RolloutSpec, 'strategy'>): Plan {
  return strategy.blueGreen === undefined ? canaryPlan(strategy.canary ?? {}) : blueGreenPlan(strategy.blueGreen);
}

const known = new WeakMap<object, Plan | null>();

/**
 * The plan of what claims to be a Rollout, as far as it can be read; undefined where it cannot. Once for each spec, which nobody changes.
 */
export function planOf({ spec }: { readonly spec?: unknown }): Plan | undefined {
  if (!isRecord(spec)) return undefined;
  const before = known.get(spec);
  if (before !== undefined) return before ?? undefined;
  const plan = read(spec['strategy']);
  known.set(spec, plan ?? null);
  return plan;
}

function read(strategy: unknown): Plan | undefined {
  if (strategy !== undefined && !isRecord(strategy)) return undefined;
  const { canary, blueGreen } = strategy ?? {};
  if ([canary, blueGreen].some((each) => each !== undefined && !isRecord(each))) return undefined;
  try {
    return compile({
      strategy: {
        ...(canary !== undefined && { canary: canary as Canary }),
        ...(blueGreen !== undefined && { blueGreen: blueGreen as BlueGreen }),
      },
    });
  } catch {
    return undefined; // malformed below: the API server refuses it with a better message
  }
}
