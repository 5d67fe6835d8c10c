// What the server does about `kubectl apply` without and then with --server-side: the note of what was last applied keeps its field
// from standing in the way, and is kept up to date. Only for the manager `kubectl`.
import type { FieldSet } from './fieldset.ts';
import { compare, difference, setOf } from './fieldset.ts';
import type { Dict } from './json.ts';
import { at, clone, dictOr, ensure, isDict, sorted } from './json.ts';
import { ownable } from './managed-fields.ts';
import type { TypeNode } from './types.ts';

const NOTE = 'kubectl.kubernetes.io/last-applied-configuration';
const MANAGER = 'kubectl';

const noteOf = (object: Dict): unknown => at(object, 'metadata', 'annotations', NOTE);

/** Fields that are as they were last applied: an apply by kubectl may take them from whoever owns them. */
export function takeable(live: Dict, type: TypeNode, manager: string): FieldSet | undefined {
  const note = noteOf(live);
  if (manager !== MANAGER || typeof note !== 'string') return undefined;
  let applied: unknown;
  try {
    applied = JSON.parse(note);
  } catch {
    return undefined;
  }
  if (!isDict(applied)) return undefined;
  const { added, modified, removed } = compare(ownable(applied), ownable(live), type);
  return [added, modified, removed].reduce(difference, setOf(ownable(applied), type));
}

const ESCAPES: Record<string, string> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };
const goJson = (value: unknown): string => JSON.stringify(sorted(value)).replaceAll(/[<>&]/g, (c) => ESCAPES[c] ?? c);

/** Notes the configuration on an object that bears such a note. */
export function renewNote(object: Dict, config: Dict, manager: string): void {
  if (manager !== MANAGER || noteOf(object) === undefined) return;
  const plain = clone(config);
  const annotations = dictOr(at(plain, 'metadata', 'annotations'));
  delete annotations[NOTE];
  delete dictOr(plain['metadata'])['managedFields'];
  ensure(ensure(object, 'metadata'), 'annotations')[NOTE] = `${goJson(plain)}\n`;
}
