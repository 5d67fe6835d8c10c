// Gateway API HTTPRoutes: every rule whose backendRefs name both Services. Owns their weights.
import { isRecord } from '../../api/json.ts';
import type { KubeObject, Resource } from '../../api/k8s.ts';
import { all, fail, type Issue, type Result } from '../../api/result.ts';
import { ROLES, type HeaderMatch, type Role } from '../../api/traffic.ts';
import type { DrivenRoute } from '../driven.ts';
import { entriesIn, textOf, type Entry, type SharedEntry } from '../route-form.ts';
import { sharedEntry, type BranchForm, type SideMatch } from '../shared-entry.ts';
import { weightedRoute } from '../weighted-route.ts';

export const HTTP_ROUTES: Resource = {
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  plural: 'httproutes',
  kind: 'HTTPRoute',
  namespaced: true,
};

export interface HttpRouteTarget extends Pick<DrivenRoute, 'namespace' | 'name' | 'field'> {
  canaryService: string;
  stableService: string;
}

export const LIST = ['spec', 'rules'] as const;

const BACKEND_REFS: BranchForm = {
  list: 'backendRefs',
  noun: 'backendRef',
  leadsBy: [['name']],
  textOf: ({ name }) => textOf(name),
  weightOf: ({ weight }) => (typeof weight === 'number' ? weight : 1),
};

/** A backendRef for a Service. */
const serviceMatch = (service: string, namespace: string): SideMatch => ({
  text: `name ${service}`,
  matches: ({ kind = 'Service', group = '', name, namespace: at = namespace }) =>
    kind === 'Service' && group === '' && name === service && at === namespace,
});

export function httpRoute(target: HttpRouteTarget): DrivenRoute {
  const { namespace, name, field, canaryService } = target;
  const canary = serviceMatch(canaryService, namespace);
  const stable = serviceMatch(target.stableService, namespace);
  return weightedRoute(
    { resource: HTTP_ROUTES, namespace, name, field },
    {
      find: (object) => sharedRules(object, target, { canary, stable }),
      previews: {
        list: LIST,
        key: canaryService,
        preview,
        asked: (rule) =>
          entriesIn(rule['matches'])
            .flatMap(({ headers }) => entriesIn(headers))
            .map(({ name }) => textOf(name).toLowerCase()),
        // A person may well have written one like it: ours stand in front of what they are copies of.
        isPreview(rule, { headers, isInFront }) {
          if (headers === undefined || !isInFront) return false;
          const refs = entriesIn(rule['backendRefs']);
          const matches = entriesIn(rule['matches']);
          const isCanaryOnly = refs.length === 1 && refs.every((ref) => canary.matches(ref));
          return isCanaryOnly && matches.length > 0 && matches.every((match) => asksFor(match, headers));
        },
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

function sharedRules(
  object: KubeObject,
  target: HttpRouteTarget,
  sides: Readonly<Record<Role, SideMatch>>,
): Result<SharedEntry[], Issue[]> {
  const rules = entriesIn(isRecord(object.spec) ? object.spec['rules'] : undefined);
  const form = { of: `HTTPRoute ${target.name}`, branches: BACKEND_REFS, sides };
  const found = rules.flatMap((rule, place) => {
    const refs = entriesIn(rule['backendRefs']);
    const isShared = ROLES.every((role) => refs.some((ref) => sides[role].matches(ref)));
    return isShared ? [sharedEntry(rule, [...LIST, place], form)] : [];
  });
  return found.length === 0 ? fail([noRule(rules, target)]) : all(found);
}

function noRule(rules: Entry[], target: HttpRouteTarget): Issue {
  const there = new Set(rules.flatMap((rule) => entriesIn(rule['backendRefs']).map((ref) => BACKEND_REFS.textOf(ref))));
  const has = there.size === 0 ? 'none has any' : `there are ${[...there].join(', ')}`;
  return {
    field: `HTTPRoute ${target.name}: spec.rules`,
    message: `no rule has backendRefs for both ${target.canaryService} and ${target.stableService}: add them (${has})`,
  };
}
