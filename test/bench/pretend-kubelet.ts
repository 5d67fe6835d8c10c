// Plays scheduler and kubelets of a cluster that has none: every pod is ready a moment after it is made, and no process runs. The bench
// runs it as a process of its own, so that it takes no time from what is measured. The sandbox's kubelet is none for it: that one writes to
// the store of its own process, at once and without a failure of the network, and here the API server is a real one behind HTTP.
// tsx test/bench/pretend-kubelet.ts --kubeconfig FILE [--pod-delay MS]
import { spawn } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { openClient, type BenchClient, type Item } from './bench-client.ts';

export interface Pod extends Item {
  spec: { nodeName?: string; containers: { name: string; image?: string }[] };
  status?: { phase?: string };
}

const CONDITIONS = ['Initialized', 'PodScheduled', 'ContainersReady', 'Ready'];

/** Addresses that no two of 16 million pods share. */
export const addressOf = (ordinal: number): string =>
  `10.${(ordinal >> 16) & 255}.${(ordinal >> 8) & 255}.${ordinal & 255}`;

/** What a kubelet reports of a pod all of whose containers run and are ready. */
export function readyStatus(pod: Pod, address: string, now: string): object {
  return {
    phase: 'Running',
    podIP: address,
    podIPs: [{ ip: address }],
    hostIP: '127.0.0.1',
    startTime: now,
    conditions: CONDITIONS.map((type) => ({ type, status: 'True', lastTransitionTime: now })),
    containerStatuses: pod.spec.containers.map(({ name, image = '' }) => ({
      name,
      image,
      imageID: image,
      containerID: `pretended://${name}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  };
}

/** The node that all pods are bound to: endpoints of a pod on no node are refused by the API server. */
const NODE = 'pretended';

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: NODE, labels: { 'kubernetes.io/hostname': NODE } },
  status: { conditions: [{ type: 'Ready', status: 'True', reason: 'Pretended' }] },
};

/** What there is to do about a pod: the API server removes one that was never bound by itself. */
export function dutyOf(pod: Pod): 'run' | 'remove' | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return pod.spec.nodeName ? 'remove' : undefined;
  return (pod.status?.phase ?? 'Pending') === 'Pending' ? 'run' : undefined;
}

/** What failed is tried again after this long. */
const AGAIN_MS = 1_000;

interface Duties {
  run: (pod: Pod) => Promise<void>;
  remove: (pod: Pod) => Promise<void>;
}

/** What is done for a pod, by calls of the API. */
function dutiesOf(client: BenchClient): Duties {
  let pods = 0;
  const pathOf = ({ metadata }: Pod): string => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
  const run = async (pod: Pod): Promise<void> => {
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    if (!pod.spec.nodeName) {
      const { name, uid } = pod.metadata;
      const binding = { metadata: { name, uid }, target: { apiVersion: 'v1', kind: 'Node', name: NODE } };
      await client.call('POST', `${pathOf(pod)}/binding`, binding, [404, 409]);
    }
    const body = { metadata: { uid: pod.metadata.uid }, status: readyStatus(pod, addressOf(++pods), now) };
    await client.call('STRATEGIC', `${pathOf(pod)}/status`, body, [404, 409]);
  };
  const remove = async (pod: Pod): Promise<void> => {
    const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
    await client.call('DELETE', pathOf(pod), options, [404, 409]);
  };
  return { run, remove };
}

/** Resolves to what ends it, once it follows the pods. */
export async function playKubelet(client: BenchClient, delayMs: number): Promise<() => void> {
  const duties = dutiesOf(client);
  const taken = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  let isStopped = false;
  const fulfil = (duty: keyof Duties, pod: Pod, afterMs: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      duties[duty](pod).catch((error: unknown) => {
        if (isStopped) return;
        console.error(`pretended kubelet: ${String(error)}`);
        // No watch tells of a pod to which nothing happened, so this does not wait for one; a pod that has gone is done with.
        if (taken.has(`${duty} ${pod.metadata.uid}`)) fulfil(duty, pod, AGAIN_MS);
      });
    }, afterMs);
    timers.add(timer);
  };
  const consider = (pod: Pod): void => {
    const duty = dutyOf(pod);
    const id = `${duty} ${pod.metadata.uid}`;
    if (duty === undefined || taken.has(id)) return;
    taken.add(id);
    fulfil(duty, pod, duty === 'run' ? delayMs : 0);
  };
  const forget = ({ metadata }: Pod): void => {
    for (const duty of ['run', 'remove']) taken.delete(`${duty} ${metadata.uid}`);
  };
  await client.call('POST', '/api/v1/nodes', node, [409]);
  const unfollow = await client.follow<Pod>('/api/v1/pods', (pod, change) =>
    change === 'DELETED' ? forget(pod) : consider(pod),
  );
  return () => {
    isStopped = true;
    unfollow();
    for (const timer of timers) clearTimeout(timer);
  };
}

/** Starts one as a process; resolves once it follows the pods. */
export async function startKubelet(kubeconfig: string, delayMs: number): Promise<() => void> {
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--kubeconfig', kubeconfig];
  const child = spawn(process.execPath, [...args, '--pod-delay', String(delayMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const endWithBench = (): void => void child.kill('SIGTERM');
  process.once('exit', endWithBench);
  child.once('exit', () => process.off('exit', endWithBench));
  await new Promise<void>((ready, failed) => {
    child.once('exit', (code) => failed(new Error(`the pretended kubelet ended (${code})`)));
    child.stdout.once('data', () => ready());
  });
  return endWithBench;
}

async function main(): Promise<void> {
  const flags = { kubeconfig: { type: 'string' }, 'pod-delay': { type: 'string' } } as const;
  const { values } = parseArgs({ options: flags });
  if (values.kubeconfig === undefined) throw new Error('give --kubeconfig FILE');
  const client = await openClient(values.kubeconfig);
  const stop = await playKubelet(client, Number(values['pod-delay'] ?? 50));
  console.log('following the pods');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop();
      void client.close();
    });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
