// The environment of a pod's first container, resolved as a kubelet does when it starts it: pure, over a function that reads objects.
import type { KubeObject } from '../objects.ts';
import { at, dictOr, listOr, textOr, type Dict } from '../apiserver/json.ts';

/** Reads a ConfigMap or Secret of the pod's namespace. */
export type ReadData = (kind: 'ConfigMap' | 'Secret', name: string) => KubeObject | undefined;

/** The values by name, or why the container cannot start, in words that name what is missing. */
export type ContainerEnv = { ok: true; value: ReadonlyMap<string, string> } | { ok: false; error: string };

/** Stops the resolution: the container cannot start. */
class Unresolved extends Error {
  override readonly name = 'Unresolved';
}

export function containerEnv(pod: KubeObject, read: ReadData): ContainerEnv {
  const container = dictOr(listOr(at(pod.spec, 'containers'))[0]);
  const env = new Map<string, string>();
  try {
    for (const source of listOr(container['envFrom']).map(dictOr)) addAll(env, source, read);
    for (const entry of listOr(container['env']).map(dictOr)) addOne(env, entry, { pod, read });
    return { ok: true, value: env };
  } catch (error) {
    if (error instanceof Unresolved) return { ok: false, error: error.message };
    throw error;
  }
}

/** The values of a ConfigMap or Secret; undefined when it is not there and need not be. */
function dataOf(kind: 'ConfigMap' | 'Secret', ref: Dict, read: ReadData): Map<string, string> | undefined {
  const name = textOr(ref['name']);
  const object = read(kind, name);
  if (object === undefined) {
    if (ref['optional'] === true) return undefined;
    throw new Unresolved(`${kind.toLowerCase()} "${name}" not found`);
  }
  const decode = (text: string): string => (kind === 'Secret' ? Buffer.from(text, 'base64').toString('utf8') : text);
  return new Map(Object.entries(dictOr(object['data'])).map(([key, value]) => [key, decode(textOr(value))]));
}

function addAll(env: Map<string, string>, source: Dict, read: ReadData): void {
  const prefix = textOr(source['prefix']);
  const refs = [
    ['ConfigMap', source['configMapRef']],
    ['Secret', source['secretRef']],
  ] as const;
  for (const [kind, ref] of refs) {
    if (ref === undefined) continue;
    for (const [key, value] of dataOf(kind, dictOr(ref), read) ?? []) env.set(prefix + key, value);
  }
}

function addOne(env: Map<string, string>, entry: Dict, from: { pod: KubeObject; read: ReadData }): void {
  const name = textOr(entry['name']);
  const source = entry['valueFrom'];
  const value = source === undefined ? expand(textOr(entry['value']), env) : valueFrom(dictOr(source), from);
  if (value !== undefined) env.set(name, value);
}

/** Undefined for what is optional and absent, and for resourceFieldRef: a sandbox pod has no resources to speak of. */
function valueFrom(source: Dict, { pod, read }: { pod: KubeObject; read: ReadData }): string | undefined {
  if (source['fieldRef'] !== undefined) return podField(pod, textOr(at(source, 'fieldRef', 'fieldPath')));
  if (source['configMapKeyRef'] !== undefined) return keyOf('ConfigMap', dictOr(source['configMapKeyRef']), read);
  if (source['secretKeyRef'] !== undefined) return keyOf('Secret', dictOr(source['secretKeyRef']), read);
  return undefined;
}

function keyOf(kind: 'ConfigMap' | 'Secret', ref: Dict, read: ReadData): string | undefined {
  const key = textOr(ref['key']);
  const value = dataOf(kind, ref, read)?.get(key);
  if (value === undefined && ref['optional'] !== true)
    throw new Unresolved(`couldn't find key ${key} in ${kind} ${textOr(ref['name'])}`);
  return value;
}

const MAP_ENTRY = /^metadata\.(labels|annotations)\['(.*)'\]$/;

function podField(pod: KubeObject, path: string): string {
  const entry = MAP_ENTRY.exec(path);
  const keys = entry === null ? path.split('.') : ['metadata', entry[1] ?? '', entry[2] ?? ''];
  return textOr(at(pod, ...keys));
}

/** `$(NAME)` stands for a value set before it, `$$` for a dollar sign; an unknown name stays as it is written. */
function expand(text: string, env: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\$|\$\(([^()]+)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (env.get(name) ?? whole),
  );
}
