// Hands back what is no longer driven, whenever a Rollout or a driven object changes and once at the start: no finalizer is needed, and
// nothing has to be remembered. What is to be done is hand-back.ts's to say.
import type { KubeObject, Resource } from '../api/k8s.ts';
import { CONTROLLER_MANAGER } from '../api/names.ts';
import {
  nameOf,
  objectIdOf,
  objectKeyOf,
  qualifiedName,
  refOf,
  type ObjectId,
  type ObjectKey,
} from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';
import { isNotFound, isRefusal } from '../kube/errors.ts';
import { fencedFor } from '../kube/fenced-client.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Change, WatchCache } from '../kube/watch-cache.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import { delay, type Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { soleOwner, type Ownership } from '../ports/ownership.ts';
import { planOf } from '../rollout/compile.ts';
import { isNoted, notedOn } from '../traffic/marks.ts';
import { DRIVEN_KINDS, drivenKind } from '../traffic/modules.ts';
import { BY_REFERENCE, type Caches } from './caches.ts';
import { kindOf } from './failure.ts';
import { driverOf } from './driver-note.ts';
import { handBack, handBacks, isLeaving, isRedirected, type HandBack } from './hand-back.ts';
import { kindsOf, routedBy, unclearIn } from './references.ts';
import type { Write } from '../traffic/write.ts';
import type { EventRecorder } from './event-relay.ts';

export interface HandBackDeps {
  client: KubeClient;
  caches: Caches;
  clock: Clock;
  random: () => number;
  log: Log;
  events: Pick<EventRecorder, 'emit'>;
  ownership?: Ownership | undefined;
  /** Only this namespace; without it all. */
  namespace?: string | undefined;
}

export interface HandBackController {
  readonly queue: WorkQueue<ObjectKey>;
  /** Begins to work; the caches are synced. */
  start(): void;
  stop(): Promise<void>;
}

/** What a person has to mend first is tried again after this long; most such changes bring a look by themselves. */
const REFUSED_MS = 60_000;

/** Takes fields off what no Rollout drives any more. It does nothing before `start`. */
export function createHandBack(deps: HandBackDeps): HandBackController {
  const { caches, clock, random, log } = deps;
  const queue: WorkQueue<ObjectKey> = new WorkQueue({
    run: (key) => look(deps, queue, key),
    clock,
    random,
    log,
    workers: 1,
  });
  const closing = new AbortController();
  let unfollow: (() => void)[] = [];
  // What is driven changes with every weight: whether those who drive it refer to it is the cheap question, and comes first.
  const consider = (object: KubeObject): void => {
    const key = objectKeyOf(object);
    if (!isKept(caches, object, key) && releasedOf(caches, object, key) !== undefined) queue.add(key);
  };
  // Routes first: the queue keeps the order, and one worker takes it.
  const released = ({ object, old }: Change<Rollout>): void => {
    const keys = new Set([object, old].flatMap((rollout) => (rollout && routedBy(rollout)) ?? []));
    const routesFirst = DRIVEN_KINDS.flatMap(({ resource }) => [...keys].filter((key) => isOf(key, resource)));
    routesFirst.flatMap((key) => find(caches, key) ?? []).forEach(consider);
  };
  return {
    queue,
    start() {
      unfollow = [
        caches.rollouts.onChange((change) => isRedirected(change) && released(change)),
        caches.driven.onChange(({ type, object }) => type !== 'deleted' && consider(object)),
      ];
      for (const cache of caches.driven.all()) cache.list().forEach(consider);
      for (const { resource } of DRIVEN_KINDS) void sweep(deps, resource, closing.signal);
    },
    stop() {
      closing.abort(new Error('the controller stops'));
      for (const end of unfollow) end();
      return queue.stop();
    },
  };
}

/** Of a kind that no Rollout names now, something may be left from before this process: then it is followed until that is handed back. */
async function sweep({ client, caches, namespace, clock, log }: HandBackDeps, kind: Resource, signal: AbortSignal) {
  while (!signal.aborted && caches.driven.of(kind) === undefined) {
    try {
      const { items } = await client.list<KubeObject>(kind, { namespace }, { signal });
      if (items.some((object) => handBack(object).length > 0)) caches.driven.follow([kind]);
      return;
    } catch (error) {
      if (signal.aborted || isNotFound(error)) return;
      log.info('it is not known whether anything is left to be handed back', { kind: kind.kind, error: String(error) });
      // What may not be read may not be handed back either.
      if (isRefusal(error)) return;
      await delay(clock, REFUSED_MS, signal).catch(() => undefined);
    }
  }
}

function isOf(key: ObjectKey, { group, kind }: Resource): boolean {
  const id = objectIdOf(key);
  return id.group === group && id.kind === kind;
}

function cacheOf({ driven }: Caches, id: ObjectId): WatchCache<KubeObject> | undefined {
  const kind = drivenKind(id);
  return kind && driven.of(kind.resource)?.cache;
}

function find(caches: Caches, key: ObjectKey): KubeObject | undefined {
  const id = objectIdOf(key);
  return cacheOf(caches, id)?.get(id.namespace, id.name);
}

interface Released {
  readonly object: KubeObject;
  readonly back: HandBack;
}

/** Those that drive it go on as they have noted, and nothing of it is anybody else's. */
function isKept({ rollouts }: Caches, object: KubeObject, key: ObjectKey): boolean {
  // Of a selector nothing is noted, and it is written seldom.
  if (drivenKind(objectIdOf(key))?.drives !== 'split') return false;
  const by = rollouts.by(BY_REFERENCE, key).filter((rollout) => !isLeaving(rollout));
  const drives = (name: string, rollout: Rollout): boolean => {
    const traffic = qualifiedName(rollout.metadata) === name ? planOf(rollout)?.traffic : undefined;
    return traffic !== undefined && isNoted(object, name, driverOf(traffic));
  };
  return by.length > 0 && notedOn(object).every((name) => by.some((rollout) => drives(name, rollout)));
}

/** What is to be done next for the object to be handed back. */
function releasedOf(caches: Caches, object: KubeObject, key: ObjectKey): Released | undefined {
  const [back] = backsOf(caches, object, key).toSorted((a, b) => Number(!a.write) - Number(!b.write));
  return back && { object, back };
}

const backsOf = (caches: Caches, object: KubeObject, key: ObjectKey): HandBack[] =>
  handBacks([object], rolloutsNear(caches, object, key));

async function look(deps: HandBackDeps, queue: WorkQueue<ObjectKey>, key: ObjectKey): Promise<void> {
  const { caches, clock, ownership = soleOwner } = deps;
  // A server that does not serve Rollouts for a moment has not deleted them.
  if (!ownership.owns(key) || !caches.rollouts.served) return;
  const object = find(caches, key);
  const released = object && releasedOf(caches, object, key);
  if (released === undefined) return;
  const { write, what } = released.back;
  // Nothing but a change of it helps, which the watch brings.
  if (write === undefined) return tellFailed(deps, released.object, what);
  const refusal = await refusalOf(async () => {
    const after = await carryOut(fencedFor(deps.client, ownership, key), { ...released.back, write });
    cacheOf(caches, objectIdOf(key))?.observe(after);
  });
  if (refusal === undefined) return tellHandedBack(deps, released);
  if (refusal.kind === 'lost') return;
  tellFailed(deps, released.object, refusal.message);
  queue.addAt(key, clock.now() + REFUSED_MS);
}

/** Why the API server did not take a write; undefined where it did. Rejects with what may be tried again as it is. */
async function refusalOf(write: () => Promise<void>): Promise<{ kind: string; message: string } | undefined> {
  try {
    await write();
    return undefined;
  } catch (error) {
    const kind = kindOf(error);
    if (kind === 'transient' || kind === 'bug') throw error;
    return { kind, message: error instanceof Error ? error.message : String(error) };
  }
}

function tellFailed({ log, events }: HandBackDeps, object: KubeObject, message: string): void {
  log.info('an object that is no longer driven could not be handed back', {
    object: nameOf(refOf(object)),
    why: message,
  });
  events.emit(object, { type: 'Warning', reason: 'HandBackFailed', message, key: `hand-back/${message}` });
}

function tellHandedBack({ log, events }: HandBackDeps, { object, back }: Released): void {
  log.info('an object that is no longer driven was handed back', { object: nameOf(refOf(object)), what: back.what });
  const who = back.isShared ? `Rollout ${back.rollout} does not drive` : 'No Rollout drives';
  const about = back.isPart ? `Rollout ${back.rollout} drives less of it` : `${who} it any more`;
  const message = `${about}: ${back.what}`;
  const { resourceVersion = '' } = object.metadata;
  events.emit(object, { type: 'Normal', reason: 'HandedBack', message, key: `hand-back/${resourceVersion}` });
}

/** Whether anything that a Rollout refers to is still bound to it. */
export function isBound(rollout: Rollout, caches: Caches): boolean {
  if (!caches.driven.areKnown(kindsOf(rollout))) return true;
  const own = qualifiedName(rollout.metadata);
  const isIts = ({ write, rollout: by = own }: HandBack): boolean => write !== undefined && by === own;
  return (routedBy(rollout) ?? []).some((key) => {
    const object = find(caches, key);
    return object !== undefined && backsOf(caches, object, key).some(isIts);
  });
}

/** Those that refer to the object, those of its namespace whose spec may, and those that have noted something on it. */
function rolloutsNear({ rollouts }: Caches, object: KubeObject, key: ObjectKey): Rollout[] {
  const { namespace = '' } = object.metadata;
  const near = [key, unclearIn(namespace)].flatMap((name) => rollouts.by(BY_REFERENCE, name));
  const noted = notedOn(object).flatMap((name) => {
    const [home, rollout = ''] = name.split('/');
    return rollouts.get(home, rollout) ?? [];
  });
  return [...new Set([...near, ...noted])];
}

/** Makes the one write that hands an object back, or a part of it. Resolves to the object as it is then. */
export function carryOut(client: Pick<KubeClient, 'patch'>, back: HandBack & { write: Write }): Promise<KubeObject> {
  const { name, namespace, write } = back;
  return client.patch<KubeObject>(back.resource, {
    name,
    namespace,
    ...write,
    fieldManager: CONTROLLER_MANAGER,
  });
}
