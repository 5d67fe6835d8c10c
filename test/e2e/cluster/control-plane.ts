// A real control plane on plain processes: etcd, kube-apiserver, kube-controller-manager.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { ControlPlaneParts } from '../install/install.ts';
import { APISERVER_URL, PORTS, SERVICE_RANGE } from './addresses.ts';
import { Supervised, type Program } from './supervised.ts';
import { until } from './until.ts';

/** Those of workloads, Services and garbage; none of nodes, clouds or certificates. */
const CONTROLLERS = [
  'deployment',
  'replicaset',
  'disruption',
  'garbagecollector',
  'endpointslice',
  'endpoint',
  'namespace',
  'horizontalpodautoscaling',
  'job',
  'ttl-after-finished',
  'statefulset',
  'daemonset',
];
const TOKEN = 'sluice-e2e';

function writeKeys(directory: string): { publicKey: string; privateKey: string } {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const files = { publicKey: join(directory, 'sa.pub'), privateKey: join(directory, 'sa.key') };
  writeFileSync(files.publicKey, pair.publicKey);
  writeFileSync(files.privateKey, pair.privateKey, { mode: 0o600 });
  return files;
}

/** A kubeconfig of the cluster's administrator; the server's certificate is its own and is not checked. */
export function kubeconfigFor(server: string): string {
  return `apiVersion: v1
kind: Config
clusters: [{ name: e2e, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
users: [{ name: admin, user: { token: ${TOKEN} } }]
contexts: [{ name: e2e, context: { cluster: e2e, user: admin } }]
current-context: e2e
`;
}

const etcd = (parts: ControlPlaneParts, directory: string): Program => ({
  name: 'etcd',
  command: parts.etcd,
  args: [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${PORTS.etcd}`,
    `--advertise-client-urls=http://127.0.0.1:${PORTS.etcd}`,
    `--listen-peer-urls=http://127.0.0.1:${PORTS.etcdPeers}`,
    '--unsafe-no-fsync',
  ],
});

function apiserver(parts: ControlPlaneParts, directory: string): Program {
  const { publicKey, privateKey } = writeKeys(directory);
  const tokens = join(directory, 'tokens.csv');
  writeFileSync(tokens, `${TOKEN},admin,admin,system:masters\n`, { mode: 0o600 });
  return {
    name: 'kube-apiserver',
    command: parts.apiserver,
    args: [
      `--etcd-servers=http://127.0.0.1:${PORTS.etcd}`,
      `--secure-port=${PORTS.apiserver}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      `--cert-dir=${join(directory, 'certificates')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${publicKey}`,
      `--service-account-signing-key-file=${privateKey}`,
      `--service-cluster-ip-range=${SERVICE_RANGE}`,
      `--token-auth-file=${tokens}`,
      '--authorization-mode=RBAC',
      '--allow-privileged',
      '--disable-admission-plugins=ServiceAccount',
      '--profiling=false',
      // History is forgotten in seconds instead of minutes: a watch or a list that is begun again meets 410 now and then.
      '--etcd-compaction-interval=10s',
    ],
  };
}

const controllerManager = (parts: ControlPlaneParts, kubeconfig: string): Program => ({
  name: 'kube-controller-manager',
  command: parts.controllerManager,
  args: [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${CONTROLLERS.join(',')}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--concurrent-deployment-syncs=20',
    '--concurrent-replicaset-syncs=20',
    '--endpointslice-updates-batch-period=0s',
  ],
});

function isReady(): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const ask = request(`${APISERVER_URL}/readyz`, { rejectUnauthorized: false, headers, timeout: 1000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    ask.on('error', () => resolve(false));
    ask.on('timeout', () => ask.destroy());
    ask.end();
  });
}

export interface ControlPlane {
  kubeconfig: string;
  /** In the order in which they were started. */
  programs: Supervised[];
}

/** Resolves when the API server is ready. State, logs and pid files are in `directory`. */
export async function startControlPlane(parts: ControlPlaneParts, directory: string): Promise<ControlPlane> {
  mkdirSync(directory, { recursive: true });
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigFor(APISERVER_URL), { mode: 0o600 });
  const programs = [etcd(parts, directory), apiserver(parts, directory)].map((p) => new Supervised(p, directory));
  await until('the API server', isReady, { within: 60_000 });
  programs.push(new Supervised(controllerManager(parts, kubeconfig), directory));
  return { kubeconfig, programs };
}
