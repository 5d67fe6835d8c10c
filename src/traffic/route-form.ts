// How a route looks that is a list of entries: where they are, which of them share requests out, and how a copy of one for some requests looks.
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import type { Issue, Result } from '../api/result.ts';
import type { HeaderMatch, Role } from '../api/traffic.ts';
import type { JsonPatchOp, Keys } from './write.ts';

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
  /** Where it is in the list; 0 where it is the only one, and in none. */
  place: number;
  tests: JsonPatchOp[];
  branches: Readonly<Record<Role, Branch>>;
}

/** How one kind of route looks. */
export interface RouteForm {
  /** The entries that are driven, or what has to be written for there to be any. */
  find(object: KubeObject): Result<SharedEntry[], Issue[]>;
  /** Where its entries are a list, in which a copy may stand in front of one for some of the requests. Without it nothing can be shown apart. */
  readonly previews?: PreviewForm;
  /** What its own controller says against it, where that says anything; what it accepts is no issue. */
  readonly verify?: (object: KubeObject) => Issue[];
}

/** How the copies look that stand in front of entries. */
export interface PreviewForm {
  /** Where the list is in the object. */
  readonly list: readonly string[];
  /** Tells its previews from those of other Rollouts that drive other entries of the same object. */
  readonly key: string;
  /** The entry as it is for requests with these headers: all of it goes to `canary`, the branch without its weight. */
  preview(entry: Entry, canary: Entry, headers: readonly HeaderMatch[]): Entry;
  /** The headers that each match of an entry asks for itself, in lower case: none of them can be asked for twice. */
  asked(entry: Entry): string[];
  /** Whether an entry is one that `preview` has made for these headers. */
  isPreview(entry: Entry, at: PreviewPlace): boolean;
}

export interface PreviewPlace {
  /** Undefined where they are not known. */
  headers: readonly HeaderMatch[] | undefined;
  /** It stands in front of an entry that shares requests out. */
  isInFront: boolean;
  /** Of previews as they would be, and as they were noted to be. */
  names: readonly string[];
}

/** The entries of a list, each in its place: what is no object counts as an empty one. */
export const entriesIn = (value: unknown): Entry[] =>
  Array.isArray(value) ? value.map((entry) => (isRecord(entry) ? entry : {})) : [];

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What is at a path of an object; undefined where it does not lead anywhere. */
export function valueAt(root: unknown, keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>((holder, key) => {
    if (Array.isArray(holder)) return (holder as unknown[])[Number(key)];
    return isRecord(holder) ? holder[key] : undefined;
  }, root);
}

/** Prove that an entry and its branches are still those that were read. */
export const testsOf = ({ tests, branches }: SharedEntry): JsonPatchOp[] => [
  ...tests,
  ...branches.canary.tests,
  ...branches.stable.tests,
];
