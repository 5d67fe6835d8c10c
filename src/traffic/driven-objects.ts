// From a plan to everything that it drives: the Services of its sides, and the objects of its routers.
import type { ObjectId } from '../api/object-key.ts';
import { planOf } from '../rollout/compile.ts';
import type { Plan } from '../rollout/plan.ts';
import type { DrivenObject } from './driven.ts';
import { routedObjects } from './modules.ts';
import { drivenService } from './service.ts';

type Driving = Pick<Plan, 'field' | 'services' | 'traffic'>;

const known = new WeakMap<Driving, { namespace: string; objects: readonly DrivenObject[] }>();

/** What a Rollout in `namespace` drives, each with where it is declared. Throws where what it says of a router cannot be read. */
export function drivenObjects(plan: Driving, namespace: string): readonly DrivenObject[] {
  const before = known.get(plan);
  if (before?.namespace === namespace) return before.objects;
  const services = plan.services.map(({ name, role, field }) => drivenService({ namespace, name, field }, role));
  const routed = routedObjects(plan.traffic, namespace);
  const objects = [...services, ...routed.map((object) => ({ ...object, field: `${plan.field}.${object.field}` }))];
  known.set(plan, { namespace, objects });
  return objects;
}

interface Declared {
  readonly metadata: { readonly namespace?: string };
  readonly spec?: unknown;
}

/** What is driven by what claims to be a Rollout; undefined where its spec cannot be read: the API server refuses that with a better message. */
export function drivenOf(rollout: Declared): readonly DrivenObject[] | undefined {
  const plan = planOf(rollout);
  try {
    return plan && drivenObjects(plan, rollout.metadata.namespace ?? '');
  } catch {
    return undefined;
  }
}

/** Which object of the cluster it is. */
export const idOf = ({
  resource: { group, kind },
  namespace,
  name,
}: Pick<DrivenObject, 'resource' | 'namespace' | 'name'>): ObjectId => ({ group, kind, namespace, name });
