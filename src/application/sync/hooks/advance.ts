// One run of a hook against the world: is its object to be created, does it go on, or has it ended? Pure.
import type { HookRun } from '../../../api/hooks.ts';
import type { KubeObject } from '../../../api/k8s.ts';
import { ANNOTATIONS } from '../../../api/names.ts';
import { nameOf } from '../../../api/object-key.ts';
import { toTime } from '../../../ports/clock.ts';
import type { AgentIntent } from '../../intents.ts';
import type { Seen } from '../../seen.ts';
import type { DeclaredHook } from '../../source/desired.ts';
import { isOwnedBy } from '../owner.ts';
import { endOf, type HookEnd } from './end.ts';
import { bodyOfRun, keyOfRun, markOf, refOfRun } from './record.ts';

export interface Advance {
  run: HookRun;
  intents: AgentIntent[];
  /** Only a person can make way. */
  isBlocked: boolean;
  /** No event tells when to look again: milliseconds since the epoch. */
  dueAt?: number | undefined;
}

/** As how long what no watch shows is taken for what it was read as. */
const LOOK_AGAIN_MS = 61_000;
const SERVED_MS = 2_000;

const unchanged = (run: HookRun): Advance => ({ run, intents: [], isBlocked: false });

const staying = (run: HookRun, message?: string): Advance => {
  const { message: _before, ...rest } = run;
  return unchanged(message === undefined ? rest : { ...rest, message });
};

const blocked = (run: HookRun, message: string, { now }: Seen): Advance => ({
  ...staying(run, message),
  isBlocked: true,
  dueAt: now + LOOK_AGAIN_MS,
});

export function advance(run: HookRun, hook: DeclaredHook | undefined, seen: Seen): Advance {
  const found = seen.live(keyOfRun(run));
  if (found.state === 'pending') return unchanged(run);
  if (found.state === 'failed') return blocked(run, found.message, seen);
  if (run.state === 'Running') return followed(run, found.object, seen);
  const live = found.object;
  if (live === undefined) return creating(run, hook, seen);
  if (markOf(live) !== run.mark || !isOwnedBy(live, seen.owner)) return inTheWay(run, live, hook, seen);
  const { uid = '', creationTimestamp } = live.metadata;
  const { message: _before, ...begun } = run;
  return followed({ ...begun, state: 'Running', uid, startedAt: creationTimestamp ?? toTime(seen.now) }, live, seen);
}

function creating(run: HookRun, hook: DeclaredHook | undefined, seen: Seen): Advance {
  if (hook === undefined) return staying(run, 'is not declared any more');
  if (!seen.served(hook.object.apiVersion, run.kind))
    return { ...staying(run, `waits for the definition of ${run.kind}`), dueAt: seen.now + SERVED_MS };
  const body = bodyOfRun(hook, run, seen.owner);
  const create: AgentIntent = { do: 'CreateHook', key: keyOfRun(run), ref: refOfRun(run), mark: run.mark, body };
  return { ...staying(run), intents: [create] };
}

/** Something of that name is there, and is not the object of this run. */
function inTheWay(run: HookRun, live: KubeObject, hook: DeclaredHook | undefined, seen: Seen): Advance {
  const what = nameOf(refOfRun(run));
  const kept = whyKept(live, seen);
  if (kept !== undefined) return blocked(run, `${what} was applied as an object, and ${kept}: delete it`, seen);
  if (!isOurs(live, seen))
    return blocked(
      run,
      `${what} is there, and is no hook of this Application: delete it, or give the hook another name`,
      seen,
    );
  if (live.metadata.deletionTimestamp !== undefined)
    return staying(run, `waits for the earlier ${leaving(what, live)}`);
  if (!hook?.policies.includes('BeforeHookCreation'))
    return blocked(run, `${what} of an earlier run is there, and its delete policy keeps it: delete it`, seen);
  return { ...staying(run, `waits for the earlier ${what} to go`), intents: deletion(run, live, seen) };
}

/** What was applied before it became a hook leaves Git by that, and is kept by what keeps others then. */
function whyKept(live: KubeObject, { app, owner }: Seen): string | undefined {
  if (markOf(live) !== undefined || !isOwnedBy(live, owner)) return undefined;
  if (live.metadata.annotations?.[ANNOTATIONS.prune] === 'Disabled') return 'sluice.dev/prune: Disabled keeps it';
  return app.spec.sync?.prune === true ? undefined : 'sync.prune is off';
}

/** A hook of this Application made it; or it was applied before it became a hook, and is on record by its UID. */
function isOurs(live: KubeObject, { owner, status }: Seen): boolean {
  if (!isOwnedBy(live, owner)) return false;
  const { uid = '' } = live.metadata;
  const isFormer = status.hooks?.former?.includes(uid) === true;
  return markOf(live) !== undefined || isFormer || (status.resources ?? []).some((entry) => entry.uid === uid);
}

/** As it is said of an object that is being deleted. */
export function leaving(what: string, { metadata: { finalizers = [] } }: KubeObject): string {
  const others = finalizers.filter((name) => name !== 'foregroundDeletion');
  return others.length === 0 ? `${what} to go` : `${what} to go, which its finalizers hold: ${others.join(', ')}`;
}

/** Asked for once: that it was accepted is remembered. */
export function deletion(run: HookRun, { metadata }: KubeObject, { memory }: Seen): AgentIntent[] {
  const { uid, deletionTimestamp } = metadata;
  if (uid === undefined || deletionTimestamp !== undefined || memory.hooksDeleted.has(uid)) return [];
  return [{ do: 'DeleteHook', key: keyOfRun(run), ref: refOfRun(run), uid }];
}

function followed(run: HookRun, live: KubeObject | undefined, seen: Seen): Advance {
  const isThere = live !== undefined && live.metadata.uid === run.uid;
  const end = (isThere ? endOf(live) : undefined) ?? seen.memory.hookEnds.get(run.uid ?? '');
  if (end) return unchanged(ended(run, end, seen));
  if (isThere) return unchanged(run);
  return unchanged(ended(run, { state: 'Failed', message: live === undefined ? GONE : REPLACED }, seen));
}

const GONE = 'was gone before its end was seen: somebody deleted it, or its ttlSecondsAfterFinished did';
const REPLACED =
  'was deleted before it ended, and another object of its name is there, which is not the one that was run';

function ended(run: HookRun, { state, message }: HookEnd, { now }: Seen): HookRun {
  return { ...run, state, finishedAt: toTime(now), ...(message === '' ? {} : { message }) };
}
