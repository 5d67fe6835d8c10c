// Brings the whole cluster up inside its network namespace: the control plane, a node, the mesh and Prometheus.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ControlPlaneParts, Parts, Say } from '../install/install.ts';
import { NODE_NAME, PORTS, PROMETHEUS_URL } from './addresses.ts';
import { startControlPlane } from './control-plane.ts';
import { GATEWAY_LABELS, gatewayObjects, istiod, ISTIOD_READY, MESH_NAMESPACE } from './istio.ts';
import { prometheus } from './prometheus.ts';
import { Supervised } from './supervised.ts';
import { until } from './until.ts';

const execute = promisify(execFile);

export interface Cluster {
  /** What programs that use the cluster find in their environment. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Definitions of Sluice's own kinds. */
export const CRDS = join(import.meta.dirname, '../../../crds');

async function answers(url: string): Promise<boolean> {
  return (await fetch(url, { signal: AbortSignal.timeout(1000) })).ok;
}

function stopper(programs: Supervised[]): () => Promise<void> {
  return async () => {
    for (const program of programs.toReversed()) await program.stop();
  };
}

/** etcd, API server and controller manager alone: kinds and pods are somebody else's. */
export async function startBareCluster(parts: ControlPlaneParts, directory: string, say: Say): Promise<Cluster> {
  const { kubeconfig, programs } = await startControlPlane(parts, directory);
  say('control plane is ready');
  return { env: { KUBECONFIG: kubeconfig, KUBECTL: parts.kubectl }, stop: stopper(programs) };
}

/** Everything. A folder of logs, and of a pid file for each program, is $SLUICE_E2E_DIRECTORY. */
export async function startCluster(parts: Parts, directory: string, say: Say): Promise<Cluster> {
  const { kubeconfig, programs } = await startControlPlane(parts, directory);
  const stop = stopper(programs);
  try {
    say('control plane is ready');
    const kubectl = (...args: string[]): Promise<{ stdout: string }> =>
      execute(parts.kubectl, ['--kubeconfig', kubeconfig, ...args]);
    const files = [CRDS, ...parts.crds].flatMap((file) => ['-f', file]);
    const targets = join(directory, 'targets.json');
    writeFileSync(targets, '[]');
    programs.push(new Supervised(kubelet({ kubeconfig, directory, targets, envoy: parts.envoy }), directory));
    programs.push(new Supervised(prometheus(parts.prometheus, directory, targets), directory));
    await kubectl('apply', '--server-side', ...files);
    const objects = join(directory, 'gateway.json');
    writeFileSync(objects, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: gatewayObjects() }));
    await until('the kinds of the mesh', () => kubectl('apply', '-f', objects), { every: 200 });
    programs.push(new Supervised(istiod(parts.istiod, directory, kubeconfig), directory));
    await until('istiod', () => answers(ISTIOD_READY));
    say('istiod is ready');
    const address = await gatewayAddress(kubectl);
    await until('Prometheus', () => answers(`${PROMETHEUS_URL}/-/ready`));
    say('gateway and Prometheus are ready');
    const env = {
      KUBECONFIG: kubeconfig,
      KUBECTL: parts.kubectl,
      PATH: `${dirname(parts.kubectl)}:${dirname(parts.kustomize)}:${process.env['PATH'] ?? ''}`,
      PROMETHEUS: PROMETHEUS_URL,
      GATEWAY_API: 'served',
      PROMETHEUS_PROGRAM: parts.prometheus,
      HELM_PROGRAM: parts.helm,
      GATEWAY: `http://${address}:${PORTS.gateway}`,
      SLUICE_E2E_DIRECTORY: directory,
    };
    return { env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function kubelet(given: { kubeconfig: string; directory: string; targets: string; envoy: string }) {
  const main = join(import.meta.dirname, '../kubelet/main.ts');
  const pods = join(given.directory, 'pods');
  mkdirSync(pods, { recursive: true });
  const flags = {
    kubeconfig: given.kubeconfig,
    node: NODE_NAME,
    directory: pods,
    envoy: given.envoy,
    targets: given.targets,
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  return { name: 'kubelet', command: process.execPath, args: ['--import', 'tsx', main, ...args] };
}

function gatewayAddress(kubectl: (...args: string[]) => Promise<{ stdout: string }>): Promise<string> {
  const selector = Object.entries(GATEWAY_LABELS)
    .map(([k, v]) => `${k}=${v}`)
    .join();
  return until(
    'the gateway',
    async () => {
      const pods = await kubectl('-n', MESH_NAMESPACE, 'get', 'pods', '-l', selector, '-o', 'json');
      const [pod] = (
        JSON.parse(pods.stdout) as {
          items: { status?: { podIP?: string; conditions?: { type: string; status: string }[] } }[];
        }
      ).items;
      const ready = pod?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
      return ready ? pod?.status?.podIP : undefined;
    },
    { every: 100 },
  );
}
