// The life of one pod on this node: its containers are started, its status is told, and on deletion it drains, ends and is removed.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../../../src/kube/types.ts';
import { isConflict, isNotFound } from '../../../src/kube/errors.ts';
import { ContainerProcess } from './container-process.ts';
import { entrypoint } from './images.ts';
import { firstPort, PODS, type Pod } from './pod.ts';
import { podEnv } from './pod-env.ts';
import { isReady, podStatus, type PodState } from './pod-status.ts';

export interface PodWorkerOptions {
  client: KubeClient;
  pod: Pod;
  ip: string;
  /** Folder for the pod's log and files. */
  directory: string;
  envoy: string;
  /** Something that others can see has changed. */
  changed: () => void;
}

const RETRY_MS = 250;
const DEFAULT_GRACE_S = 30;

export class PodWorker {
  readonly #options: PodWorkerOptions;
  readonly #containers = new Map<string, ContainerProcess>();
  readonly #startedAt = Date.now();
  pod: Pod;
  #readyChangedAt = Date.now();
  #wasReady = false;
  #stopping: Promise<void> | undefined;
  #isDirty = false;
  #telling: Promise<void> | undefined;

  constructor(options: PodWorkerOptions) {
    this.#options = options;
    this.pod = options.pod;
  }

  get ip(): string {
    return this.#options.ip;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  async start(): Promise<void> {
    const { client, pod, ip, directory, envoy } = this.#options;
    mkdirSync(directory, { recursive: true });
    const env = await this.#env();
    for (const container of pod.spec.containers) {
      const process = new ContainerProcess({
        container,
        ip,
        entrypoint: entrypoint(container, { pod, ip, envoy, directory }),
        env: { ...env, PORT: String(firstPort(container)) },
        log: join(directory, `${container.name}.log`),
        restarts: pod.spec.restartPolicy ?? 'Always',
        changed: () => this.#changed(client),
      });
      this.#containers.set(container.name, process);
      if (!this.isStopping) process.start();
    }
  }

  /** A missing ConfigMap is waited for, as `CreateContainerConfigError` does. */
  async #env(): Promise<Record<string, string>> {
    const { client, pod, ip } = this.#options;
    const { PATH = '', HOME = '' } = process.env;
    const base = { PATH, HOME, POD_IP: ip, POD_NAME: pod.metadata.name, POD_NAMESPACE: pod.metadata.namespace ?? '' };
    for (;;) {
      const env = await podEnv(client, pod, ip).catch(() => undefined);
      if (env?.ok === true) return { ...base, ...Object.fromEntries(env.value) };
      if (this.isStopping) return base;
      await sleep(RETRY_MS);
    }
  }

  /** Not ready first, so that proxies let go of it; then preStop, SIGTERM, the grace period, SIGKILL, and the object goes. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { client } = this.#options;
    const containers = [...this.#containers.values()];
    for (const container of containers) container.retire();
    this.#changed(client);
    const waits = this.pod.spec.containers.map((c) => c.lifecycle?.preStop?.sleep?.seconds ?? 0);
    await sleep(Math.max(0, ...waits) * 1000);
    for (const container of containers) container.signal('SIGTERM');
    const end = Date.now() + (this.pod.metadata.deletionGracePeriodSeconds ?? DEFAULT_GRACE_S) * 1000;
    while (containers.some((c) => c.runs) && Date.now() < end) await sleep(20);
    for (const container of containers) container.signal('SIGKILL');
    await this.#telling;
    await this.#remove();
  }

  /** At once; for the end of the kubelet itself. */
  kill(): void {
    for (const container of this.#containers.values()) {
      container.retire();
      container.signal('SIGKILL');
    }
  }

  async #remove(): Promise<void> {
    const { name, namespace = '', uid } = this.pod.metadata;
    const body = JSON.stringify({
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      gracePeriodSeconds: 0,
      preconditions: { uid },
    });
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const headers = { 'content-type': 'application/json' };
    for (;;) {
      const answer = await this.#options.client.raw({ method: 'DELETE', path, headers, body }).catch(() => undefined);
      if (answer !== undefined && answer.status < 500 && answer.status !== 429) return;
      await sleep(RETRY_MS);
    }
  }

  #state(): PodState {
    const containers = new Map([...this.#containers].map(([name, container]) => [name, container.state]));
    const { pod, ip } = this.#options;
    return {
      pod,
      ip,
      containers,
      startedAt: this.#startedAt,
      readyChangedAt: this.#readyChangedAt,
      stopping: this.isStopping || this.pod.metadata.deletionTimestamp !== undefined,
    };
  }

  #changed(client: KubeClient): void {
    const ready = isReady(this.#state());
    if (ready !== this.#wasReady) this.#readyChangedAt = Date.now();
    this.#wasReady = ready;
    this.#options.changed();
    this.#isDirty = true;
    this.#telling ??= this.#tell(client).finally(() => (this.#telling = undefined));
  }

  async #tell(client: KubeClient): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false;
      const { name, namespace, uid } = this.pod.metadata;
      const body = { metadata: { uid }, status: podStatus(this.#state()) };
      try {
        await client.patch(PODS, { name, namespace, type: 'merge', subresource: 'status', body });
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return; // it is gone, or another pod has its name
        this.#isDirty = true;
        await sleep(RETRY_MS);
      }
    }
  }
}
