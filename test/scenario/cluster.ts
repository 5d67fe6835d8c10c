// A cluster, a repository and a metric store in one process and in virtual time, for stories about the real engine. The helpers speak
// of what a user sees: objects, Events, weights, commits and notes.
import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import type { Application } from '../../src/api/application.ts';
import type { KubeObject, PodSpec, ReplicaSet, Service } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { createSandbox, type Sandbox } from 'kube-sandbox';
import type { ApiServer } from 'kube-sandbox/api-server';
import { seededRandom } from 'kube-sandbox/random';
import type { GroupKind } from 'kube-sandbox/store';
import { FakeForge } from '../support/fake-forge.ts';
import { FakeRepository } from '../support/fake-git.ts';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';
import { Audit } from './audit.ts';
import { EngineProcess, type ProcessOptions } from './engine-process.ts';
import { Pods } from './pods.ts';
import { ScriptedPrometheus } from './prometheus.ts';

const CRDS = new URL('../../crds/', import.meta.url);
const OWN_CRDS = readdirSync(CRDS).map((file) => load(readFileSync(new URL(file, CRDS), 'utf8')) as KubeObject);

const GROUPS: Record<string, string> = {
  Rollout: 'sluice.dev',
  Application: 'sluice.dev',
  AnalysisRun: 'sluice.dev',
  AnalysisTemplate: 'sluice.dev',
  ReleasePolicy: 'sluice.dev',
  ClusterReleasePolicy: 'sluice.dev',
  VirtualService: 'networking.istio.io',
  DestinationRule: 'networking.istio.io',
  HTTPRoute: 'gateway.networking.k8s.io',
  ReplicaSet: 'apps',
  Deployment: 'apps',
  CustomResourceDefinition: 'apiextensions.k8s.io',
  ClusterRoleBinding: 'rbac.authorization.k8s.io',
};
const groupKind = (kind: string): GroupKind => ({ group: GROUPS[kind] ?? '', kind });

interface PodObject extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] };
}

interface VirtualService extends KubeObject {
  spec: { http: { name?: string; route: { destination: { host: string }; weight: number }[] }[] };
}

export interface ClusterOptions {
  /** Of every lot that is drawn. */
  seed?: number;
  /** Prometheus answers from what it scraped of the requests, in place of what a script says. */
  measured?: boolean;
}

export class Cluster {
  readonly clock = new VirtualClock();
  readonly sandbox: Sandbox;
  readonly server: ApiServer;
  readonly repository = new FakeRepository(this.clock);
  /** The forge that keeps the repository, where it is on GitHub. */
  readonly forge = new FakeForge('GitHub', this.repository, this.clock);
  readonly workloads: Pods;
  /** Who Sluice is to the API server; without it the administrator. */
  token: string | undefined;
  /** Requests that were refused for want of a right. */
  readonly refused: string[] = [];
  /** Everything that Sluice asked of others, in order. */
  readonly journal: string[] = [];
  readonly audit = new Audit(this);
  readonly prometheus = new ScriptedPrometheus(
    (service) => this.imageBehind(service),
    (line) => this.note(line),
  );
  readonly processes: EngineProcess[] = [];
  readonly #known = new Map<string, unknown>();
  #readAt = 0;

  constructor({ seed = 1, measured = false }: ClusterOptions = {}) {
    const scrapeIntervalMs = measured ? 500 : 60_000;
    this.sandbox = createSandbox({ clock: this.clock, random: seededRandom(seed), crds: OWN_CRDS, scrapeIntervalMs });
    this.server = this.sandbox.api;
    this.workloads = new Pods(this.sandbox);
    if (measured) this.prometheus.measured = (request) => this.sandbox.metrics.handle(request);
  }

