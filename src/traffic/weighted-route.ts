// What Istio's http routes and the Gateway API's rules have in common: a list whose entries have one weighted branch for each side, and, in
// front of an entry, a copy of it for the requests that are shown the candidate whatever the weights. Where entries and branches are, and
// how such a copy looks, is each router's to say; reading, patching and keeping them is here.
import { z } from 'zod';
import { readAnnotation } from '../api/annotations.ts';
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { ANNOTATIONS } from '../api/names.ts';
import { fail, ok, type Issue, type Result } from '../api/result.ts';
import { headerMatchSchema, type HeaderMatch, type Role } from '../api/traffic.ts';
import { shortHash } from '../rollout/hash.ts';
import type { DrivenRoute, ReadSplit, Split } from './driven.ts';
import { annotationOps, jsonWrite, pointer, type JsonPatchOp, type Keys } from './write.ts';

export type Entry = Record<string, unknown>;

export interface Branch {
  /** Where it is in the object. */
  keys: Keys;
  /** Prove that the branch is still the one that was read. */
  tests: JsonPatchOp[];
  /** As it counts, with the default where none is written. */
  weight: number;
  written: boolean;
}

/** An entry that shares requests out. */
export interface SharedEntry {
  /** For issues, as `spec.http[0] (primary)`. */
  label: string;
  /** Where it is in the list. */
  place: number;
  tests: JsonPatchOp[];
  branches: Readonly<Record<Role, Branch>>;
}

/** How the entries of one kind of route look. */
export interface RouteForm {
  /** Where the list is in the object. */
  readonly list: readonly string[];
  /** The entries that are driven, or what has to be written for there to be any. */
  find(object: KubeObject): Result<SharedEntry[], Issue[]>;
  /** The entry as it is for requests with these headers: all of it goes to `canary`, the branch without its weight. */
  preview(entry: Entry, canary: Entry, headers: readonly HeaderMatch[]): Entry;
  /** Whether an entry is one that `preview` has made for these headers. */
  isPreview(entry: Entry, headers: readonly HeaderMatch[]): boolean;
  readonly verify?: DrivenRoute['verify'];
}

const ROLES: readonly Role[] = ['canary', 'stable'];

/** A driven object whose entries are of a form. */
export function weightedRoute(
  at: Pick<DrivenRoute, 'resource' | 'namespace' | 'name' | 'field'>,
  form: RouteForm,
): DrivenRoute {
  return {
    drives: 'split',
    ...at,
    plan(object, split) {
      const entries = form.find(object);
      return entries.ok ? plan(form, object, entries.value, split) : entries;
    },
    read(object) {
      const entries = form.find(object);
      return entries.ok ? read(entries.value) : entries;
    },
    shows(object, headers) {
      const entries = form.find(object);
      return !entries.ok || isShown(form, object, entries.value, headers);
    },
    keep(applied, live) {
      const entries = form.find(applied);
      const now = form.find(live);
      const found = now.ok ? read(now.value) : now;
      if (!entries.ok || !found.ok) return applied;
      return withPreview(form, withWeights(applied, entries.value, found.value.weights), entries.value, noted(live));
    },
    ...(form.verify && { verify: form.verify }),
  };
}

/** The entries of a list, each in its place: what is no object counts as an empty one. */
export const entriesIn = (value: unknown): Entry[] =>
  Array.isArray(value) ? value.map((entry) => (isRecord(entry) ? entry : {})) : [];

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function valueAt(root: unknown, keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>((holder, key) => {
    if (Array.isArray(holder)) return (holder as unknown[])[Number(key)];
    return isRecord(holder) ? holder[key] : undefined;
  }, root);
}

function recordAt(root: unknown, keys: readonly (string | number)[]): Entry {
  const value = valueAt(root, keys);
  return isRecord(value) ? value : {};
}

const isWhole = ({ weights, total }: Split): boolean =>
  ROLES.every((role) => Number.isInteger(weights[role]) && weights[role] >= 0) &&
  weights.canary + weights.stable === total;

function plan(
  form: RouteForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  split: Split,
): ReturnType<DrivenRoute['plan']> {
  const { canary, stable } = split.weights;
  if (!isWhole(split)) {
    const message = `canary ${canary} and stable ${stable} must be whole and sum to ${split.total}`;
    return fail([{ field: 'weights', message }]);
  }
  const changes = entries.flatMap((entry) => {
    const writes = ROLES.flatMap((role) => weightOp(entry.branches[role], split.weights[role]));
    return writes.length === 0 ? [] : [...testsOf(entry), ...writes];
  });
  // Behind the weights, whose places they move.
  changes.push(...previewOps(form, object, entries, split.preview));
  const notes = {
    [ANNOTATIONS.rejected]: split.rejected,
    // Who drives it is noted with what it drives, never for its own sake.
    ...((changes.length > 0 || split.drivenBy === null) && { [ANNOTATIONS.drivenBy]: split.drivenBy }),
    ...(split.preview !== undefined && { [ANNOTATIONS.preview]: noteOf(form, object, entries, split.preview) }),
  };
  return ok(jsonWrite([...changes, ...annotationOps(object, notes)]));
}

