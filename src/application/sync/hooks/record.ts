// What is on record of hooks: which runs there are, what each is called, and what another content begins with. Pure.
import type { ApplicationStatus, ObjectRef } from '../../../api/application.ts';
import type { HookPhase, HookRecord, HookRun } from '../../../api/hooks.ts';
import type { KubeObject } from '../../../api/k8s.ts';
import { ANNOTATIONS } from '../../../api/names.ts';
import { objectKey, type ObjectKey } from '../../../api/object-key.ts';
import { toTime } from '../../../ports/clock.ts';
import { shortHash } from '../../../rollout/hash.ts';
import type { Declared, Seen } from '../../seen.ts';
import { setHash } from '../../source/content-hash.ts';
import type { DeclaredHook } from '../../source/desired.ts';
import { stamped } from '../stamps.ts';
import type { Owner } from '../owner.ts';

/** As the API server cuts the names that it makes. */
const MAX_NAME = 63;

/** Phases that a sync waits for, as against those that only follow what happens. */
const SYNC_PHASES: ReadonlySet<HookPhase> = new Set(['PreSync', 'Sync', 'PostSync']);

export const isGoing = ({ state }: HookRun): boolean => state === 'Pending' || state === 'Running';
export const isOfSync = ({ phase }: HookRun): boolean => SYNC_PHASES.has(phase);
/** Of a moment, whatever content is in force. */
const isOfMoment = ({ phase }: HookRun): boolean => phase === 'OnAbort' || phase === 'PostRollback';

export const refOfRun = ({ group, version, kind, namespace, name }: HookRun): ObjectRef => ({
  group,
  version,
  kind,
  ...(namespace === undefined ? {} : { namespace }),
  name,
});

export const keyOfRun = (run: HookRun): ObjectKey => objectKey(refOfRun(run));

/** Which run of its hook a live object is; undefined for what no hook has made. */
export const markOf = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[ANNOTATIONS.hookRun];

/** A run that is to be begun. `cause` tells moments apart that come again with the same content; a retry is about syncs. */
export function plannedRun(
  hook: DeclaredHook,
  phase: HookPhase,
  record: Pick<HookRecord, 'content' | 'commit' | 'attempt'>,
  cause?: string,
): HookRun {
  const { content, commit, attempt = 1 } = record;
  const mark = shortHash([hook.hash, phase, content, commit, cause ?? attempt]);
  const { generateName, ref } = hook;
  const name = generateName === undefined ? ref.name : `${generateName.slice(0, MAX_NAME - mark.length)}${mark}`;
  return { phase, ...ref, name, hash: hook.hash, mark, ...(cause === undefined ? {} : { cause }), state: 'Pending' };
}

/** What is created for a run. */
export function bodyOfRun(hook: DeclaredHook, run: HookRun, owner: Owner): KubeObject {
  const { object } = hook;
  const { generateName: _base, ...metadata } = object.metadata;
  const annotations = { ...metadata.annotations, [ANNOTATIONS.hookRun]: run.mark };
  return stamped({ ...object, metadata: { ...metadata, name: run.name, annotations } }, { owner, hash: hook.hash });
}

/** The objects that the record makes worth looking at. */
export function refsOfHooks({ hooks }: ApplicationStatus): ObjectRef[] {
  const open = (hooks?.runs ?? []).filter((run) => isGoing(run) || run.removal === 'Due');
  return [...open, ...(hooks?.ending ?? [])].map((run) => refOfRun(run));
}

/** A copy of what is on record for this content; or a new beginning, which ends what an earlier one waits for. */
export function recordFor(declared: Declared, seen: Seen): HookRecord {
  const before = seen.status.hooks;
  if (before?.content === declared.content) return { ...before, runs: [...before.runs] };
  const set = setHash(declared.hooks);
  const now = toTime(seen.now);
  return {
    content: declared.content,
    commit: declared.commit.oid,
    set,
    since: now,
    ...(bringsNothing(declared, set, seen) ? { finishedAt: now } : {}),
    ...formerOf(declared, seen.status),
    ...keptOf(before),
  };
}

/** What outlives a content: hooks of moments, and what is to be deleted. */
function keptOf(before: HookRecord | undefined): Pick<HookRecord, 'runs' | 'ending' | 'aborts' | 'restored'> {
  if (before === undefined) return { runs: [] };
  const { runs, ending = [], aborts, restored } = before;
  const left = runs.filter((run) => (isGoing(run) && !isOfMoment(run)) || run.removal === 'Due');
  return {
    runs: runs.filter((run) => isOfMoment(run) && isGoing(run)),
    ...endingOf([...ending, ...left]),
    ...(aborts && { aborts }),
    ...(restored && { restored }),
  };
}

export const endingOf = (ending: HookRun[]): Pick<HookRecord, 'ending'> => (ending.length === 0 ? {} : { ending });

function formerOf({ hooks }: Declared, { resources = [] }: ApplicationStatus): Pick<HookRecord, 'former'> {
  const keys = new Set(hooks.map(({ key }) => key));
  const former = resources.flatMap((entry) =>
    keys.has(objectKey(entry)) && entry.uid !== undefined ? [entry.uid] : [],
  );
  return former.length === 0 ? {} : { former };
}

/**
 * Whether all that is declared is applied just so already, with the same hooks: what was not applied was taken back, or an earlier version
 * has applied the hooks as objects like any other. Then there is no sync for hooks to run at.
 */
function bringsNothing({ desired, hooks }: Declared, set: string, { status }: Seen): boolean {
  const applied = new Map(
    (status.resources ?? [])
      .filter((entry) => entry.status !== 'PruneSkipped')
      .map((entry) => [objectKey(entry), entry.status === 'Failed' ? undefined : entry.hash]),
  );
  const isSame = ({ key, hash }: { key: ObjectKey; hash: string }): boolean => applied.get(key) === hash;
  const wereObjects = status.hooks === undefined && hooks.length > 0 && hooks.every((hook) => isSame(hook));
  if (!wereObjects && status.hooks?.set !== set) return false;
  const declared = [...desired, ...(wereObjects ? hooks : [])];
  return declared.length === applied.size && declared.every((object) => isSame(object));
}

/** All that decides something, without words for people: it is on record before anything is done by it. */
export const gistOf = (record: HookRecord | undefined): string => {
  if (record === undefined) return '';
  const { content, commit, attempt, retrying, finishedAt, aborts, restored } = record;
  const gist = ({ mark, state, uid, removal }: HookRun): unknown[] => [mark, state, uid, removal];
  return JSON.stringify([
    [content, commit, attempt, retrying, finishedAt, aborts, restored],
    record.runs.map((run) => gist(run)),
    (record.ending ?? []).map((run) => gist(run)),
  ]);
};