  static async open(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options);
    cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await cluster.clock.advance(1000);
    return cluster;
  }

  readonly note = (line: string): void => {
    this.journal.push(line);
  };

  /** A new process of Sluice, which knows nothing but what the cluster holds. */
  async start(options: ProcessOptions = {}): Promise<EngineProcess> {
    const process = new EngineProcess(this, options);
    this.processes.push(process);
    void process.start();
    await settle(10);
    return process;
  }

  /** Starts another process a while after this one has died, as a Deployment does. */
  onDeath(process: EngineProcess, afterMs: number): void {
    process.onDeath = () => void this.clock.after(afterMs, () => void this.start());
  }

  /** Closes it; fails when something was violated on the way that must always hold. */
  end(): void {
    this.close();
    if (this.audit.violations.length > 0) throw new Error(this.audit.violations.join('\n'));
  }

  close(): void {
    for (const process of this.processes) {
      process.onDeath = () => {};
      process.kill();
    }
  }

  async run(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await settle(5);
  }

  /** Writes of all processes in a while, Events aside. */
  async writesIn(ms: number): Promise<string[]> {
    const before = this.processes.map(({ writes }) => writes.length);
    await this.run(ms);
    return this.processes
      .flatMap(({ writes }, at) => writes.slice(before[at]))
      .filter((line) => !line.includes('/events'));
  }

  /** Turns the clock, timer by timer, until something is the case. Fails after `limitMs` of virtual time. */
  async until(what: string, check: () => unknown, limitMs = 600_000): Promise<void> {
    const end = this.clock.now() + limitMs;
    await settle();
    while (!isTrue(check)) if (!(await this.clock.step(end))) throw new Error(`never: ${what}\n${this.picture()}`);
  }

  /** For the message of a failed wait. */
  picture(): string {
    const { phase, message, step, machine } = this.find<Rollout>('Rollout', 'web')?.status ?? {};
    const app = this.find<Application>('Application', 'shop')?.status;
    const lines = [
      `rollout: ${phase} ${step} "${message}" ${machine?.state}`,
      `application: ${app?.phase} "${app?.message}"`,
      `holds: ${JSON.stringify(app?.holds?.map(({ writeBack }) => writeBack))}`,
      `weights: ${JSON.stringify(this.weights())}`,
      ...this.processes.flatMap((p) => p.errors.map((error) => `${p.name}: ${error}`)),
      ...this.events()
        .slice(-8)
        .map((event) => `event: ${event}`),
    ];
    return lines.join('\n');
  }

  create(object: object): void {
    const typed = structuredClone(object) as KubeObject;
    this.server.store.create(groupKind(typed.kind), typed, { manager: 'user' });
  }

  /** What is handed out is shared until the next write to the cluster: never change it. */
  find<T = KubeObject>(kind: string, name: string): T | undefined {
    return this.#read(`${kind} ${name}`, () => this.server.store.get(groupKind(kind), name, 'shop')) as T | undefined;
  }

  #all(kind: string): unknown {
    return this.#read(kind, () => this.server.store.list(groupKind(kind), { namespace: 'shop' }));
  }

  /** A story and its audit look at the same few objects at each turn of the clock: each is copied once per change of the cluster. */
  #read(what: string, look: () => unknown): unknown {
    if (this.#readAt !== this.server.revision) this.#known.clear();
    this.#readAt = this.server.revision;
    if (!this.#known.has(what)) this.#known.set(what, look());
    return this.#known.get(what);
  }

  delete(kind: string, name: string): void {
    this.server.store.delete(groupKind(kind), name, 'shop');
  }

  /** Changes an object as `kubectl edit` does. */
  edit<T extends KubeObject>(kind: string, name: string, change: (object: T) => void, manager = 'kubectl-edit'): void {
    const object = structuredClone(this.find<T>(kind, name));
    if (object === undefined) throw new Error(`there is no ${kind} ${name}`);
    change(object);
    this.server.store.update(groupKind(kind), object, { manager });
  }

  /** Writes status fields as the plugin of Argo Rollouts does. */
  signal(status: Record<string, unknown>): void {
    const rollout = this.rollout();
    const merged = { ...rollout.status, ...status };
    this.server.store.updateStatus(groupKind('Rollout'), { ...(rollout as unknown as KubeObject), status: merged });
  }

  annotate(verb: string, value = 'true', manager = 'kubectl-annotate'): void {
    const change = ({ metadata }: KubeObject): void => {
      metadata.annotations = { ...metadata.annotations, [`sluice.dev/${verb}`]: value };
    };
    this.edit('Rollout', 'web', change, manager);
  }

  /** Pushes a commit to main. Returns its id. */
  push(files: Record<string, string | null>, message: string): string {
    return this.repository.commit('main', files, message);
  }

  /** The branch is rewritten: one commit without the history. */
  forcePush(files: Record<string, string>, message: string): string {
    this.repository.branches.delete('main');
    return this.push(files, message);
  }

  /** Subjects on main, newest first. */
  log(): string[] {
    return this.commits().map(({ subject }) => subject);
  }

  commits(): { oid: string; subject: string; message: string; files: Map<string, string> }[] {
    const list = [];
    let oid = this.repository.branches.get('main');
    while (oid !== undefined) {
      const stored = this.repository.commits.get(oid);
      if (stored === undefined) break;
      list.push({ oid, subject: stored.commit.subject, message: stored.commit.message, files: stored.files });
      oid = stored.commit.parents[0];
    }
    return list;
  }

  rollout(): Rollout {
    const rollout = this.find<Rollout>('Rollout', 'web');
    if (rollout === undefined) throw new Error('there is no Rollout web');
    return rollout;
  }

  application(): Application {
    const app = this.find<Application>('Application', 'shop');
    if (app === undefined) throw new Error('there is no Application shop');
    return app;
  }

  condition(
    object: { status?: { conditions?: { type: string }[] } },
    type: string,
  ): Record<string, unknown> | undefined {
    return object.status?.conditions?.find((c) => c.type === type) as Record<string, unknown> | undefined;
  }

  /** Image that the Rollout declares. */
  declaredImage(): string {
    return this.rollout().spec.template.spec?.containers[0]?.image ?? '';
  }

  greeting(): string | undefined {
    return this.find<KubeObject & { data?: Record<string, string> }>('ConfigMap', 'web-config')?.data?.['GREETING'];
  }

  /** Weights of the VirtualService; undefined where there is none, or nothing to be shared out. */
  weights(): { stable: number; canary: number } | undefined {
    const route = this.find<VirtualService>('VirtualService', 'web')?.spec.http?.[0]?.route;
    if (route === undefined || route.length < 2) return undefined;
    const [stable, canary] = route;
    return { stable: stable?.weight ?? 0, canary: canary?.weight ?? 0 };
  }

  /** Pod hash that a Service selects. */
  selected(service: string): string | undefined {
    return this.find<Service & KubeObject>('Service', service)?.spec.selector?.[POD_TEMPLATE_HASH];
  }

  /** Ready pods that a Service selects, as its endpoints are. */
  readyBehind(service: string): number {
    const selector = this.find<Service & KubeObject>('Service', service)?.spec.selector;
    if (selector === undefined) return 0;
    return this.podObjects().filter(
      ({ metadata: { labels = {}, deletionTimestamp }, status }) =>
        deletionTimestamp === undefined &&
        Object.entries(selector).every(([key, value]) => labels[key] === value) &&
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
    ).length;
  }

  /** The story broke the image of the pods that a Service selects. */
  isBroken(service: string): boolean {
    return this.workloads.broken.has(this.imageBehind(service) ?? '');
  }

  podObjects(): PodObject[] {
    return this.#all('Pod') as PodObject[];
  }

  replicaSets(): ReplicaSet[] {
    return this.#all('ReplicaSet') as ReplicaSet[];
  }

  /** ReplicaSet of an image. */
  replicaSet(image: string): ReplicaSet | undefined {
    return this.replicaSets().find((rs) => rs.spec.template.spec?.containers[0]?.image === image);
  }

  /** Names of the pods of an image. */
  podsOf(image: string): string[] {
    const pods = this.#all('Pod') as (KubeObject & { spec: PodSpec })[];
    return pods.filter(({ spec }) => spec.containers[0]?.image === image).map(({ metadata }) => metadata.name);
  }

  annotatePod(name: string, annotation: string, value: string): void {
    this.edit('Pod', name, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [annotation]: value };
    });
  }

  /** Pods wanted by image. */
  pods(): Record<string, number> {
    return Object.fromEntries(
      this.replicaSets().map((rs) => [
        rs.spec.template.spec?.containers[0]?.image?.split(':')[1] ?? '',
        rs.spec.replicas ?? 1,
      ]),
    );
  }

  canaryImage(): string | undefined {
    return this.imageBehind('web-canary');
  }

  /** Image of the pods behind a Service that selects a revision. */
  imageBehind(service: string): string | undefined {
    const hash = this.selected(service);
    const rs = this.replicaSets().find((each) => each.metadata.labels?.[POD_TEMPLATE_HASH] === hash);
    return hash === undefined ? undefined : rs?.spec.template.spec?.containers[0]?.image;
  }

  runs(): KubeObject[] {
    return this.#all('AnalysisRun') as KubeObject[];
  }

  /** `Reason: message` of the Events in the namespace, oldest first. */
  events(reason?: string): string[] {
    const events = this.server.store.list(groupKind('Event'), { namespace: 'shop' });
    return events
      .map((event) => ({
        at: event['firstTimestamp'] as string,
        reason: event['reason'] as string,
        text: `${event['reason'] as string}: ${event['message'] as string}`,
      }))
      .filter((event) => reason === undefined || event.reason === reason)
      .sort((a, b) => a.at.localeCompare(b.at))
      .map(({ text }) => text);
  }
}

/** Not yet there counts as not yet true. */
function isTrue(check: () => unknown): boolean {
  try {
    return Boolean(check());
  } catch {
    return false;
  }
}
