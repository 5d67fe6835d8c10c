// What all routes with weights have in common: entries that have one weighted branch for each side, and, where these are a list, in front of
// an entry a copy of it for the requests that are shown the candidate whatever the weights. Where entries and branches are, and how such a
// copy looks, is each router's to say; reading, patching and keeping them is here.
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { ANNOTATIONS } from '../api/names.ts';
import { fail, ok, type Issue, type Result } from '../api/result.ts';
import { ROLES, type HeaderMatch } from '../api/traffic.ts';
import type { DrivenRoute, ReadSplit, Split } from './driven.ts';
import { markNotes } from './marks.ts';
import { hasCopies, isShown, notedHeaders, previewIssues, previewNote, previewOps, withPreviews } from './previews.ts';
import { testsOf, valueAt, type Branch, type PreviewForm, type RouteForm, type SharedEntry } from './route-form.ts';
import { annotationOps, jsonWrite, pointer, type JsonPatchOp } from './write.ts';

type Entries = Result<SharedEntry[], Issue[]>;

/** A driven object whose entries are of a form. */
export function weightedRoute(
  at: Pick<DrivenRoute, 'resource' | 'namespace' | 'name' | 'field'>,
  form: RouteForm,
): DrivenRoute {
  // Caches replace objects and never change them: each version is looked through once, however often it is asked about.
  const known = new WeakMap<KubeObject, Entries>();
  const { previews } = form;
  const entriesOf = (object: KubeObject): Entries => {
    const entries = known.get(object) ?? form.find(object);
    known.set(object, entries);
    return entries;
  };
  const unshownIssues = (object: KubeObject, headers: readonly HeaderMatch[]): Issue[] => {
    const entries = entriesOf(object);
    if (previews === undefined) return [{ field: `${at.resource.kind} ${at.name}`, message: SHOWN_TO_ALL }];
    return entries.ok ? previewIssues(previews, object, entries.value, headers) : [];
  };
  return {
    drives: 'split',
    previewKey: previews?.key,
    ...at,
    plan(object, split) {
      const entries = entriesOf(object);
      return entries.ok ? plan(previews, object, meantOf(entries.value, split), split) : entries;
    },
    read(object) {
      const entries = entriesOf(object);
      return entries.ok ? read(entries.value) : entries;
    },
    shows(object, headers) {
      const entries = entriesOf(object);
      if (!entries.ok || previews === undefined) return true;
      const wanted = previewable(previews, object, entries.value, headers);
      return wanted === undefined || isShown(previews, object, entries.value, wanted);
    },
    places(object) {
      const entries = entriesOf(object);
      return entries.ok ? entries.value.map(({ place }) => place) : [];
    },
    hasCopies: (object) => previews !== undefined && hasCopies(previews, object),
    keep(applied, live) {
      const entries = entriesOf(applied);
      const now = entriesOf(live);
      const found = now.ok ? read(now.value) : now;
      if (!entries.ok || !found.ok) return applied;
      const weighted = withWeights(applied, entries.value, found.value.weights);
      if (previews === undefined) return weighted;
      return withPreviews(previews, weighted, entries.value, notedHeaders(previews, live));
    },
    verify(object, headers) {
      const unshown = headers === null ? [] : unshownIssues(object, headers);
      return [...unshown, ...(form.verify?.(object) ?? [])];
    },
  };
}

const meantOf = (entries: readonly SharedEntry[], { places }: Split): readonly SharedEntry[] =>
  places === undefined ? entries : entries.filter(({ place }) => places.has(place));

const SHOWN_TO_ALL = 'shares all requests out alike: leave previewRoute out, or name another router';

const isWhole = ({ weights, total }: Split): boolean =>
  ROLES.every((role) => Number.isInteger(weights[role]) && weights[role] >= 0) &&
  weights.canary + weights.stable === total;

function plan(
  previews: PreviewForm | undefined,
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
  const preview = previews && previewWrite(previews, object, entries, split.preview);
  // Behind the weights, whose places they move.
  changes.push(...(preview?.ops ?? []));
  const { tests = [], notes } = split.marking ? markNotes(object, split.marking, changes.length > 0) : {};
  const all = { ...notes, [ANNOTATIONS.preview]: preview?.note };
  return ok(jsonWrite([...changes, ...tests, ...annotationOps(object, all)]));
}

/** What brings the previews of an object, and what is noted of them, to what is wanted. */
function previewWrite(
  form: PreviewForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: Split['preview'],
): { ops: JsonPatchOp[]; note: string | null | undefined } {
  const preview = previewable(form, object, entries, headers);
  return {
    ops: previewOps(form, object, entries, preview),
    note: preview === undefined ? undefined : previewNote(form, object, entries, preview),
  };
}

/** What cannot be shown is left as it is: weights do not wait for it. */
const previewable = (
  form: PreviewForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: Split['preview'],
): Split['preview'] => (headers && previewIssues(form, object, entries, headers).length > 0 ? undefined : headers);

function weightOp(branch: Branch, value: number): JsonPatchOp[] {
  if (branch.weight === value) return [];
  return [{ op: branch.written ? 'replace' : 'add', path: pointer([...branch.keys, 'weight']), value }];
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
