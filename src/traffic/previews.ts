// Previews: in front of an entry that shares requests out, a copy of it for those that are shown the candidate whatever the weights are. What
// they are copies of is noted on the object, so that a change is known, and a server that rewrites what it stores makes no loop.
import { z } from 'zod';
import { readAnnotation } from '../api/annotations.ts';
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { ANNOTATIONS } from '../api/names.ts';
import { headerMatchSchema, type HeaderMatch } from '../api/traffic.ts';
import { shortHash } from '../rollout/hash.ts';
import type { Split } from './driven.ts';
import { entriesIn, testsOf, valueAt, type Entry, type RouteForm, type SharedEntry } from './route-form.ts';
import { pointer, type JsonPatchOp } from './write.ts';

/** By the key of the form: several Rollouts may drive entries of one object. */
const notesSchema = z.record(z.string(), z.object({ headers: z.array(headerMatchSchema), of: z.string() }));
type Notes = z.infer<typeof notesSchema>;

function notesOf({ metadata: { annotations } }: KubeObject): Notes {
  const notes = readAnnotation(annotations, ANNOTATIONS.preview, notesSchema);
  return (notes.ok ? notes.value : undefined) ?? {};
}

/** The headers for which the object has previews; undefined where it has none. */
export const notedHeaders = ({ key }: RouteForm, object: KubeObject): readonly HeaderMatch[] | undefined =>
  notesOf(object)[key]?.headers;

function recordAt(root: unknown, keys: readonly (string | number)[]): Entry {
  const value = valueAt(root, keys);
  return isRecord(value) ? structuredClone(value) : {};
}

function previewOf(form: RouteForm, object: KubeObject, shared: SharedEntry, headers: readonly HeaderMatch[]): Entry {
  const { weight: _, ...canary } = recordAt(object, shared.branches.canary.keys);
  return form.preview(recordAt(object, [...form.list, shared.place]), canary, headers);
}

/** Of what the previews are copies. */
const originOf = (
  form: RouteForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[],
): string => shortHash(entries.map((entry) => previewOf(form, object, entry, headers)));

/** The annotation, with these previews noted for this form's entries; null where nothing is left to be noted. */
export function previewNote(
  form: RouteForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[] | null,
): string | null {
  const { [form.key]: _, ...others } = notesOf(object);
  if (headers === null) return Object.keys(others).length === 0 ? null : JSON.stringify(others);
  return JSON.stringify({ ...others, [form.key]: { headers, of: originOf(form, object, entries, headers) } });
}

/** Places of the previews that there are: of the headers that are noted, and of those that are wanted. */
function placesOf(
  form: RouteForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  wanted: readonly HeaderMatch[] | null,
): number[] {
  const shared = new Set(entries.map(({ place }) => place));
  const known = [notedHeaders(form, object), wanted ?? undefined];
  return entriesIn(valueAt(object, form.list)).flatMap((entry, place) => {
    const isInFront = shared.has(place + 1);
    return known.some((headers) => form.isPreview(entry, { headers, isInFront })) ? [place] : [];
  });
}

/** Whether each shared entry has a preview for these headers, made of it as it is now; with null, whether nothing has any. */
export function isShown(
  form: RouteForm,
  object: KubeObject,
  entries: readonly SharedEntry[],
  headers: readonly HeaderMatch[] | null,
): boolean {
  const note = notesOf(object)[form.key];
  const places = placesOf(form, object, entries, headers);
  if (headers === null) return note === undefined && places.length === 0;
  const isOfNow = note?.of === originOf(form, object, entries, headers);
  return isOfNow && places.length === entries.length && entries.every(({ place }) => places.includes(place - 1));
}

/** From the end of the list to its front, so that no place has moved when it is come to. */
export function previewOps(
  form: RouteForm,
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

/** The same object, which nobody else has, with previews for these headers. */
export function withPreviews(
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
