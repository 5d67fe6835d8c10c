// What an abort does, without a controller: all traffic of a Rollout to its stable revision, then the pods of others down. Each step is safe
// by itself and done again without harm; nothing is taken down that may still have traffic.
import type { KubeObject, ReplicaSet } from '../api/k8s.ts';
import { CONTROLLER_MANAGER, POD_TEMPLATE_HASH, RESOURCES, verbAnnotation } from '../api/names.ts';
import { nameOf, qualifiedName } from '../api/object-key.ts';
import type { Issue, Result } from '../api/result.ts';
import type { Role } from '../api/traffic.ts';
import { carryOut } from '../controller/hand-back-controller.ts';
import { handBack, NOTHING_KEPT } from '../controller/hand-back.ts';
import { describeMidway, isMoving, othersText, type Midway } from '../controller/midway.ts';
import { routedBy } from '../controller/references.ts';
import type { KubeClient } from '../kube/types.ts';
import { WatchCache } from '../kube/watch-cache.ts';
import { delay, type Clock } from '../ports/clock.ts';
import { silentLog } from '../ports/log.ts';
import { planOf } from '../rollout/compile.ts';
import type { Plan } from '../rollout/plan.ts';
import type { DrivenObject, DrivenSelector } from '../traffic/driven.ts';
import { drivenOf, idOf } from '../traffic/driven-objects.ts';
import { isRoute } from '../traffic/modules.ts';

export interface Around {
  client: Pick<KubeClient, 'get' | 'list' | 'watch' | 'patch'>;
  clock: Clock;
  print: (line: string) => void;
}

/** Who says on a Rollout that it was aborted. */
const MANAGER = 'sluice-release';
const REASON = 'taken back by sluice release';
/** How long proxies take at most to follow a route. */
const FOLLOWED_S = 30;
const LIMIT_MS = 5 * 60_000;

/** Takes all of them back, side by side. Rejects with what hinders it; then no pod was taken down that has traffic. */
export async function takeBackAll(
  midway: readonly Midway[],
  namespace: string | undefined,
  around: Around,
): Promise<void> {
  const { client, clock } = around;
  const cache = new WatchCache<ReplicaSet>({
    client,
    clock,
    random: Math.random,
    log: silentLog,
    resource: RESOURCES.replicaSets,
    labelSelector: POD_TEMPLATE_HASH,
    ...(namespace === undefined ? {} : { namespace }),
  });
  cache.start();
  try {
    await cache.synced();
    const results = await Promise.allSettled(midway.map((each) => new TakeBack(each, cache, around).run()));
    const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    if (failed.length > 0) throw new Error(failed.map(({ message }) => message).join('\n'));
  } finally {
    await cache.stop();
  }
}

export const describeTakeBack = (midway: Midway): string =>
  `all traffic goes to its stable revision ${midway.stable}, the pods of ${othersText(midway)} are gone`;

class TakeBack {
  readonly #midway: Midway;
  readonly #cache: WatchCache<ReplicaSet>;
  readonly #around: Around;
  readonly #namespace: string;
  readonly #plan: Plan | undefined;
  readonly #driven: readonly DrivenObject[];

  constructor(midway: Midway, cache: WatchCache<ReplicaSet>, around: Around) {
    this.#midway = midway;
    this.#cache = cache;
    this.#around = around;
    this.#namespace = midway.rollout.metadata.namespace ?? '';
    this.#plan = planOf(midway.rollout);
    this.#driven = drivenOf(midway.rollout) ?? [];
  }

