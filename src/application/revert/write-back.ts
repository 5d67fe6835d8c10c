// Restoring files: what was rejected gets the text it had in the stable revision; everything else in the files, comments and later changes
// included, stays as it is.
import type { Hold } from '../../api/application.ts';
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { nameOf, objectIdOf, objectKey } from '../../api/object-key.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import { canonicalJson } from '../../rollout/hash.ts';
import type { DesiredObject } from '../source/desired.ts';
import { joinDocuments, splitDocuments } from '../source/documents.ts';
import { readManifests } from '../source/manifests.ts';
import { parseDocument, YamlError } from '../source/yaml.ts';
import { isSameData, isSameStrategy, standInData, templateHash } from './content.ts';
import { dependencyKeys, isRollout, readKeys } from './dependents.ts';
import { holdKey } from './hold.ts';
import { isCleanPath } from './snapshot-scope.ts';
import type { SnapshotObject, StableSnapshot } from './snapshot.ts';
import { splice } from './splice.ts';

export interface Target {
  hold: Hold;
  snapshot: StableSnapshot;
}

export interface RestoreInput {
  /** What is restored together. */
  targets: readonly Target[];
  /** What the head of the branch declares, and the text of its files. */
  desired: readonly DesiredObject[];
  files: ReadonlyMap<string, string>;
  /** `spec.source.path`: nothing outside it is touched. */
  sourcePath: string;
}

export interface Restored {
  /** New text by path; null: the file goes. */
  changes: Map<string, string | null>;
  /** Whose content the changes restore. */
  holds: Hold[];
  /** Whose files say it already. */
  done: Hold[];
  /** Whose files cannot be restored without touching something else, and why. */
  failed: { hold: Hold; message: string }[];
}

/** One document of the head, or a place at the end of a file. */
interface Edit {
  path: string;
  document?: number;
  /** New text; null takes the document out. */
  text: string | null;
}

/** The files of a head with what was rejected as it was before; what cannot be done without touching something else is said, and left. */
export function restoreFiles(input: RestoreInput): Restored {
  const restored: Restored = { changes: new Map(), holds: [], done: [], failed: [] };
  const edits: Edit[] = [];
  for (const target of input.targets) {
    const own = editsFor(target, input);
    const clash = own.ok ? conflictIn(own.value, edits) : undefined;
    if (!own.ok) restored.failed.push({ hold: target.hold, message: own.error });
    else if (clash !== undefined) restored.failed.push({ hold: target.hold, message: clash });
    else if (applyEdits(own.value, input.files).size === 0) restored.done.push(target.hold);
    else {
      edits.push(...own.value);
      restored.holds.push(target.hold);
    }
  }
  restored.changes = applyEdits(edits, input.files);
  return restored;
}

function editsFor(target: Target, input: RestoreInput): Result<Edit[], string> {
  const stable = new Map(target.snapshot.objects.map((object) => [object.key, object]));
  const held = new Set(input.targets.flatMap(({ hold }) => hold.objects.map((ref) => objectKey(ref))));
  const edits: Edit[] = [];
  for (const object of input.desired) {
    if (!isHeld(object, target, input)) continue;
    const neighbour = sharedWith(object, input.desired, held);
    if (neighbour)
      return fail(`${object.source.path}: ${nameOf(object.ref)} shares a document with ${nameOf(neighbour.ref)}`);
    const edit = editOf(object, stable.get(object.key), target, input);
    if (!edit.ok) return edit;
    if (edit.value) edits.push(edit.value);
  }
  const present = new Set(input.desired.map(({ key }) => key));
  for (const object of target.snapshot.objects.filter(({ key }) => !present.has(key))) {
    const { path, text } = object;
    // A list that goes back as a whole brings it along.
    if (edits.some((edit) => edit.path === path && edit.text === text)) continue;
    const obstacle = obstacleTo(object, input);
    if (obstacle !== undefined)
      return fail(`${path}: ${nameOf(objectIdOf(object.key))} ${obstacle}; restore it by hand`);
    edits.push({ path, text });
  }
  const astray = edits.find(({ path }) => !isCleanPath(path, input.sourcePath));
  return astray ? fail(`${astray.path} is not below spec.source.path`) : ok(edits);
}

/** Why the text of an object that was taken out cannot be put at the end of its file; undefined where it can. */
function obstacleTo({ path, text }: SnapshotObject, { desired, files }: RestoreInput): string | undefined {
  if (path.endsWith('.json') && files.has(path)) return 'was taken out of a file of JSON that declares something else';
  const declares = readManifests([{ path, text }]);
  if (!declares.ok) return 'cannot be read from what is on record';
  const other = declares.value.manifests.find(({ object: { kind, metadata } }) =>
    desired.some(({ ref, source }) => ref.kind === kind && ref.name === metadata.name && source.path === path),
  );
  return (
    other && `was an item of a list, of which ${other.object.kind} ${other.object.metadata.name} is still declared`
  );
}

