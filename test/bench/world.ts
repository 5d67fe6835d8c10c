// One namespace as the bench sees it: the weight of each route, the state of each Rollout, and when it heard of them.
import type { BenchClient, Item, Meta } from './bench-client.ts';
import { ISTIO, revision, rollout, service, virtualService, type Declared, type Step } from './manifests.ts';

interface Route extends Item {
  spec?: { http?: { route?: { destination: { host: string }; weight?: number }[] }[] };
}

interface RolloutItem extends Item {
  spec?: { template?: { metadata?: { annotations?: Record<string, string> } } };
  status?: {
    phase?: string;
    stableRS?: string;
    currentPodHash?: string;
    observedGeneration?: string | number;
  };
}

/** A controller that has just been started may wait for its Lease first. */
const LIMIT_MS = 180_000;

interface SeenWeight {
  weight: number;
  at: number;
}

const weightOf = (route: Route): number =>
  route.spec?.http?.[0]?.route?.find((r) => r.destination.host.endsWith('-canary'))?.weight ?? 0;

/** What is declared is the stable revision, and the controller says so of this very generation. */
function isHealthy({ metadata, status = {} }: RolloutItem, generation: number): boolean {
  const observed = Number(status.observedGeneration);
  return (
    status.phase === 'Healthy' &&
    observed === metadata.generation &&
    observed >= generation &&
    status.stableRS === status.currentPodHash
  );
}

export class World {
  readonly namespace: string;
  readonly apiVersion: string;
  readonly client: BenchClient;
  readonly #weights = new Map<string, SeenWeight>();
  readonly #rollouts = new Map<string, RolloutItem>();
  /** Generation of the last change the bench made. */
  readonly #generations = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  #unfollow: (() => void)[] = [];

  constructor(client: BenchClient, namespace: string, apiVersion: string) {
    this.client = client;
    this.namespace = namespace;
    this.apiVersion = apiVersion;
  }

  async open(): Promise<void> {
    await this.client.call('POST', '/api/v1/namespaces', { metadata: { name: this.namespace } }, [409]);
    this.#unfollow = [
      await this.client.follow<Route>(this.path('virtualservices'), (route) => this.#sawRoute(route)),
      await this.client.follow<RolloutItem>(this.path('rollouts'), (item) => this.#sawRollout(item)),
    ];
  }

  close(): void {
    for (const unfollow of this.#unfollow) unfollow();
  }

  path(plural: string, name?: string): string {
    const group = plural === 'services' || plural === 'events' ? 'api/v1' : `apis/${this.#groupOf(plural)}`;
    return `/${group}/namespaces/${this.namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
  }

  #groupOf(plural: string): string {
    if (plural === 'virtualservices') return ISTIO;
    return plural === 'replicasets' ? 'apps/v1' : this.apiVersion;
  }

  /** Declares a Rollout with all that it names, unless it is there. */
  async declare(name: string, steps: readonly Step[], analysed = false): Promise<void> {
    const declared: Declared = { apiVersion: this.apiVersion, name, steps, analysed };
    await this.client.call('POST', this.path('services'), service(`${name}-canary`, name), [409]);
    await this.client.call('POST', this.path('services'), service(`${name}-stable`, name), [409]);
    await this.client.call('POST', this.path('virtualservices'), virtualService(name), [409]);
    await this.client.call('POST', this.path('rollouts'), rollout(declared), [409]);
  }

  /** Declares another revision; its name makes the template. */
  async change(name: string, to: string): Promise<void> {
    const changed = await this.client.call<{ metadata: Meta }>('PATCH', this.path('rollouts', name), revision(to));
    this.#generations.set(name, changed?.metadata.generation ?? 0);
  }

  /** Rollouts in it. */
  get size(): number {
    return this.#rollouts.size;
  }

  isHealthy(name: string): boolean {
    const item = this.#rollouts.get(name);
    return item !== undefined && isHealthy(item, this.#generations.get(name) ?? 0);
  }

  /** The revision, by its name, is the one that the Rollout declares. */
  declares(name: string, revision: string): boolean {
    return this.#rollouts.get(name)?.spec?.template?.metadata?.annotations?.['rev'] === revision;
  }

  weight(name: string): number {
    return this.#weights.get(name)?.weight ?? 0;
  }

  async healthy(names: readonly string[], limitMs: number): Promise<void> {
    await this.until(`${names.length} rollouts are healthy`, () => names.every((n) => this.isHealthy(n)), limitMs);
  }

  /** Resolves to when the route was heard to have the weight. */
  async reached(name: string, weight: number, limitMs = LIMIT_MS): Promise<number> {
    await this.until(`the weight of ${name} is ${weight}`, () => this.#weights.get(name)?.weight === weight, limitMs);
    return this.#weights.get(name)?.at ?? Number.NaN;
  }

  /** Waits for something the watches tell of; looks with each of their events, and not in between. */
  async until(what: string, holds: () => boolean, limitMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`it was not reached within ${limitMs / 1000} s that ${what}`));
      }, limitMs);
      const look = (): void => {
        if (!holds()) return;
        done();
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Something outside the watches changed that a wait may be about. */
  nudge(): void {
    for (const look of this.#waiting) look();
  }

  #sawRoute(route: Route): void {
    const weight = weightOf(route);
    const { name } = route.metadata;
    if (this.#weights.get(name)?.weight !== weight) this.#weights.set(name, { weight, at: performance.now() });
    this.nudge();
  }

  #sawRollout(item: RolloutItem): void {
    this.#rollouts.set(item.metadata.name, item);
    this.nudge();
  }
}
