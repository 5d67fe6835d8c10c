// Istio VirtualServices as rules: http routes in the order they are written, the first that matches wins.
import type { KubeObject } from '../objects.ts';
import { at, dictOr, listOr, textOr, type Dict } from '../apiserver/json.ts';
import { pathOf, serviceOf, Uncarried, type Destination, type MeshRequest, type Rule } from './route.ts';

type Test = (request: MeshRequest) => boolean;

/** What changes the answer and is not carried. Mirrors, timeouts, retries, rewrites and header changes do not change who answers. */
const UNCARRIED = ['redirect', 'directResponse', 'delegate', 'fault'];
/** Of a match: what is carried, and what says nothing about the request. */
const CARRIED = new Set(['uri', 'headers', 'method', 'name', 'gateways', 'statPrefix']);

export function virtualServiceRules(object: KubeObject): Rule[] {
  const namespace = object.metadata.namespace ?? '';
  const from = `VirtualService ${namespace}/${object.metadata.name}`;
  return listOr(at(object.spec, 'http')).map((route, index) => {
    const place = `spec.http[${index}]`;
    try {
      return readRule(dictOr(route), { namespace, from, place });
    } catch (error) {
      if (!(error instanceof Uncarried)) throw error;
      const refusal = `${from}: ${error.message}`;
      return { from, matches: () => true, destinations: [], brokenStatus: 503, refusal };
    }
  });
}

interface Where {
  namespace: string;
  from: string;
  place: string;
}

function readRule(route: Dict, { namespace, from, place }: Where): Rule {
  const field = UNCARRIED.find((name) => route[name] !== undefined);
  if (field !== undefined)
    throw new Uncarried(`${place}.${field} is not carried here: write a route with destinations`);
  const matches = listOr(route['match']).map((match, i) => matchTest(dictOr(match), `${place}.match[${i}]`));
  const branches = listOr(route['route']).map(dictOr);
  if (branches.length === 0) throw new Uncarried(`${place}.route is empty: write at least one destination`);
  return {
    from,
    matches: (request) => matches.length === 0 || matches.some((test) => test(request)),
    destinations: branches.map((branch, i) =>
      readDestination(branch, { namespace, isOnly: branches.length === 1, place: `${place}.route[${i}]` }),
    ),
    brokenStatus: 503,
  };
}

function readDestination(
  branch: Dict,
  { namespace, isOnly, place }: { namespace: string; isOnly: boolean; place: string },
): Destination {
  const host = textOr(at(branch, 'destination', 'host'));
  const name = serviceOf(host, namespace);
  if (name === undefined)
    throw new Uncarried(
      `${place}.destination.host "${host}" is no Service: write name or name.namespace.svc.cluster.local`,
    );
  const subset = textOr(at(branch, 'destination', 'subset'));
  const weight = typeof branch['weight'] === 'number' ? branch['weight'] : isOnly ? 100 : 0;
  return { ...name, weight, ...(subset === '' ? {} : { subset }) };
}

function matchTest(match: Dict, place: string): Test {
  const unknown = Object.keys(match).find((name) => !CARRIED.has(name));
  if (unknown !== undefined)
    throw new Uncarried(`${place}.${unknown} is not carried here: match by uri, headers or method`);
  const tests: Test[] = [];
  if (match['uri'] !== undefined) {
    const uri = textTest(match['uri'], `${place}.uri`);
    tests.push((request) => uri(pathOf(request)));
  }
  if (match['method'] !== undefined) {
    const method = textTest(match['method'], `${place}.method`);
    tests.push((request) => method(request.method ?? 'GET'));
  }
  for (const [name, wanted] of Object.entries(dictOr(match['headers']))) {
    const header = textTest(wanted, `${place}.headers.${name}`);
    tests.push((request) => header(request.headers?.[name.toLowerCase()]));
  }
  return (request) => tests.every((test) => test(request));
}

/** Without a value, presence is enough. */
function textTest(match: unknown, place: string): (text: string | undefined) => boolean {
  const { exact, prefix, ...rest } = dictOr(match);
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new Uncarried(`${place}.${unknown} is not carried here: write exact or prefix`);
  if (typeof exact === 'string') return (text) => text === exact;
  if (typeof prefix === 'string') return (text) => text !== undefined && text.startsWith(prefix);
  return (text) => text !== undefined;
}