/** What was rejected and still is what Git declares: the Rollout, what its pods read, and the rest as long as nobody changed it since. */
function isHeld({ key, hash }: DesiredObject, { hold }: Target, { desired }: RestoreInput): boolean {
  const rejected = hold.objects.find((ref) => objectKey(ref) === key);
  if (!rejected) return false;
  const rollout = desired.find((each) => each.key === holdKey(hold));
  return rejected.hash === hash || key === holdKey(hold) || (!!rollout && readKeys(rollout.object).has(key));
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

function editOf(
  object: DesiredObject,
  before: SnapshotObject | undefined,
  { hold }: Target,
  { desired }: RestoreInput,
): Result<Edit | undefined, string> {
  const { path, document } = object.source;
  if (!before) return ok(isNeeded(object, hold, desired) ? undefined : { path, document, text: null });
  const parts = partsOf(object.object, before.object, holdKey(hold) === object.key);
  if (parts?.keys.length === 0) return ok(undefined);
  const text = parts && spliced(object, before, parts);
  if (text !== undefined) return ok({ path, document, text });
  const unchanged = hold.objects.some((ref) => objectKey(ref) === object.key && ref.hash === object.hash);
  if (unchanged) return ok({ path, document, text: before.text });
  return fail(`${path}: ${nameOf(object.ref)} was changed since it was rejected; restore it by hand`);
}

/** Something else that is declared uses it, or may: it stays. */
function isNeeded({ key, ref }: DesiredObject, hold: Hold, desired: readonly DesiredObject[]): boolean {
  const quoted = JSON.stringify(ref.name);
  return desired.some((other) => {
    if (other.key === key || other.key === holdKey(hold)) return false;
    return isRollout(other.object)
      ? dependencyKeys(other.object).has(key)
      : JSON.stringify(other.object).includes(quoted);
  });
}

interface Parts {
  keys: string[];
  parent?: string;
  /** The object with these parts as they were. */
  whole: KubeObject;
}

/** The parts that make the difference; undefined for kinds that go back as a whole. */
function partsOf(now: KubeObject, before: KubeObject, isOwn: boolean): Parts | undefined {
  if (isOwn) {
    const [spec, stable] = [recordOf(now.spec), recordOf(before.spec)];
    const keys = [
      ...(templateHash(now) === templateHash(before) ? [] : ['template']),
      ...(isSameStrategy(now, before) ? [] : ['strategy']),
    ];
    const back = Object.fromEntries(keys.map((key) => [key, stable[key]]));
    return { keys, parent: 'spec', whole: { ...now, spec: { ...spec, ...back } } };
  }
  if (now.kind !== 'ConfigMap' && now.kind !== 'Secret') return undefined;
  if (isSameData(now, before)) return { keys: [], whole: now };
  return { keys: ['data', 'binaryData', 'stringData', 'immutable'], whole: standInData(now, before) };
}

/** The document with these parts as they were; undefined where that cannot be done line by line. */
function spliced(object: DesiredObject, before: SnapshotObject, { keys, parent, whole }: Parts): string | undefined {
  const text = splice(object.source.text, before.text, keys, parent);
  return text !== undefined && says(text, whole) ? text : undefined;
}

function says(text: string, { status: _status, ...object }: KubeObject): boolean {
  try {
    const value = parseDocument(text);
    if (!isRecord(value) || !isRecord(value['metadata'])) return false;
    const { status: _other, ...declared } = value;
    const namespace = object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace };
    return canonicalJson({ ...declared, metadata: { ...namespace, ...value['metadata'] } }) === canonicalJson(object);
  } catch (error) {
    if (error instanceof YamlError) return false;
    throw error;
  }
}

const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** Two revisions want one document to say different things. */
function conflictIn(own: readonly Edit[], others: readonly Edit[]): string | undefined {
  for (const { path, document, text } of own) {
    const other = others.find((each) => document !== undefined && each.path === path && each.document === document);
    if (other && other.text !== text)
      return `${path}: another Rollout that is restored wants document ${(document ?? 0) + 1} otherwise`;
  }
  return undefined;
}

function applyEdits(edits: readonly Edit[], files: ReadonlyMap<string, string>): Map<string, string | null> {
  const changes = new Map<string, string | null>();
  for (const path of new Set(edits.map((edit) => edit.path))) {
    const text = files.get(path);
    const own = edits.filter((edit) => edit.path === path);
    const after = editFile(text, own, path.endsWith('.json'));
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
