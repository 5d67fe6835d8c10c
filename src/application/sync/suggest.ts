// The right name beside a field that the API server does not know, from what it publishes of the kind.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import type { KubeClient } from '../../kube/types.ts';

/** The server's message with a name that was likely meant behind each unknown field; as it is where there is none. */
export async function didYouMean(message: string, object: KubeObject, client: KubeClient): Promise<string> {
  const fields = [...message.matchAll(/unknown field "([^"]+)"/g)].map(([, field = '']) => field);
  const schemas = await schemasOf(object.apiVersion, client);
  const root = schemas && rootOf(schemas, object);
  if (!root) return message;
  return fields.reduce((text, field) => {
    const names = namesBeside(field, root, schemas);
    const meant = names && nearest(field.split('.').at(-1) ?? '', names);
    const quoted = `unknown field "${field}"`;
    return meant === undefined ? text : text.replace(quoted, `${quoted} (did you mean ${meant}?)`);
  }, message);
}

type Schemas = Record<string, unknown>;

async function schemasOf(apiVersion: string, client: KubeClient): Promise<Schemas | undefined> {
  const path = apiVersion.includes('/') ? `/openapi/v3/apis/${apiVersion}` : `/openapi/v3/api/${apiVersion}`;
  const answer = await client
    .raw({ method: 'GET', path, headers: { accept: 'application/json' } })
    .catch(() => undefined);
  if (answer?.status !== 200) return undefined;
  try {
    const document: unknown = JSON.parse(answer.body);
    const components = isRecord(document) ? document['components'] : undefined;
    const schemas = isRecord(components) ? components['schemas'] : undefined;
    return isRecord(schemas) ? schemas : undefined;
  } catch {
    return undefined;
  }
}

function rootOf(schemas: Schemas, { apiVersion, kind }: KubeObject): unknown {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return Object.values(schemas).find((schema) => {
    const kinds = isRecord(schema) ? schema['x-kubernetes-group-version-kind'] : undefined;
    return Array.isArray(kinds) && kinds.some((one) => isRecord(one) && one['kind'] === kind && one['group'] === group);
  });
}

/** Names that may stand where the field stands. */
function namesBeside(field: string, root: unknown, schemas: Schemas): string[] | undefined {
  let at = root;
  for (const part of field.split('.').slice(0, -1)) {
    const name = part.replace(/\[\d+\]$/, '');
    at = resolve(propertiesOf(at, schemas)?.[name], schemas);
    if (/\[\d+\]$/.test(part)) at = resolve(isRecord(at) ? at['items'] : undefined, schemas);
  }
  const properties = propertiesOf(at, schemas);
  return properties && Object.keys(properties);
}

function propertiesOf(schema: unknown, schemas: Schemas): Record<string, unknown> | undefined {
  const found = resolve(schema, schemas);
  return isRecord(found) && isRecord(found['properties']) ? found['properties'] : undefined;
}

function resolve(schema: unknown, schemas: Schemas): unknown {
  let at = schema;
  for (let hops = 0; hops < 8 && isRecord(at); hops++) {
    const { $ref: ref, allOf } = at;
    if (typeof ref === 'string') at = schemas[ref.split('/').at(-1) ?? ''];
    else if (Array.isArray(allOf) && allOf.length === 1) at = allOf[0];
    else return at;
  }
  return at;
}

/** The name with the fewest changes, where these are few. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(name.length / 3));
  let best: { name: string; cost: number } | undefined;
  for (const candidate of names) {
    const cost = distance(name.toLowerCase(), candidate.toLowerCase());
    if (cost <= most && (best === undefined || cost < best.cost)) best = { name: candidate, cost };
  }
  return best?.name;
}

/** Levenshtein's distance of two short texts. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 64) return 64;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
