// What the demo watches: the objects a user would watch, followed through the API server, kept as one picture and a list of moments.
import type { Application } from '../../api/application.ts';
import type { KubeObject, Resource, Service } from '../../api/k8s.ts';
import { POD_TEMPLATE_HASH, RESOURCES } from '../../api/names.ts';
import { shortCommit } from '../../api/revision.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { KubeClient } from '../../kube/types.ts';
import { WatchCache } from '../../kube/watch-cache.ts';
import { silentLog } from '../../ports/log.ts';
import { systemClock } from '../../ports/clock.ts';
import { VIRTUAL_SERVICES } from '../../traffic/istio/virtual-service.ts';
import type { StrategyName } from './strategies.ts';

export interface Moment {
  at: number;
  text: string;
  tone: 'plain' | 'good' | 'bad';
}

export interface Picture {
  rollout: Rollout | undefined;
  application: Application | undefined;
  canaryWeight: number;
  /** Success rate of requests to the new revision over the last seconds; undefined without any. */
  successRate: number | undefined;
}

const NAMESPACE = 'shop';

/** Weight of the canary destination of the story's VirtualService. */
function canaryWeight(route: KubeObject | undefined): number {
  const http = (
    route?.spec as { http?: { route?: { destination?: { host?: string }; weight?: number }[] }[] } | undefined
  )?.http;
  return http?.[0]?.route?.find((d) => d.destination?.host === 'web-canary')?.weight ?? 0;
}

export class Story {
  readonly moments: Moment[] = [];
  readonly picture: Picture = { rollout: undefined, application: undefined, canaryWeight: 0, successRate: undefined };
  readonly #caches: WatchCache<never>[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #onMoment: (moment: Moment) => void;
  readonly #client: KubeClient;
  /** Pod hash that each Service was last seen to select. */
  readonly #selects = new Map<string, string | undefined>();
  #phase = '';
  #application = '';
  /** The revision that the canary side last sent traffic to. */
  #canary: Promise<string | undefined> = Promise.resolve(undefined);
  /** What was seen is told in the order in which it was seen, also where it takes a moment to find out what it means. */
  #told: Promise<void> = Promise.resolve();

  constructor(client: KubeClient, onMoment: (moment: Moment) => void, strategy: StrategyName = 'canary') {
    this.#client = client;
    this.#onMoment = onMoment;
    const open = <T extends { metadata: KubeObject['metadata'] }>(
      resource: Resource,
      seen: (object: T) => void,
    ): void => {
      const cache = new WatchCache<T>({
        client,
        clock: systemClock,
        random: Math.random,
        log: silentLog,
        resource,
        namespace: NAMESPACE,
      });
      cache.onChange(({ type, object }) => {
        if (type !== 'deleted') seen(object);
        for (const wake of Array.from(this.#waiters)) wake();
      });
      cache.start();
      this.#caches.push(cache as unknown as WatchCache<never>);
    };
    open<Rollout>(RESOURCES.rollouts, (rollout) => this.#seeRollout(rollout));
    open<Application>(RESOURCES.applications, (application) => this.#seeApplication(application));
    if (strategy === 'blue-green') open<Service>(RESOURCES.services, (service) => this.#seeService(service));
    else open<KubeObject>(VIRTUAL_SERVICES, (route) => this.#seeRoute(route));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#caches.map((cache) => cache.stop()));
  }

  tell(text: string, tone: Moment['tone'] = 'plain', at = Date.now()): void {
    const moment = { at, text, tone };
    this.moments.push(moment);
    this.#onMoment(moment);
  }

  /** Resolves with what `look` finds in the picture, as soon as it finds something. */
  async until<T>(what: string, look: (picture: Picture) => T | undefined, limitMs = 40_000): Promise<T> {
    const end = Date.now() + limitMs;
    for (;;) {
      const found = look(this.picture);
      if (found !== undefined) return found;
      if (Date.now() > end)
        throw new Error(`waited ${limitMs / 1000} s in vain for ${what}; the Rollout says: ${this.#says()}`);
      await this.#change(end - Date.now());
    }
  }

  #says(): string {
    const { rollout, application } = this.picture;
    return `${rollout?.status?.phase ?? 'nothing'} ${rollout?.status?.message ?? ''}; the Application says: ${application?.status?.message ?? 'nothing'}`;
  }

  #change(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waiters.delete(wake);
        resolve();
      };
      const cancel = systemClock.after(Math.max(1, Math.min(limitMs, 1000)), wake);
      this.#waiters.add(wake);
    });
  }

  #seeRollout(rollout: Rollout): void {
    this.picture.rollout = rollout;
    const { phase = '', message = '' } = rollout.status ?? {};
    const text = phase === 'Progressing' ? phase : `${phase} ${message}`.trim();
    if (text !== this.#phase && phase !== '') {
      this.#phase = text;
      if (phase !== 'Progressing')
        this.#saw(`rollout/web is ${text}`, phase === 'Healthy' ? 'good' : phase === 'Degraded' ? 'bad' : 'plain');
    }
  }

