// What a scenario runs in: the cluster that the environment names, a namespace of its own, and the controller under test. Everything is
// cleared away when the scenario has ended; when it failed, what a person would look at first is printed.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, type TestContext } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { isNotFound } from '../../../src/kube/errors.ts';
import { loadAccess } from '../../../src/kube/kubeconfig.ts';
import { undiciTransport } from '../../../src/kube/transport-undici.ts';
import type { KubeClient } from '../../../src/kube/types.ts';
import { until } from '../cluster/until.ts';
import { PODS } from '../kubelet/pod.ts';
import { startController, type Controller, type ControllerFlags } from './controller.ts';
import { programConfigMap } from './manifests.ts';
import { Traffic } from './traffic.ts';

const execute = promisify(execFile);

export const KUBECONFIG = process.env['KUBECONFIG'] ?? '';
export const KUBECTL = process.env['KUBECTL'] ?? 'kubectl';

/** Parts that a cluster may lack, and how to name them. */
const PARTS = {
  Prometheus: { variable: 'PROMETHEUS', lacks: 'PROMETHEUS names no Prometheus that scrapes the gateway every second' },
  gateway: { variable: 'GATEWAY', lacks: 'GATEWAY does not say where Istio’s ingress gateway is' },
  gatewayApi: { variable: 'GATEWAY_API', lacks: 'the cluster does not serve the Gateway API' },
  ownCluster: {
    variable: 'SLUICE_E2E_DIRECTORY',
    lacks: 'it needs a cluster that the suite started: leave KUBECONFIG out',
  },
} as const;
export type Part = keyof typeof PARTS;

const valueOf = (part: Part): string | undefined => process.env[PARTS[part].variable] || undefined;
const isOwn = valueOf('ownCluster') !== undefined;

/** The value of a part. Without it the scenario is skipped, with the reason; in CI it fails, but for what no given cluster can have. */
function need(context: TestContext, part: Part): string {
  const value = valueOf(part);
  if (value !== undefined) return value;
  if (process.env['CI'] === 'true' && part !== 'ownCluster') throw new Error(PARTS[part].lacks);
  return context.skip(PARTS[part].lacks);
}

export interface World {
  namespace: string;
  client: KubeClient;
  /** The value of a part that the scenario needs. */
  part(part: Part): string;
  /** Whether the cluster has a part that the scenario can do without; in CI every part has to be there. */
  has(part: Part): boolean;
  /** Output of kubectl in the namespace. Rejects when it fails, with what it said. */
  kubectl: (...args: string[]) => Promise<string>;
  /** Creates or changes objects as `kubectl apply` does. */
  apply(...objects: object[]): Promise<void>;
  /** Starts a controller; it is stopped at the end. */
  controller(flags?: ControllerFlags): Promise<Controller>;
  /** Starts requests for a host through the gateway; they are stopped at the end. */
  traffic(host: string): Traffic;
  /** Calls this when the scenario has ended, the last one first. */
  atEnd(clear: () => unknown): void;
}

async function openClient(): Promise<{ client: KubeClient; close: () => Promise<void> }> {
  const transport = undiciTransport({ access: await loadAccess({ kubeconfig: KUBECONFIG }) });
  return { client: kubeClient({ transport, version: 'e2e' }), close: () => transport.close() };
}

const NAMESPACES = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

/** Begins a scenario in a new namespace; `needs` are the parts without which it makes no sense. */
export async function begin(context: TestContext, namespace: string, needs: readonly Part[] = []): Promise<World> {
  for (const part of needs) need(context, part);
  const { client, close } = await openClient();
  const clearers: (() => unknown)[] = [close];
  const kubectl = async (...args: string[]): Promise<string> =>
    (await execute(KUBECTL, ['--kubeconfig', KUBECONFIG, '--namespace', namespace, ...args])).stdout;
  context.onTestFinished(async () => {
    if (context.task.result?.state === 'fail') await tellAll(kubectl);
    await clearAll(clearers);
  }, 60_000);
  const isGone = async (): Promise<boolean> => (await client.get(NAMESPACES, namespace)) === undefined;
  await until(`an earlier namespace ${namespace} to go`, isGone, { every: 100 });
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } } as KubeObject);
  clearers.push(() => cleared(client, namespace, kubectl));
  await apply(namespace, [programConfigMap]);
  return {
    namespace,
    client,
    kubectl,
    part: (part) => need(context, part),
    has: (part) => valueOf(part) !== undefined || (process.env['CI'] === 'true' && need(context, part) !== ''),
    apply: (...objects) => apply(namespace, objects),
    async controller(flags = {}) {
      const controller = await startController({
        prometheus: process.env['PROMETHEUS'],
        namespace: isOwn ? undefined : namespace,
        ...flags,
      });
      clearers.push(async () => {
        await controller.stop();
        const troubles = controller.log().filter(isTrouble);
        if (context.task.result?.state === 'fail') console.log(`the controller said:\n${controller.lastLines()}`);
        if (flags.inTrouble !== true) expect(troubles).toEqual([]);
      });
      return controller;
    },
    traffic(host) {
      const traffic = new Traffic(need(context, 'gateway'), host);
      clearers.push(() => traffic.stop());
      return traffic;
    },
    atEnd: (clear) => clearers.push(clear),
  };
}

async function apply(namespace: string, items: readonly object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items };
  const child = execute(KUBECTL, ['--kubeconfig', KUBECONFIG, '-n', namespace, 'apply', '-f', '-']);
  child.child.stdin?.end(JSON.stringify(list));
  await child;
}

/** What a controller in a healthy cluster has no reason to say. */
const isTrouble = ({ level, message }: Record<string, unknown>): boolean =>
  level === 'error' || message === 'a rollout could not be brought forward';

/** The last one first, every one of them, whatever happens. */
async function clearAll(clearers: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const clear of clearers.toReversed()) {
    try {
      await clear();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Nothing acts or runs in it any more. That the namespace itself goes is not waited for: that takes five seconds at least. */
async function cleared(client: KubeClient, namespace: string, kubectl: World['kubectl']): Promise<void> {
  await kubectl('delete', 'applications,rollouts,all', '--all', '--wait=false');
  await client.delete(NAMESPACES, namespace);
  const isStill = async (): Promise<boolean> => (await client.list(PODS, { namespace })).items.length === 0;
  await until(`the pods of ${namespace} to go`, isStill, { every: 50 });
}

async function tellAll(kubectl: (...args: string[]) => Promise<string>): Promise<void> {
  for (const args of [
    ['get', 'rollouts,applications,analysisruns,replicasets,pods,services', '-o', 'wide'],
    ['get', 'events', '--sort-by=.lastTimestamp'],
  ])
    console.log(await kubectl(...args).catch((error: unknown) => (isNotFound(error) ? '' : String(error))));
}
