// JSON patch (RFC 6902) as the server applies it.
import { StatusError, badRequest } from './errors.ts';
import type { Dict } from './json.ts';
import { clone, equal, has, isDict, put, textOr } from './json.ts';

/** Any operation that cannot be done refuses the whole patch. */
function refused(): StatusError {
  return new StatusError({
    code: 422,
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: {},
  });
}

function steps(pointer: unknown): string[] {
  const text = textOr(pointer);
  if (text === '') return [];
  if (!text.startsWith('/')) throw refused();
  return text
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function child(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(step) ? value[Number(step)] : undefined;
  return isDict(value) && has(value, step) ? value[step] : undefined;
}

function lookup(root: unknown, path: string[]): unknown {
  return path.reduce<unknown>((value, step) => child(value, step), root);
}

function parentOf(root: unknown, path: string[]): { parent: Dict | unknown[]; last: string } {
  const parent = lookup(root, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined || (!isDict(parent) && !Array.isArray(parent))) throw refused();
  return { parent, last };
}

function indexIn(list: unknown[], step: string, max: number): number {
  const index = /^-?(0|[1-9]\d*)$/.test(step) ? Number(step) : NaN;
  const real = index < 0 ? index + list.length : index;
  if (!(real >= 0 && real <= max)) throw refused();
  return real;
}

function add(root: unknown, path: string[], value: unknown): void {
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) {
    parent.splice(last === '-' ? parent.length : indexIn(parent, last, parent.length), 0, value);
  } else put(parent, last, value);
}

function remove(root: unknown, path: string[]): unknown {
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) return parent.splice(indexIn(parent, last, parent.length - 1), 1)[0];
  if (!has(parent, last)) throw refused();
  const value = parent[last];
  delete parent[last];
  return value;
}

function replace(root: unknown, path: string[], value: unknown): void {
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) parent[indexIn(parent, last, parent.length - 1)] = value;
  else put(parent, last, value);
}

function present(root: unknown, path: string[]): unknown {
  const value = lookup(root, path);
  if (value === undefined) throw refused();
  return value;
}

function operate(root: unknown, operation: Dict): void {
  const path = steps(operation['path']);
  switch (operation['op']) {
    case 'add':
      return add(root, path, clone(operation['value'] ?? null));
    case 'remove':
      return void remove(root, path);
    case 'replace':
      return replace(root, path, clone(operation['value'] ?? null));
    case 'move':
      return add(root, path, remove(root, steps(operation['from'])));
    case 'copy':
      return add(root, path, clone(present(root, steps(operation['from']))));
    case 'test':
      if (!equal(lookup(root, path) ?? null, operation['value'] ?? null)) throw refused();
      return;
    default:
      throw refused();
  }
}

const goKind = (value: unknown): string => {
  if (isDict(value)) return 'object';
  return typeof value === 'boolean' ? 'bool' : typeof value;
};

/** Applies all operations to a copy, or none. Errors: 400 for what is no patch, 422 for one that does not fit. */
export function jsonPatch(target: Dict, patch: unknown): Dict {
  if (!Array.isArray(patch)) {
    const kind = goKind(patch);
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${kind} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  const copy = clone(target);
  for (const operation of patch) {
    if (!isDict(operation)) throw refused();
    operate(copy, operation);
  }
  return copy;
}
