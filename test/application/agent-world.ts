// A cluster and a repository in memory with an agent between them; the test plays the Rollout controller and the user.
import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import type { AnalysisRun } from '../../src/api/analysis.ts';
import type { Application, ApplicationStatus } from '../../src/api/application.ts';
import type { KubeObject, Resource } from '../../src/api/k8s.ts';
import { RESOURCES } from '../../src/api/names.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { createApplicationController } from '../../src/application/application-controller.ts';
import type { AgentEvent, ApplicationController, CacheOptions } from '../../src/application/ports.ts';
import type { TenancySettings } from '../../src/application/source/tenancy.ts';
import { createForge } from '../../src/forge/forge.ts';
import { actingAs } from '../../src/kube/acting-as.ts';
import { HttpFailure } from '../../src/ports/http.ts';
import { soleOwner } from '../../src/ports/ownership.ts';
import { inProcessReader } from '../../src/source/in-process.ts';
import { kubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { keepManagedFields, WatchCache } from '../../src/kube/watch-cache.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { silentLog } from '../../src/ports/log.ts';
import { createApiServer } from 'kube-sandbox/api-server';
import { FakeForge } from '../support/fake-forge.ts';
import { FakeMirror, FakeRepository } from '../support/fake-git.ts';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';

const CRDS = new URL('../../crds/', import.meta.url);
const CRD: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

export class World {
  readonly clock = new VirtualClock();
  readonly repository = new FakeRepository(this.clock);
  readonly server = createApiServer({ clock: this.clock });
  readonly client: KubeClient = kubeClient({
    transport: this.server.transport('test'),
    version: 'test',
    clock: this.clock,
  });
  readonly events: (AgentEvent & { about: string })[] = [];
  writes: string[] = [];
  /** Everything that the agent asked the API server, in order. */
  requests: { method: string; path: string }[] = [];
  tenancy: TenancySettings = { defaultServiceAccount: undefined, clusterApplications: [], crossNamespaceRoutes: [] };
  agent!: ApplicationController;
  /** Lets a standby act. */
  lead!: () => void;
  mirror = new FakeMirror(this.repository);
  /** The forge that keeps the repository, where it is on GitHub. */
  readonly forge = new FakeForge('GitHub', this.repository, this.clock);
  snapshotKey: Uint8Array = Buffer.alloc(32, 7);
  #stop: (() => Promise<void>) | undefined;

  static async open(): Promise<World> {
    const world = new World();
    for (const file of readdirSync(CRDS)) {
      await world.client.create(CRD, load(readFileSync(new URL(file, CRDS), 'utf8')) as KubeObject);
    }
    const namespaces: Resource = {
      group: '',
      version: 'v1',
      plural: 'namespaces',
      kind: 'Namespace',
      namespaced: false,
    };
    await world.client.patch(namespaces, {
      name: 'shop',
      type: 'apply',
      fieldManager: 'test',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    });
    await world.clock.advance(1000);
    return world;
  }

  /**
   * A new agent process: nothing in memory. The mirror survives unless the test replaces it. With `lives`, the process is cut off from
   * the cluster and from Git once that many writes have reached the cluster. A standby follows the cluster, but waits for `lead`.
   */
  async start(lives = Number.POSITIVE_INFINITY, standby = false): Promise<void> {
    const stop = new AbortController();
    const transport = this.server.transport('sluice');
    const mortal: Transport = {
      close: () => transport.close(),
      request: async (request) => {
        if (lives <= 0) throw new Error('the process is dead');
        if (request.method !== 'GET') lives--;
        this.requests.push({ method: request.method, path: request.path });
        return transport.request(request);
      },
    };
    const client = kubeClient({
      transport: mortal,
      version: 'test',
      clock: this.clock,
      onRequest: ({ verb, resource }) => {
        if (!['get', 'list', 'watch', 'GET'].includes(verb)) this.writes.push(`${verb} ${resource}`);
      },
    });
    const caches: { start(): void; stop(): Promise<void>; synced(): Promise<void> }[] = [];
    const open = <T extends { metadata: Rollout['metadata'] }>(
      resource: Resource,
      { namespace, labelSelector, as }: Partial<CacheOptions> = {},
    ): WatchCache<T> => {
      const options = {
        client: as === undefined ? client : actingAs(client, as),
        clock: this.clock,
        random: () => 0.5,
        log: silentLog,
        resource,
        transform: keepManagedFields,
      };
      const cache = new WatchCache<T>({
        ...options,
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(namespace === undefined ? {} : { namespace }),
      });
      caches.push(cache);
      return cache;
    };
    const applications = open<Application>(RESOURCES.applications);
    const rollouts = open<Rollout>(RESOURCES.rollouts);
    const analysisRuns = open<AnalysisRun>(RESOURCES.analysisRuns);
    for (const cache of caches) cache.start();
    await this.clock.advance(10);
    this.agent = createApplicationController({
      client,
      applications,
      rollouts,
      analysisRuns,
      openCache: (resource, options) => open<KubeObject>(resource, options),
      reader: inProcessReader({
        clock: this.clock,
        mirrorFor: async () => {
          if (lives <= 0) throw new Error('the process is dead');
          return this.mirror;
        },
      }),
      forge: createForge({
        clock: this.clock,
        http: {
          check: () => undefined,
          request: async (request) => {
            if (lives <= 0) throw new HttpFailure('unreachable', 'the process is dead');
            if (request.method !== 'GET') lives--;
            return this.forge.request(request);
          },
        },
      }),
      tenancy: this.tenancy,
      egress: { check: () => undefined, checkSecret: () => undefined },
      ownership: soleOwner,
      snapshotKeys: { key: () => Promise.resolve(this.snapshotKey) },
      clock: this.clock,
      log: silentLog,
      events: {
        emit: (object, event) => void this.events.push({ ...event, about: `${object.kind}/${object.metadata.name}` }),
      },
      random: () => 0.5,
    });
    // The Rollout controller: it hands back what a Rollout drives when it is asked to.
    rollouts.onChange(({ object }) => {
      if (object.metadata.annotations?.['sluice.dev/retire'] === undefined || object.status?.retired) return;
      const { name, namespace } = object.metadata;
      const body = { status: { retired: true } };
      void this.client.patch(RESOURCES.rollouts, { name, namespace, type: 'merge', body, subresource: 'status' });
    });
    const { agent } = this;
    this.lead = () => agent.start(stop.signal);
    if (!standby) this.lead();
    this.#stop = async () => {
      stop.abort();
      await Promise.all(caches.map((cache) => cache.stop()));
    };
    await this.run();
  }

  async stop(): Promise<void> {
    await this.#stop?.();
    this.#stop = undefined;
  }

  async run(ms = 100): Promise<void> {
    await settle(20);
    await this.clock.advance(ms);
    await settle(20);
  }

  /** Long enough for the agent to look at the branch. */
  poll(): Promise<void> {
    return this.run(31_000);
  }

  async application(spec: Partial<Application['spec']> = {}, name = 'shop'): Promise<void> {
    const source = { repoURL: 'https://git.example.com/shop.git', path: 'deploy' };
    await this.client.create(RESOURCES.applications, {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Application',
      metadata: { name, namespace: 'shop' },
      spec: { source, ...spec },
    } satisfies Application);
  }

  async status(): Promise<ApplicationStatus> {
    const app = await this.client.get<Application>(RESOURCES.applications, 'shop', 'shop');
    return app?.status ?? {};
  }

  /** Puts on record what another version, or a process that died, has left there. */
  async record(status: object): Promise<void> {
    const at = { name: 'shop', namespace: 'shop', type: 'merge', subresource: 'status' } as const;
    await this.client.patch(RESOURCES.applications, { ...at, body: { status } });
  }

  async rollout(name = 'web'): Promise<Rollout> {
    const rollout = await this.client.get<Rollout>(RESOURCES.rollouts, name, 'shop');
    if (!rollout) throw new Error(`there is no Rollout ${name}`);
    return rollout;
  }

  async config(name = 'web-config'): Promise<Record<string, string> | undefined> {
    return (await this.client.get(RESOURCES.configMaps, name, 'shop'))?.['data'] as Record<string, string> | undefined;
  }

  /** What the Rollout controller would write. */
  async controllerSays(status: Rollout['status'], name = 'web'): Promise<void> {
    const { metadata } = await this.rollout(name);
    const body = { status: { ...status, observedGeneration: String(metadata.generation) } };
    await this.client.patch(RESOURCES.rollouts, {
      name,
      namespace: 'shop',
      type: 'merge',
      body,
      subresource: 'status',
    });
    await this.run();
  }

  promote(hash: string, name = 'web'): Promise<void> {
    return this.controllerSays({ phase: 'Healthy', abort: false, currentPodHash: hash, stableRS: hash }, name);
  }

  abort(hash: string, stable: string, reason = 'success-rate 0.82 < 0.95'): Promise<void> {
    return this.controllerSays({
      phase: 'Degraded',
      abort: true,
      currentPodHash: hash,
      stableRS: stable,
      message: reason,
    });
  }
}

export const config = (value: string): string =>
  `# what the pods read\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: web-config }\ndata: { mode: ${value} }\n`;

export const rolloutText = (image: string, name = 'web'): string => `apiVersion: sluice.dev/v1alpha1
kind: Rollout
metadata: { name: ${name} }
spec:
  replicas: 2
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: web
          image: ${image} # the release
          envFrom: [{ configMapRef: { name: ${name}-config } }]
  strategy: { canary: { steps: [{ setWeight: 10 }, { pause: {} }] } }
`;

export const files = (image: string, mode: string): Record<string, string> => ({
  'deploy/web.yaml': `${config(mode)}---\n${rolloutText(image)}`,
});
