// The right name beside a field that the API server does not know, from what it publishes of the kind.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { nearest } from '../../api/nearest.ts';
import type { KubeClient } from '../../kube/types.ts';

/** How the server names a field that it does not know: in a strict decoding error, and of an apply. */
const UNKNOWN = /unknown field "(?<decoded>[^"]+)"|(?<applied>\.\S+): field not declared in schema/g;

/** The server's message with a name that was likely meant behind each unknown field; as it is where there is none. */
export async function didYouMean(message: string, object: KubeObject, client: KubeClient): Promise<string> {
  if (message.search(UNKNOWN) === -1) return message;
  const schemas = await schemasOf(object.apiVersion, client);
  const root = schemas && rootOf(schemas, object);
  if (!root) return message;
  return message.replace(UNKNOWN, (said: string, decoded: string | undefined, applied: string | undefined) => {
    const path = partsOf(decoded ?? applied ?? '');
    const names = namesBeside(path.slice(0, -1), root, schemas);
    const meant = names && nearest(path.at(-1) ?? '', names);
    return meant === undefined ? said : `${said} (did you mean ${meant}?)`;
  });
}

const ITEM = '[]';

/** `spec.containers[0].imge` and `.spec.containers[name="web"].imge` alike, as `spec`, `containers`, `[]`, `imge`. */
const partsOf = (path: string): string[] =>
  [...path.matchAll(/\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\]|[^.[]+/g)].map(([part]) => (part.startsWith('[') ? ITEM : part));

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

/** Names that may stand in what the path leads to. */
function namesBeside(path: readonly string[], root: unknown, schemas: Schemas): string[] | undefined {
  let at = root;
  for (const part of path) {
    const inside = part === ITEM ? (isRecord(at) ? at['items'] : undefined) : propertiesOf(at, schemas)?.[part];
    at = resolve(inside, schemas);
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
