// Gateway API HTTPRoutes: every rule whose backendRefs name both Services. Owns their weights.
import { isRecord } from '../../api/json.ts';
import type { KubeObject, Resource } from '../../api/k8s.ts';
import { fail, ok, type Issue, type Result } from '../../api/result.ts';
import type { HeaderMatch } from '../../api/traffic.ts';
import type { DrivenRoute } from '../driven.ts';
import { entriesIn, textOf, type Branch, type Entry, type SharedEntry } from '../route-form.ts';
import { weightedRoute } from '../weighted-route.ts';

export const HTTP_ROUTES: Resource = {
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  plural: 'httproutes',
  kind: 'HTTPRoute',
  namespaced: true,
};

type BackendRef = Entry;

export interface HttpRouteTarget extends Pick<DrivenRoute, 'namespace' | 'name' | 'field'> {
  canaryService: string;
  stableService: string;
}

export const LIST = ['spec', 'rules'] as const;

export function httpRoute(target: HttpRouteTarget): DrivenRoute {
  const { namespace, name, field, canaryService } = target;
  return weightedRoute(
    { resource: HTTP_ROUTES, namespace, name, field },
    {
      list: LIST,
      key: canaryService,
      find: (object) => sharedRules(object, target),
      preview,
      // A person may well have written one like it: ours stand in front of what they are copies of.
      isPreview(rule, { headers, isInFront }) {
        if (headers === undefined || !isInFront) return false;
        const refs = entriesIn(rule['backendRefs']);
        const matches = entriesIn(rule['matches']);
        const isCanaryOnly = refs.length === 1 && placesOf(refs, canaryService, namespace).length === 1;
        return isCanaryOnly && matches.length > 0 && matches.every((match) => asksFor(match, headers));
      },
      verify,
    },
  );
}

/** https://gateway-api.sigs.k8s.io/reference/spec/#httpheadermatch: there is no prefix, so that it is told as a pattern. */
function headerOf({ headerName: name, headerValue: { exact, prefix, regex } }: HeaderMatch): Entry {
  if (exact !== undefined) return { type: 'Exact', name, value: exact };
  const pattern = prefix === undefined ? regex : `^${prefix.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}.*`;
  return { type: 'RegularExpression', name, value: pattern };
}

/** All that the rule does but for where it leads to, for requests that it would take and that have the headers as well. */
function preview(named: Entry, canary: Entry, headers: readonly HeaderMatch[]): Entry {
  // Names are unique.
  const { name: _, ...rule } = named;
  const matches = entriesIn(rule['matches']);
  return {
    ...rule,
    matches: (matches.length === 0 ? [{}] : matches).map((match: Entry) => ({
      ...match,
      headers: [...entriesIn(match['headers']), ...headers.map(headerOf)],
    })),
    backendRefs: [{ ...canary, weight: 1 }],
  };
}

function asksFor(match: Entry, headers: readonly HeaderMatch[]): boolean {
  const there = entriesIn(match['headers']);
  return headers
    .map(headerOf)
    .every(({ name, value }) => there.some((header) => header['name'] === name && header['value'] === value));
}

/** Why its gateways do not take the route as it is now; one that has not looked yet says nothing. */
function verify({ metadata: { name, generation }, status }: KubeObject): Issue[] {
  const parents = entriesIn(isRecord(status) ? status['parents'] : undefined);
  const refusals = parents.flatMap(({ conditions }) =>
    entriesIn(conditions).filter(
      ({ type, status: is, observedGeneration }) =>
        type === 'Accepted' && is === 'False' && observedGeneration === generation,
    ),
  );
  // One gateway that takes it is enough to serve.
  if (refusals.length === 0 || refusals.length < parents.length) return [];
  const why = textOf(refusals[0]?.['message']) || textOf(refusals[0]?.['reason']);
  return [{ field: `HTTPRoute ${name}: status`, message: `no gateway accepts it (${why}): mend it` }];
}

function sharedRules(object: KubeObject, target: HttpRouteTarget): Result<SharedEntry[], Issue[]> {
  const rules = entriesIn(isRecord(object.spec) ? object.spec['rules'] : undefined);
  const shared: SharedEntry[] = [];
  const issues: Issue[] = [];
  for (const [place, rule] of rules.entries()) {
    const refs = entriesIn(rule['backendRefs']);
    const canary = placesOf(refs, target.canaryService, target.namespace);
    const stable = placesOf(refs, target.stableService, target.namespace);
    if (canary.length === 0 || stable.length === 0) continue;
    const label = `HTTPRoute ${target.name}: spec.rules[${place}]`;
    issues.push(...oddities(refs, [canary, stable], label));
    const branch = (at: number[]): Branch => toBranch(refs, place, at[0] ?? 0);
    const branches = { canary: branch(canary), stable: branch(stable) };
    shared.push({ label, place, tests: nameTest(rule, place), branches });
  }
  if (shared.length === 0) issues.push(noRule(rules, target));
  return issues.length > 0 ? fail(issues) : ok(shared);
}

function noRule(rules: BackendRef[], target: HttpRouteTarget): Issue {
  const there = new Set(rules.flatMap((rule) => entriesIn(rule['backendRefs']).map((ref) => textOf(ref['name']))));
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

function nameTest(rule: Record<string, unknown>, index: number): SharedEntry['tests'] {
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
