// Hands back what is no longer driven, whenever a Rollout or a driven object changes and once at the start: no finalizer is needed, and
// nothing has to be remembered. What is to be done is hand-back.ts's to say.
import type { KubeObject, Resource } from '../api/k8s.ts';
import { CONTROLLER_MANAGER } from '../api/names.ts';
import { nameOf, objectIdOf, objectKeyOf, refOf, type ObjectKey } from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';
import { isNotFound, isRefusal } from '../kube/errors.ts';
import { fencedFor } from '../kube/fenced-client.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Change } from '../kube/watch-cache.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import { delay, type Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { soleOwner, type Ownership } from '../ports/ownership.ts';
import { DRIVEN_KINDS } from '../traffic/modules.ts';
import { BY_REFERENCE, type Caches } from './caches.ts';
import { kindOf } from './failure.ts';
import { handBack, handBacks, isLeaving, type HandBack } from './hand-back.ts';
import { kindsOf, referenceTo, routedBy, unclearIn } from './references.ts';
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
  // What is driven changes with every weight: whether a Rollout refers to it is the cheap question, and comes first.
  const consider = (object: KubeObject): void => {
    const isReferred = caches.rollouts
      .by(BY_REFERENCE, referenceTo(refOf(object)))
      .some((rollout) => !isLeaving(rollout));
    if (!isReferred && handBack(object) !== undefined) queue.add(objectKeyOf(object));
  };
  // Routes first: the queue keeps the order, and one worker takes it.
  const released = ({ object, old }: Change<Rollout>): void => {
    const names = [object, old].flatMap((rollout) => (rollout && routedBy(rollout)) ?? []);
    for (const { resource } of DRIVEN_KINDS) {
      names
        .filter((name) => name.startsWith(`${resource.kind}/`))
        .flatMap((name) => find(caches, name) ?? [])
        .forEach(consider);
    }
  };
  return {
    queue,
    start() {
      const isNews = ({ type, object, old }: Change<Rollout>): boolean =>
        type === 'deleted' ||
        old?.metadata.generation !== object.metadata.generation ||
        isLeaving(object) !== (old !== undefined && isLeaving(old));
      unfollow = [
        caches.rollouts.onChange((change) => isNews(change) && released(change)),
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
      if (items.some((object) => handBack(object) !== undefined)) caches.driven.follow([kind]);
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

function find(caches: Caches, reference: string): KubeObject | undefined {
  const [kind, namespace, ...rest] = reference.split('/');
  return caches.driven.byKind(kind)?.get(namespace, rest.join('/'));
}

interface Released {
  readonly object: KubeObject;
  readonly back: HandBack;
}

/** An object of which something has to be handed back. */
function findReleased(caches: Caches, reference: string): Released | undefined {
  const object = find(caches, reference);
  if (object === undefined) return undefined;
  const [, namespace = ''] = reference.split('/');
  const [back] = handBacks([object], rolloutsNear(caches, reference, namespace));
  return back && { object, back };
}

async function look(deps: HandBackDeps, queue: WorkQueue<ObjectKey>, key: ObjectKey): Promise<void> {
  const { caches, clock, ownership = soleOwner } = deps;
  // A server that does not serve Rollouts for a moment has not deleted them.
  if (!ownership.owns(key) || !caches.rollouts.served) return;
  const id = objectIdOf(key);
  const released = findReleased(caches, referenceTo(id));
  if (released === undefined) return;
  try {
    await carryOut(fencedFor(deps.client, ownership, key), released.back).then((after) =>
      caches.driven.byKind(id.kind)?.observe(after),
    );
  } catch (error) {
    // Somebody changed it meanwhile: the watch brings the news.
    const failure = kindOf(error);
    if (failure === 'lost') return;
    if (failure === 'transient' || failure === 'bug') throw error;
    tellFailed(deps, released.object, error);
    return queue.addAt(key, clock.now() + REFUSED_MS);
  }
  tellHandedBack(deps, released);
}

function tellFailed({ log, events }: HandBackDeps, object: KubeObject, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  log.info('an object that is no longer driven could not be handed back', {
    object: nameOf(refOf(object)),
    why: message,
  });
  events.emit(object, { type: 'Warning', reason: 'HandBackFailed', message, key: `hand-back/${message}` });
}

function tellHandedBack({ log, events }: HandBackDeps, { object, back }: Released): void {
  log.info('an object that is no longer driven was handed back', { object: nameOf(refOf(object)), what: back.what });
  const message = `No Rollout drives it any more: ${back.what}`;
  const { resourceVersion = '' } = object.metadata;
  events.emit(object, { type: 'Normal', reason: 'HandedBack', message, key: `hand-back/${resourceVersion}` });
}

/** Whether anything that a Rollout refers to is still bound to it. */
export function isBound(rollout: Rollout, caches: Caches): boolean {
  if (!caches.driven.areKnown(kindsOf(rollout))) return true;
  return (routedBy(rollout) ?? []).some((name) => findReleased(caches, name) !== undefined);
}

/** Those that refer to the object, and those of its namespace whose spec may. */
const rolloutsNear = ({ rollouts }: Caches, reference: string, namespace: string): Rollout[] =>
  [reference, unclearIn(namespace)].flatMap((name) => rollouts.by(BY_REFERENCE, name));

/** Makes the one write that hands an object back. Resolves to the object as it is then. */
export function carryOut(client: Pick<KubeClient, 'patch'>, back: HandBack): Promise<KubeObject> {
  const { name, namespace, write } = back;
  return client.patch<KubeObject>(back.resource, {
    name,
    namespace,
    ...write,
    fieldManager: CONTROLLER_MANAGER,
  });
}