  async run(): Promise<void> {
    const { rollout, others } = this.#midway;
    const { clock, print } = this.#around;
    const name = qualifiedName(rollout.metadata);
    if (routedBy(rollout) === undefined)
      throw new Error(`Rollout ${name}: its spec.strategy cannot be read; mend it, then run this again`);
    await this.#bringStableUp();
    await this.#leaveWord();
    await this.#select('stable');
    await this.#moveRoutes();
    await this.#select('canary');
    if (this.#plan?.split !== 'pods') await delay(clock, this.#plan?.rejectedPodsStay || FOLLOWED_S * 1000);
    for (const each of others) await this.#scale(each, 0);
    await this.#until(
      () => others.every((each) => this.#live(each) === undefined || this.#live(each)?.status?.replicas === 0),
      () => `${describeMidway(this.#midway)}: they do not go`,
    );
    print(`took back Rollout ${name}: ${describeTakeBack(this.#midway)}`);
  }

  /** Before any traffic moves: what it moves to can carry it. */
  async #bringStableUp(): Promise<void> {
    const { rollout, stableSet, stable } = this.#midway;
    const name = qualifiedName(rollout.metadata);
    if (stableSet === undefined)
      throw new Error(
        `Rollout ${name}: the ReplicaSet of its stable revision ${stable} is gone; let the release end instead`,
      );
    const wanted = rollout.spec.replicas ?? 1;
    if ((stableSet.spec.replicas ?? 1) < wanted) await this.#scale(stableSet, wanted);
    const available = (): number => this.#live(stableSet)?.status?.availableReplicas ?? 0;
    await this.#until(
      () => available() >= wanted,
      () =>
        `Rollout ${name}: ${available()} of ${wanted} pods of its stable revision ${stable} are available; its traffic was left as it is`,
    );
  }

  /** A controller that comes back goes on with the abort, and not with the release. */
  async #leaveWord(): Promise<void> {
    const { rollout } = this.#midway;
    if (!isMoving(rollout)) return;
    const body = { metadata: { annotations: { [verbAnnotation('abort')]: REASON } } };
    const { name } = rollout.metadata;
    const request = { name, namespace: this.#namespace, type: 'merge' as const, body, fieldManager: MANAGER };
    await this.#around.client.patch(RESOURCES.rollouts, request);
  }

  /** Binds the Service, and the subset, of one side to the stable revision, where Sluice has bound them to another. */
  async #select(side: Role): Promise<void> {
    for (const object of this.#driven)
      if (object.drives === 'selectors' && object.roles.includes(side)) await this.#bind(object, side);
  }

  async #bind(selector: DrivenSelector, side: Role): Promise<void> {
    const { client } = this.#around;
    const { resource, name, namespace } = selector;
    const object = await client.get<KubeObject>(resource, name, namespace);
    if (object === undefined || handBack(object).length === 0) return;
    const write = changesOf(selector, selector.plan(object, { hashes: { [side]: this.#midway.stable } }));
    if (write !== undefined)
      await client.patch(resource, { name, namespace, ...write, fieldManager: CONTROLLER_MANAGER });
  }

  /** All weight to the stable side; where that is not certain, nothing is taken down. */
  async #moveRoutes(): Promise<void> {
    const { client } = this.#around;
    const own = qualifiedName(this.#midway.rollout.metadata);
    for (const route of this.#driven.filter(isRoute)) {
      const object = await client.get<KubeObject>(route.resource, route.name, route.namespace);
      if (object === undefined) continue;
      // Of others that share the route nothing is taken.
      const [back] = handBack(object, { ...NOTHING_KEPT, goesOn: (rollout) => rollout !== own });
      const { write } = back ?? {};
      const after = back === undefined || write === undefined ? object : await carryOut(client, { ...back, write });
      const { canary } = changesOf(route, route.read(after)).weights;
      if (canary > 0)
        throw new Error(`${nameOf(idOf(route))} sends ${canary} % to the canary, and is not Sluice's to change`);
    }
  }

  async #scale({ metadata: { name } }: ReplicaSet, replicas: number): Promise<void> {
    const body = { spec: { replicas } };
    const request = {
      name,
      namespace: this.#namespace,
      type: 'merge' as const,
      body,
      fieldManager: CONTROLLER_MANAGER,
    };
    this.#cache.observe(await this.#around.client.patch<ReplicaSet>(RESOURCES.replicaSets, request));
  }

  #live({ metadata }: ReplicaSet): ReplicaSet | undefined {
    return this.#cache.get(metadata.namespace, metadata.name);
  }

  /** Resolves once it is so, as the watch tells; rejects with `otherwise` when that takes too long. */
  #until(isSo: () => boolean, otherwise: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (finish: () => void): void => {
        unfollow();
        cancel();
        finish();
      };
      const look = (): void => {
        if (isSo()) end(resolve);
      };
      const unfollow = this.#cache.onChange(look);
      const cancel = this.#around.clock.after(LIMIT_MS, () => end(() => reject(new Error(otherwise()))));
      look();
    });
  }
}

function changesOf<T>(target: DrivenObject, result: Result<T, readonly Issue[]>): T {
  if (result.ok) return result.value;
  const why = result.error.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new Error(`${nameOf(idOf(target))}: ${why}; mend it, then run this again`);
}