const testsOf = ({ tests, branches }: SharedEntry): JsonPatchOp[] => [
  ...tests,
  ...ROLES.flatMap((role) => branches[role].tests),
];

function weightOp(branch: Branch, value: number): JsonPatchOp[] {
  if (branch.weight === value) return [];
  return [{ op: branch.written ? 'replace' : 'add', path: pointer([...branch.keys, 'weight']), value }];
}

/** From the end of the list to its front, so that no place has moved when it is come to. */
function previewOps(
  form: RouteForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: Split['preview'],
): JsonPatchOp[] {
  if (headers === undefined || isShown(form, object, entries, headers)) return [];
  const before = noted(object);
  const ops: JsonPatchOp[] = [];
  for (const [place, entry] of [...entriesIn(valueAt(object, form.list)).entries()].toReversed()) {
    const path = pointer([...form.list, place]);
    const shared = entries.find((each) => each.place === place);
    if (before !== undefined && form.isPreview(entry, before))
      ops.push({ op: 'test', path, value: entry }, { op: 'remove', path });
    if (shared !== undefined && headers !== null)
      ops.push(...testsOf(shared), { op: 'add', path, value: previewOf(form, object, shared, headers) });
  }
  return ops;
}

function previewOf(form: RouteForm, object: KubeObject, shared: SharedEntry, headers: readonly HeaderMatch[]): Entry {
  const entry = recordAt(object, [...form.list, shared.place]);
  const { weight: _, ...canary } = recordAt(object, shared.branches.canary.keys);
  return form.preview(structuredClone(entry), structuredClone(canary), headers);
}

const previewNote = z.object({ headers: z.array(headerMatchSchema), of: z.string() });

/** The headers for which the object has previews; undefined where it has none. */
function noted(object: KubeObject): readonly HeaderMatch[] | undefined {
  const note = readAnnotation(object.metadata.annotations, ANNOTATIONS.preview, previewNote);
  return note.ok ? note.value?.headers : undefined;
}

/** What is noted of previews: the headers, and of what they are copies, so that a change of it is known. */
function noteOf(
  form: RouteForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[] | null,
): string | null {
  if (headers === null) return null;
  const of = shortHash(entries.map((entry) => previewOf(form, object, entry, headers)));
  return JSON.stringify({ headers, of });
}

/** Whether each shared entry has a preview for these headers, made of it as it is now; with null, whether nothing has any. */
function isShown(
  form: RouteForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[] | null,
): boolean {
  const before = noted(object);
  if (headers === null) return before === undefined;
  if (object.metadata.annotations?.[ANNOTATIONS.preview] !== noteOf(form, object, entries, headers)) return false;
  return (
    entriesIn(valueAt(object, form.list)).filter((entry) => form.isPreview(entry, headers)).length === entries.length
  );
}

/** The weights in force, in percent; of the entry with the most on the canary where they differ. */
function read(entries: readonly SharedEntry[]): Result<ReadSplit, Issue[]> {
  const issues: Issue[] = [];
  const shares: number[] = [];
  for (const entry of entries) {
    const share = canaryShare(entry);
    if (share === undefined)
      issues.push({ field: entry.label, message: 'the weights sum to 0: give them a sum of 100' });
    else shares.push(share);
  }
  if (issues.length > 0) return fail(issues);
  const canary = Math.max(0, ...shares);
  return ok({ weights: { canary, stable: 100 - canary }, even: shares.every((share) => share === canary) });
}

/** Whole percents; a branch with any weight never reads as 0. */
function canaryShare({ branches: { canary, stable } }: SharedEntry): number | undefined {
  const total = canary.weight + stable.weight;
  if (!(total > 0)) return undefined;
  const rounded = Math.round((canary.weight / total) * 100);
  return Math.min(Math.max(rounded, canary.weight > 0 ? 1 : 0), stable.weight > 0 ? 99 : 100);
}

/** A copy of `object` with these weights on every shared entry. */
function withWeights(object: KubeObject, entries: readonly SharedEntry[], weights: Split['weights']): KubeObject {
  const copy = structuredClone(object);
  for (const { branches } of entries)
    for (const role of ROLES) {
      const branch = valueAt(copy, branches[role].keys);
      if (isRecord(branch)) branch['weight'] = weights[role];
    }
  return copy;
}

/** The same object, which nobody else has, with the previews that the live one has. */
function withPreview(
  form: RouteForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[] | undefined,
): KubeObject {
  const list = valueAt(object, form.list);
  if (headers === undefined || !Array.isArray(list)) return object;
  const copies = entries.map((entry) => [entry.place, previewOf(form, object, entry, headers)] as const);
  for (const [place, copy] of copies.toReversed()) list.splice(place, 0, copy);
  return object;
}
