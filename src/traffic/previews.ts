// Previews: in front of an entry that shares requests out, a copy of it for those that are shown the candidate whatever the weights are. What
// they are copies of is noted on the object, so that a change is known, and a server that rewrites what it stores makes no loop.
import { z } from 'zod';
import { readAnnotation } from '../api/annotations.ts';
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { ANNOTATIONS } from '../api/names.ts';
import type { Issue } from '../api/result.ts';
import { headerMatchSchema, type HeaderMatch } from '../api/traffic.ts';
import { shortHash } from '../rollout/hash.ts';
import type { Split } from './driven.ts';
import { entriesIn, testsOf, textOf, valueAt, type Entry, type PreviewForm, type SharedEntry } from './route-form.ts';
import { pointer, type JsonPatchOp } from './write.ts';

/** By the key of the form: several Rollouts may drive entries of one object. */
const notesSchema = z.record(
  z.string(),
  z.object({ headers: z.array(headerMatchSchema), of: z.string(), names: z.array(z.string()).optional() }),
);
type Notes = z.infer<typeof notesSchema>;

function notesOf({ metadata: { annotations } }: KubeObject): Notes {
  const notes = readAnnotation(annotations, ANNOTATIONS.preview, notesSchema);
  return (notes.ok ? notes.value : undefined) ?? {};
}

/** The headers for which the object has previews; undefined where it has none. */
export const notedHeaders = ({ key }: PreviewForm, object: KubeObject): readonly HeaderMatch[] | undefined =>
  notesOf(object)[key]?.headers;

function recordAt(root: unknown, keys: readonly (string | number)[]): Entry {
  const value = valueAt(root, keys);
  return isRecord(value) ? value : {};
}

function previewOf(form: PreviewForm, object: KubeObject, shared: SharedEntry, headers: readonly HeaderMatch[]): Entry {
  const { weight: _, ...canary } = recordAt(object, shared.branches.canary.keys);
  return form.preview(recordAt(object, [...form.list, shared.place]), canary, headers);
}

const copiesOf = (
  form: PreviewForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[],
): Entry[] => entries.map((entry) => previewOf(form, object, entry, headers));

const namesOf = (copies: readonly Entry[]): string[] =>
  copies.map(({ name }) => textOf(name)).filter((name) => name !== '');

/** The annotation, with these previews noted for this form's entries; null where nothing is left to be noted. */
export function previewNote(
  form: PreviewForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[] | null,
): string | null {
  const { [form.key]: _, ...others } = notesOf(object);
  if (headers === null) return Object.keys(others).length === 0 ? null : JSON.stringify(others);
  const copies = copiesOf(form, object, entries, headers);
  return JSON.stringify({ ...others, [form.key]: { headers, of: shortHash(copies), names: namesOf(copies) } });
}

/** What keeps the entries from being shown for these headers. */
export function previewIssues(
  form: PreviewForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[],
): Issue[] {
  return entries.flatMap(({ label, place }) => {
    const asked = form.asked(recordAt(object, [...form.list, place]));
    const clash = headers.find(({ headerName }) => asked.includes(headerName.toLowerCase()));
    if (clash === undefined) return [];
    const message = `asks for the header ${clash.headerName} itself: name another one in previewRoute`;
    return [{ field: label, message }];
  });
}

/** Places of the previews that there are: of the headers that are noted, and what is as one for those that are wanted would be. */
function placesOf(
  form: PreviewForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  wanted: readonly HeaderMatch[] | null,
): number[] {
  const note = notesOf(object)[form.key];
  const list = entriesIn(valueAt(object, form.list));
  // Nothing but the entries themselves: there is none, as is the rule.
  if (wanted === null && note === undefined && list.length === entries.length) return [];
  const names = [...namesOf(copiesOf(form, object, entries, [])), ...(note?.names ?? [])];
  const copies = new Map(
    entries.map((entry) => [entry.place - 1, wanted === null ? undefined : previewOf(form, object, entry, wanted)]),
  );
  return list.flatMap((entry, place) => {
    const at = { headers: note?.headers, isInFront: copies.has(place), names };
    const copy = copies.get(place);
    return form.isPreview(entry, at) || (copy !== undefined && isLike(entry, copy)) ? [place] : [];
  });
}

/** Whether an entry says what a copy does and nothing beside, but for what a server has filled in further down. */
const isLike = (entry: Entry, copy: Entry): boolean =>
  Object.keys(entry).length === Object.keys(copy).length && contains(entry, copy);

function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part))
    return Array.isArray(whole) && whole.length === part.length && part.every((each, at) => contains(whole[at], each));
  if (!isRecord(part)) return whole === part;
  return isRecord(whole) && Object.entries(part).every(([key, value]) => contains(whole[key], value));
}

/** Whether each shared entry has a preview for these headers, made of it as it is now; with null, whether nothing has any. */
export function isShown(
  form: PreviewForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[] | null,
): boolean {
  const note = notesOf(object)[form.key];
  const places = placesOf(form, object, entries, headers);
  if (headers === null) return note === undefined && places.length === 0;
  const isOfNow = note?.of === shortHash(copiesOf(form, object, entries, headers));
  return isOfNow && places.length === entries.length && entries.every(({ place }) => places.includes(place - 1));
}

/** From the end of the list to its front, so that no place has moved when it is come to. */
export function previewOps(
  form: PreviewForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: Split['preview'],
): JsonPatchOp[] {
  if (headers === undefined || isShown(form, object, entries, headers)) return [];
  const places = new Set(placesOf(form, object, entries, headers));
  const ops: JsonPatchOp[] = [];
  for (const [place, entry] of [...entriesIn(valueAt(object, form.list)).entries()].toReversed()) {
    const path = pointer([...form.list, place]);
    const shared = entries.find((each) => each.place === place);
    if (places.has(place)) ops.push({ op: 'test', path, value: entry }, { op: 'remove', path });
    if (shared !== undefined && headers !== null)
      ops.push(...testsOf(shared), { op: 'add', path, value: previewOf(form, object, shared, headers) });
  }
  return ops;
}

/** The same object, which nobody else has, with previews for these headers and no others. */
export function withPreviews(
  form: PreviewForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[] | undefined,
): KubeObject {
  const list = valueAt(object, form.list);
  if (!Array.isArray(list)) return object;
  // It may have been copied from the cluster.
  const places = placesOf(form, object, entries, headers ?? null);
  const copies = new Map(
    entries.map((entry) => [
      entry.place,
      headers === undefined ? [] : [structuredClone(previewOf(form, object, entry, headers))],
    ]),
  );
  const all: unknown[] = list.flatMap((entry: unknown, place) =>
    places.includes(place) ? [] : [...(copies.get(place) ?? []), entry],
  );
  list.splice(0, list.length, ...all);
  return object;
}
