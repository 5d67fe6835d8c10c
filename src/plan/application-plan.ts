// What a change would do to one Application: two declared sets, compared. Pure.
import type { Application } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import { CONFIRM_PRUNE } from '../api/names.ts';
import { nameOf, type ObjectKey } from '../api/object-key.ts';
import type { Declared } from '../application/seen.ts';
import type { DesiredObject } from '../application/source/desired.ts';
import { isTooMany } from '../application/sync/prune-rules.ts';
import { silencedProblems } from '../application/sync/silenced.ts';
import { fateOf } from './fate.ts';
import type { Finding } from './finding.ts';
import { immutableProblems } from './immutable.ts';
import { objectDiff } from './object-diff.ts';
import { rolloutChange, type DeclaredRollout } from './release.ts';
import type { ApplicationPlan, HookRun, ObjectChange, Prune, RolloutChange } from './types.ts';

/** What one side makes of an Application. */
export interface Side {
  /** Undefined where it cannot be read; see the problems. */
  declared: Declared | undefined;
  problems: readonly Finding[];
}

export interface Compared {
  /** Undefined where there was none. */
  before: Side | undefined;
  after: Side | undefined;
  /** As it will be; undefined where no file declares it. */
  app: Application | undefined;
  /** The Application, as `namespace/name`, that declares an object afterwards beside this one. */
  elsewhere: (key: ObjectKey) => string | undefined;
}

export type Comparison = Pick<ApplicationPlan, 'problems' | 'notes' | 'objects' | 'rollouts' | 'hooks' | 'prune'>;

/** Nothing is said to change where what is planned cannot be read. */
export function compare(compared: Compared): Comparison {
  const { before, after } = compared;
  const problems = [...(after?.problems ?? [])];
  const notes = beforeNotes(before);
  const isUnread = after !== undefined && after.declared === undefined;
  if (isUnread) return { problems, notes, objects: [], rollouts: [], hooks: [], prune: { count: 0 } };
  const { refused, ...changes } = changesOf(before?.declared, after?.declared, compared);
  return { problems: [...problems, ...refused], notes, ...changes };
}

function changesOf(
  was: Declared | undefined,
  now: Declared | undefined,
  compared: Compared,
): Pick<Comparison, 'objects' | 'rollouts' | 'hooks' | 'prune'> & { refused: Finding[] } {
  const { app } = compared;
  const [earlier, later] = [allOf(was), allOf(now)];
  const removed = removals(earlier, later, compared);
  return {
    hooks: hooksOf(was, now),
    refused: refusals(was, now, app),
    objects: [...present(earlier, later), ...removed],
    rollouts: rolloutsOf(was, now),
    prune: pruneOf(removed, was?.desired.length ?? 0, app),
  };
}

const allOf = (declared: Declared | undefined): DesiredObject[] => [
  ...(declared?.desired ?? []),
  ...(declared?.hooks ?? []),
];

/** They run wherever anything that is declared is other than before. */
function hooksOf(was: Declared | undefined, now: Declared | undefined): HookRun[] {
  if (now === undefined || now.content === was?.content) return [];
  return now.hooks.map(({ ref: { kind, namespace, name }, phases, source }) => ({
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    phases: [...phases],
    file: source.path,
  }));
}

function beforeNotes(before: Side | undefined): string[] {
  const [first, ...more] = before?.problems ?? [];
  if (first === undefined) return [];
  const others = more.length === 0 ? '' : `, and ${more.length} more`;
  const all = before?.declared === undefined ? ': all is shown as new' : '';
  return [`what was there before would be refused, too${all} (${first.message}${others})`];
}

const byKey = (desired: readonly DesiredObject[]): Map<ObjectKey, DesiredObject> =>
  new Map(desired.map((each) => [each.key, each]));

/** What is declared afterwards, and was not so before. */
function present(was: readonly DesiredObject[], now: readonly DesiredObject[]): ObjectChange[] {
  const before = byKey(was);
  return now.flatMap((each) => {
    const known = before.get(each.key);
    if (known?.hash === each.hash) return [];
    const diff = objectDiff(known?.object, each.object);
    return [{ change: known === undefined ? ('Added' as const) : ('Changed' as const), ...placeOf(each), diff }];
  });
}

function placeOf({ ref, source }: DesiredObject): Omit<ObjectChange, 'change' | 'diff'> {
  const line = source.rendered === undefined ? { line: source.line } : {};
  return { ...ref, file: source.path, ...line };
}

function removals(was: readonly DesiredObject[], now: readonly DesiredObject[], compared: Compared): ObjectChange[] {
  const after = byKey(now);
  return was
    .filter(({ key }) => !after.has(key))
    .map((each) => ({
      change: 'Removed',
      ...placeOf(each),
      diff: '',
      fate: fateOf(each, { ...compared, keys: compared.after?.declared?.keys }),
    }));
}

function pruneOf(removed: readonly ObjectChange[], all: number, app: Application | undefined): Prune {
  const count = removed.filter(({ fate }) => fate?.is === 'Deleted').length;
  const asks = isTooMany(count, all, app?.spec.sync?.pruneLimit);
  return { count, ...(asks ? { confirmation: `${CONFIRM_PRUNE}=<short commit>` } : {}) };
}

/** What is refused only because of what was there before. */
function refusals(was: Declared | undefined, now: Declared | undefined, app: Application | undefined): Finding[] {
  if (was === undefined || now === undefined) return [];
  const silenced = silencedProblems(was, now).map(({ path: file, line, message }): Finding => ({
    file,
    line,
    message,
  }));
  const before = byKey(was.desired);
  const fixed = now.desired.flatMap((each) => fixedFindings(before.get(each.key)?.object, each));
  return [...silenced, ...fixed, ...emptied(was, now, app)];
}

function fixedFindings(before: KubeObject | undefined, { object, ref, source }: DesiredObject): Finding[] {
  const found = before === undefined ? [] : immutableProblems(before, object);
  return found.map((message) => ({ file: source.path, line: source.line, message: `${nameOf(ref)}: ${message}` }));
}

function emptied(was: Declared, now: Declared, app: Application | undefined): Finding[] {
  const isEmptied = was.desired.length > 0 && now.keys.size === 0;
  if (!isEmptied || app?.spec.sync?.allowEmpty === true) return [];
  return [{ message: 'it declares nothing at all any more, and nothing is deleted for that; set sync.allowEmpty' }];
}

function rolloutsOf(was: Declared | undefined, now: Declared | undefined): RolloutChange[] {
  const [before, after] = [rolloutsIn(was), rolloutsIn(now)];
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].flatMap((key) => rolloutChange(before.get(key), after.get(key)) ?? []);
}

function rolloutsIn(declared: Declared | undefined): Map<ObjectKey, DeclaredRollout> {
  const objects = byKey(declared?.desired ?? []);
  const find = (key: ObjectKey): KubeObject | undefined => objects.get(key)?.object;
  const found = [...(declared?.sets ?? [])].flatMap(([key, set]): [ObjectKey, DeclaredRollout][] => {
    const object = find(key);
    return object === undefined ? [] : [[key, { object, set, find }]];
  });
  return new Map(found);
}
