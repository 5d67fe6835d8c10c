// From a plan to everything that it drives: the Services of its sides, and the objects of its routers.
import type { ObjectId } from '../api/object-key.ts';
import type { Plan } from '../rollout/plan.ts';
import type { DrivenObject } from './driven.ts';
import { routedObjects } from './modules.ts';
import { drivenService } from './service.ts';

type Driving = Pick<Plan, 'field' | 'services' | 'traffic'>;

const known = new WeakMap<Driving['traffic'], { namespace: string; objects: readonly DrivenObject[] }>();

/** What a Rollout in `namespace` drives, each with where it is declared. Throws where what it says of a router cannot be read. */
export function drivenObjects(plan: Driving, namespace: string): readonly DrivenObject[] {
  const before = known.get(plan.traffic);
  if (before?.namespace === namespace) return before.objects;
  const services = plan.services.map(({ name, role, field }) => drivenService({ namespace, name, field }, role));
  const routed = routedObjects(plan.traffic, namespace);
  const objects = [...services, ...routed.map((object) => ({ ...object, field: `${plan.field}.${object.field}` }))];
  known.set(plan.traffic, { namespace, objects });
  return objects;
}

/** Which object of the cluster it is. */
export const idOf = ({
  resource: { group, kind },
  namespace,
  name,
}: Pick<DrivenObject, 'resource' | 'namespace' | 'name'>): ObjectId => ({ group, kind, namespace, name });
