// Gateway API HTTPRoutes: every rule whose backendRefs name both Services. Owns their weights.
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import { fail, ok, type Issue, type Result } from '../api/result.ts';
import { recordsIn, routeRouter, textOf, type Branch, type DrivenRoute } from './driven-route.ts';
import type { Router } from './router.ts';

type BackendRef = Record<string, unknown>;

export interface HttpRouteTarget {
  namespace: string;
  name: string;
  canaryService: string;
  stableService: string;
}

export function httpRouteRouter(target: HttpRouteTarget): Router {
  const { namespace, name } = target;
  const at = { kind: 'HTTPRoute', resource: RESOURCES.httpRoutes, namespace, name } as const;
  return routeRouter(at, (object) => drivenRules(object, target));
}

function drivenRules(object: KubeObject, target: HttpRouteTarget): Result<DrivenRoute[], Issue[]> {
  const rules = recordsIn(isRecord(object.spec) ? object.spec['rules'] : undefined);
  const driven: DrivenRoute[] = [];
  const issues: Issue[] = [];
  for (const [index, rule] of rules.entries()) {
    const refs = recordsIn(rule['backendRefs']);
    const canary = placesOf(refs, target.canaryService, target.namespace);
    const stable = placesOf(refs, target.stableService, target.namespace);
    if (canary.length === 0 || stable.length === 0) continue;
    const label = `HTTPRoute ${target.name}: spec.rules[${index}]`;
    issues.push(...oddities(refs, [canary, stable], label));
    const branch = (places: number[]): Branch => toBranch(refs, index, places[0] ?? 0);
    driven.push({ label, tests: nameTest(rule, index), canary: branch(canary), stable: branch(stable) });
  }
  if (driven.length === 0) issues.push(noRule(rules, target));
  return issues.length > 0 ? fail(issues) : ok(driven);
}

function noRule(rules: BackendRef[], target: HttpRouteTarget): Issue {
  const there = new Set(rules.flatMap((rule) => recordsIn(rule['backendRefs']).map((ref) => textOf(ref['name']))));
  const has = there.size === 0 ? 'none has any' : `there are ${[...there].join(', ')}`;
  return {
    field: `HTTPRoute ${target.name}: spec.rules`,
    message: `no rule has backendRefs for both ${target.canaryService} and ${target.stableService}: add them (${has})`,
  };
}

function placesOf(refs: BackendRef[], service: string, namespace: string): number[] {
  return refs.flatMap((ref, place) => {
    const isService = (ref['kind'] ?? 'Service') === 'Service' && (ref['group'] ?? '') === '';
    return isService && ref['name'] === service && (ref['namespace'] ?? namespace) === namespace ? [place] : [];
  });
}

/** What keeps the weights of a rule from being whole. */
function oddities(refs: BackendRef[], ours: number[][], label: string): Issue[] {
  const issues: Issue[] = [];
  for (const places of ours) {
    const name = textOf(refs[places[0] ?? 0]?.['name']);
    if (places.length > 1) issues.push({ field: label, message: `names ${name} ${places.length} times: keep one` });
  }
  refs.forEach((ref, place) => {
    if (ours.flat().includes(place) || weightOf(ref) === 0) return;
    const message = `also sends traffic to ${textOf(ref['name'])}: remove this backendRef or give it weight 0, so that the weights sum to 100`;
    issues.push({ field: label, message });
  });
  return issues;
}

const weightOf = (ref: BackendRef | undefined): number => (typeof ref?.['weight'] === 'number' ? ref['weight'] : 1);

function nameTest(rule: Record<string, unknown>, index: number): DrivenRoute['tests'] {
  if (typeof rule['name'] !== 'string') return [];
  return [{ op: 'test', path: `/spec/rules/${index}/name`, value: rule['name'] }];
}

function toBranch(refs: BackendRef[], index: number, place: number): Branch {
  const ref = refs[place];
  return {
    keys: ['spec', 'rules', index, 'backendRefs', place],
    tests: [{ op: 'test', path: `/spec/rules/${index}/backendRefs/${place}/name`, value: ref?.['name'] }],
    weight: weightOf(ref),
    written: ref?.['weight'] !== undefined,
  };
}
