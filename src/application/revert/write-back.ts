// Restoring files: the documents of a rejected revision get the text they had in the stable one; everything else in the files, comments
// included, stays as it is.
import type { Hold } from '../../api/application.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import { dependencyKeys, isRollout } from './dependents.ts';
import type { DesiredObject } from '../source/desired.ts';
import { joinDocuments, splitDocuments } from '../source/documents.ts';
import { holdKey } from './hold.ts';
import { objectKey, nameOf } from '../../api/object-key.ts';
import type { SnapshotObject, StableSnapshot } from './snapshot.ts';

export interface RestoreInput {
  hold: Hold;
  snapshot: StableSnapshot;
  /** What the head of the branch declares, and the text of its files. */
  desired: readonly DesiredObject[];
  files: ReadonlyMap<string, string>;
}

/** One document of the head, or a place at the end of a file. */
interface Edit {
  path: string;
  document?: number;
  /** New text; null takes the document out. */
  text: string | null;
}

/** New text by path (null: the file goes), or why the files cannot be restored without touching something else. */
export function restoreFiles(input: RestoreInput): Result<Map<string, string | null>, string> {
  const stable = new Map(input.snapshot.objects.map((object) => [object.key, object]));
  const held = new Set(input.hold.objects.map((ref) => objectKey(ref)));
  const edits: Edit[] = [];
  const restored = new Set<string>();
  for (const object of input.desired) {
    if (!held.has(object.key)) continue;
    const neighbour = sharedWith(object, input.desired, held);
    if (neighbour)
      return fail(`${object.source.path}: ${nameOf(object.ref)} shares a document with ${nameOf(neighbour.ref)}`);
    const edit = editOf(object, stable.get(object.key), input);
    if (edit) edits.push(edit);
    restored.add(object.key);
  }
  const present = new Set(input.desired.map(({ key }) => key));
  for (const object of input.snapshot.objects) {
    if (!present.has(object.key) && !restored.has(object.key)) edits.push({ path: object.path, text: object.text });
  }
  return ok(applyEdits(edits, input.files));
}

function sharedWith(
  object: DesiredObject,
  desired: readonly DesiredObject[],
  held: ReadonlySet<string>,
): DesiredObject | undefined {
  const { path, document } = object.source;
  return desired.find(
    (other) => other.source.path === path && other.source.document === document && !held.has(other.key),
  );
}

function editOf(object: DesiredObject, before: SnapshotObject | undefined, input: RestoreInput): Edit | undefined {
  const { path, document } = object.source;
  if (before) return { path, document, text: before.text };
  const rollout = holdKey(input.hold);
  const wanted = input.desired.some(
    (other) => other.key !== rollout && isRollout(other.object) && dependencyKeys(other.object).has(object.key),
  );
  return wanted ? undefined : { path, document, text: null };
}

function applyEdits(edits: readonly Edit[], files: ReadonlyMap<string, string>): Map<string, string | null> {
  const changes = new Map<string, string | null>();
  for (const path of new Set(edits.map((edit) => edit.path))) {
    const text = files.get(path);
    const after = editFile(
      text,
      edits.filter((edit) => edit.path === path),
      path.endsWith('.json'),
    );
    if (after !== text) changes.set(path, after === '' ? null : after);
  }
  return changes;
}

function editFile(text: string | undefined, edits: readonly Edit[], json: boolean): string {
  const pieces: (string | null)[] =
    text === undefined ? [] : json ? [text] : splitDocuments(text).map((piece) => piece.text);
  const appended: string[] = [];
  for (const edit of edits) {
    if (edit.document !== undefined) pieces[edit.document] = edit.text;
    else if (edit.text !== null && !appended.includes(edit.text)) appended.push(edit.text);
  }
  const kept = pieces.filter((piece) => piece !== null);
  const all = joinDocuments([...kept, ...appended]);
  return all.replaceAll(/^(---\s*)?(#.*)?$/gm, '').trim() === '' ? '' : all;
}
