// A scheduler and kubelet for one node without containers: binds every pod to the node and runs it as processes with an address of its own.
import { join } from 'node:path';
import type { Log } from '../../../src/ports/log.ts';
import { systemClock, toTime } from '../../../src/ports/clock.ts';
import { isAlreadyExists } from '../../../src/kube/errors.ts';
import type { KubeClient } from '../../../src/kube/types.ts';
import { WatchCache } from '../../../src/kube/watch-cache.ts';
import { PodAddresses } from './pod-addresses.ts';
import { PodWorker } from './pod-worker.ts';
import { NODES, PODS, type Pod } from './pod.ts';
import { writeTargets } from './targets-file.ts';

export interface KubeletOptions {
  client: KubeClient;
  log: Log;
  node: string;
  /** Folder for the pods' logs. */
  directory: string;
  envoy: string;
  /** File that tells Prometheus of the pods. */
  targets: string;
}

const CAPACITY = { pods: '1000', cpu: '8', memory: '16Gi' };

export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #addresses = new PodAddresses();
  readonly #workers = new Map<string, PodWorker>();
  readonly #binding = new Set<string>();
  readonly #pods: WatchCache<Pod>;
  #targetsAreDue = false;

  constructor(options: KubeletOptions) {
    this.#options = options;
    const { client, log } = options;
    this.#pods = new WatchCache<Pod>({ client, clock: systemClock, random: Math.random, log, resource: PODS });
  }

  async start(): Promise<void> {
    await this.#register();
    this.#pods.onChange(({ type, object }) => (type === 'deleted' ? this.#gone(object) : this.#see(object)));
    this.#pods.start();
  }

  /** Ends every pod at once; for the end of the cluster. */
  async stop(): Promise<void> {
    for (const worker of this.#workers.values()) worker.kill();
    await this.#pods.stop();
  }

  async #register(): Promise<void> {
    const { client, node } = this.#options;
    const labels = { 'kubernetes.io/hostname': node };
    try {
      await client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: node, labels } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const now = toTime(Date.now());
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }];
    const status = { conditions: [ready], addresses, capacity: CAPACITY, allocatable: CAPACITY };
    await client.patch(NODES, { name: node, type: 'merge', subresource: 'status', body: { status } });
  }

  #see(pod: Pod): void {
    const { node } = this.#options;
    const uid = pod.metadata.uid ?? '';
    const worker = this.#workers.get(uid);
    if (pod.spec.nodeName === undefined) return void this.#bind(pod, uid);
    if (pod.spec.nodeName !== node) return;
    if (worker !== undefined) worker.pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) return void this.#end(pod, uid);
    if (worker === undefined && !isOver(pod)) this.#run(pod, uid);
  }

  async #bind(pod: Pod, uid: string): Promise<void> {
    if (this.#binding.has(uid) || pod.metadata.deletionTimestamp !== undefined) return;
    this.#binding.add(uid);
    const { name, namespace = '' } = pod.metadata;
    const target = { apiVersion: 'v1', kind: 'Node', name: this.#options.node };
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'Binding', metadata: { name, uid }, target });
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/binding`;
    const headers = { 'content-type': 'application/json' };
    const answer = await this.#options.client.raw({ method: 'POST', path, headers, body }).catch(() => undefined);
    if (answer === undefined || answer.status >= 500 || answer.status === 429) {
      this.#binding.delete(uid);
      setTimeout(() => this.#again(pod), 250);
    }
  }

  #again(pod: Pod): void {
    const now = this.#pods.get(pod.metadata.namespace, pod.metadata.name);
    if (now !== undefined && now.metadata.uid === pod.metadata.uid) this.#see(now);
  }

  #run(pod: Pod, uid: string): void {
    const { client, directory, envoy } = this.#options;
    const ip = pod.status?.podIP ?? this.#addresses.take();
    this.#addresses.keep(ip);
    const own = join(directory, `${pod.metadata.namespace}_${pod.metadata.name}`);
    const worker = new PodWorker({ client, pod, ip, envoy, directory: own, changed: () => this.#tellTargets() });
    this.#workers.set(uid, worker);
    void worker.start();
  }

  /** A pod that is to go, known here or left by an earlier kubelet. */
  async #end(pod: Pod, uid: string): Promise<void> {
    const { client, directory, envoy } = this.#options;
    const stranger = (): PodWorker =>
      new PodWorker({ client, pod, ip: pod.status?.podIP ?? '', envoy, directory, changed: () => {} });
    await (this.#workers.get(uid) ?? stranger()).stop();
  }

  #gone(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.#binding.delete(uid);
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    this.#workers.delete(uid);
    worker.kill();
    this.#addresses.release(worker.ip);
    this.#tellTargets();
  }

  /** Several changes at once are one file. */
  #tellTargets(): void {
    if (this.#targetsAreDue) return;
    this.#targetsAreDue = true;
    setTimeout(() => {
      this.#targetsAreDue = false;
      const running = [...this.#workers.values()].filter((worker) => !worker.isStopping);
      writeTargets(this.#options.targets, running);
    }, 20);
  }
}

const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';