  #seeApplication(application: Application): void {
    const before = this.picture.application?.status;
    this.picture.application = application;
    this.#tellSync(application);
    const hold = application.status?.holds?.[0];
    if (hold && before?.holds?.[0] === undefined) {
      this.#saw(`application/shop holds ${shortCommit(hold.rejected.commit)} back: ${hold.reason}`, 'bad');
    }
  }

  /** A commit counts as applied when it is, not when it is looked at. */
  #tellSync({ status }: Application): void {
    const { phase, message = '', revision, attempted } = status ?? {};
    if ((phase === 'Synced' || phase === 'Held') && revision)
      this.#sawOnce(`applied ${shortCommit(revision.commit)} "${revision.subject ?? ''}"`, 'plain');
    if (phase === 'Failed' && attempted)
      this.#sawOnce(`does not apply ${shortCommit(attempted.commit)}: ${message}`, 'bad');
  }

  #sawOnce(text: string, tone: Moment['tone']): void {
    if (text === this.#application) return;
    this.#application = text;
    this.#saw(`application/shop ${text}`, tone);
  }

  #seeRoute(route: KubeObject): void {
    const weight = canaryWeight(route);
    if (weight === this.picture.canaryWeight) return;
    this.picture.canaryWeight = weight;
    if (weight > 0) this.#canary = this.#selected('web-canary');
    const canary = this.#canary;
    this.#saw(weight > 0 ? shares(weight) : canary.then((hash) => this.#ended(hash)));
  }

  /** A switch: the Service selects other pods than before. */
  #seeService({ metadata: { name }, spec }: Service): void {
    const hash = spec.selector?.[POD_TEMPLATE_HASH];
    const before = this.#selects.get(name);
    this.#selects.set(name, hash);
    if (before === undefined || hash === undefined || before === hash) return;
    if (name === 'web-preview') this.#saw(`preview: web-preview selects revision ${hash}`);
    if (name === 'web-active') this.#seeSwitch(hash);
  }

  #seeSwitch(hash: string): void {
    const isNew = this.picture.rollout?.status?.stableRS !== hash;
    this.picture.canaryWeight = isNew ? 100 : 0;
    const whose = isNew ? 'the new revision' : 'the stable revision again';
    this.#saw(`traffic: all of it goes to ${whose} (web-active selects ${hash})`, isNew ? 'plain' : 'bad');
  }

  #saw(text: string | Promise<string>, tone: Moment['tone'] = 'plain'): void {
    const at = Date.now();
    this.#told = this.#told.then(async () => this.tell(await text, tone, at));
  }

  /** The weights go back to 0/100 after a promotion, too: then the stable Service has moved to the new revision. */
  async #ended(canary: string | undefined): Promise<string> {
    const isPromoted = canary !== undefined && (await this.#selected('web-stable')) === canary;
    return isPromoted ? 'traffic: all of it stays with the new revision, which is the stable one now' : shares(0);
  }

  async #selected(name: string): Promise<string | undefined> {
    const service = await this.#client
      .get<Service>(RESOURCES.services, name, NAMESPACE)
      .catch((): undefined => undefined);
    return service?.spec.selector?.[POD_TEMPLATE_HASH];
  }
}

const shares = (weight: number): string =>
  `traffic: ${weight}% to the new revision, ${100 - weight}% to the stable one`;
