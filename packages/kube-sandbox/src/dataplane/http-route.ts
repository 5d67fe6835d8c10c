// Gateway API HTTPRoutes as rules, in the order of precedence the API lays down: the most specific match wins, not the first written.
import type { KubeObject } from '../objects.ts';
import { at, dictOr, listOr, textOr, type Dict } from '../apiserver/json.ts';
import { fullName, hasPathPrefix, pathOf, Uncarried, type Destination, type MeshRequest, type Rule } from './route.ts';

/** A rule and how specific its match is. */
export interface RankedRule {
  rule: Rule;
  rank: Rank;
}

interface Rank {
  exactPath: number;
  pathLength: number;
  method: number;
  headers: number;
}

const BROADEST: Rank = { exactPath: 0, pathLength: 1, method: 0, headers: 0 };
const CARRIED = new Set(['path', 'headers', 'method']);

/** Most specific first; equals stay in the order given. */
export const byPrecedence = (a: RankedRule, b: RankedRule): number =>
  b.rank.exactPath - a.rank.exactPath ||
  b.rank.pathLength - a.rank.pathLength ||
  b.rank.method - a.rank.method ||
  b.rank.headers - a.rank.headers;

/** Its hostnames; for a route that belongs to a Service, that Service's; `*` where it names none. */
export function httpRouteHosts(object: KubeObject): string[] {
  const hostnames = listOr(at(object.spec, 'hostnames')).map((host) => textOr(host));
  const parents = listOr(at(object.spec, 'parentRefs')).map(dictOr);
  const services = parents
    .filter((parent) => parent['kind'] === 'Service')
    .map((parent) => {
      const namespace = textOr(parent['namespace'], object.metadata.namespace ?? '');
      return fullName({ service: textOr(parent['name']), namespace });
    });
  if (services.length > 0) return services;
  return hostnames.length > 0 ? hostnames : ['*'];
}

export function httpRouteRules(object: KubeObject): RankedRule[] {
  const namespace = object.metadata.namespace ?? '';
  const from = `HTTPRoute ${namespace}/${object.metadata.name}`;
  return listOr(at(object.spec, 'rules')).flatMap((entry, index) => {
    const rule = dictOr(entry);
    const place = `spec.rules[${index}]`;
    const matches = listOr(rule['matches']).map(dictOr);
    return (matches.length === 0 ? [{}] : matches).map((match, i) =>
      rankedRule(rule, match, { namespace, from, place, matchPlace: `${place}.matches[${i}]` }),
    );
  });
}

interface Where {
  namespace: string;
  from: string;
  place: string;
  matchPlace: string;
}

function rankedRule(rule: Dict, match: Dict, { namespace, from, place, matchPlace }: Where): RankedRule {
  const base = { from, brokenStatus: 500 } as const;
  try {
    const redirects = listOr(rule['filters']).some((filter) => dictOr(filter)['type'] === 'RequestRedirect');
    if (redirects) throw new Uncarried(`${place}.filters: a RequestRedirect is not carried here: write backendRefs`);
    const destinations = listOr(rule['backendRefs']).map((ref) => readBackend(dictOr(ref), namespace));
    return { rule: { ...base, matches: matchTest(match, matchPlace), destinations }, rank: rankOf(match) };
  } catch (error) {
    if (!(error instanceof Uncarried)) throw error;
    const refusal = `${from}: ${error.message}`;
    return { rule: { ...base, matches: () => true, destinations: [], refusal }, rank: BROADEST };
  }
}

function readBackend(ref: Dict, namespace: string): Destination {
  const weight = typeof ref['weight'] === 'number' ? ref['weight'] : 1;
  return { service: textOr(ref['name']), namespace: textOr(ref['namespace'], namespace), weight };
}

function rankOf(match: Dict): Rank {
  const path = dictOr(match['path']);
  return {
    exactPath: path['type'] === 'Exact' ? 1 : 0,
    pathLength: textOr(path['value'], '/').length,
    method: match['method'] === undefined ? 0 : 1,
    headers: listOr(match['headers']).length,
  };
}

function matchTest(match: Dict, place: string): (request: MeshRequest) => boolean {
  const unknown = Object.keys(match).find((name) => !CARRIED.has(name));
  if (unknown !== undefined)
    throw new Uncarried(`${place}.${unknown} is not carried here: match by path, headers or method`);
  const path = pathTest(dictOr(match['path']), `${place}.path`);
  const headers = listOr(match['headers']).map((header, i) => headerTest(dictOr(header), `${place}.headers[${i}]`));
  const { method } = match;
  return (request) =>
    path(pathOf(request)) &&
    (method === undefined || method === (request.method ?? 'GET')) &&
    headers.every((test) => test(request));
}

function pathTest(path: Dict, place: string): (path: string) => boolean {
  const value = textOr(path['value'], '/');
  const type = textOr(path['type'], 'PathPrefix');
  if (type === 'Exact') return (text) => text === value;
  if (type === 'PathPrefix') return (text) => hasPathPrefix(text, value);
  throw new Uncarried(`${place}.type ${type} is not carried here: write Exact or PathPrefix`);
}

function headerTest(header: Dict, place: string): (request: MeshRequest) => boolean {
  const type = textOr(header['type'], 'Exact');
  if (type !== 'Exact') throw new Uncarried(`${place}.type ${type} is not carried here: write Exact`);
  const name = textOr(header['name']).toLowerCase();
  return ({ headers }) => headers?.[name] === textOr(header['value']);
}
