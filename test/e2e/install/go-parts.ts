// Programs of Kubernetes, Istio, Kustomize and Helm, built from their Go modules. The modules here only name what is built and lock its versions.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cached, digestOf } from './cache.ts';
import { MissingProgram, run } from './command.ts';
import { GO, HELM, ISTIO, KUBERNETES, KUSTOMIZE } from './versions.ts';

/** A kind's definition; beside them are an admission policy and trials under another group. */
const KIND = /^gateway\.networking\.k8s\.io_(?!vap)/;

const MODULES = join(import.meta.dirname, 'go');

async function checkGo(log: string): Promise<void> {
  const printed = await run('go', ['version'], { log });
  const found = /go(\d+)\.(\d+)/.exec(printed);
  const [major, minor] = GO.split('.').map(Number);
  const isOld = Number(found?.[1]) === major && Number(found?.[2]) < (minor ?? 0);
  if (found === null || isOld)
    throw new MissingProgram(`Go ${GO} or newer is needed to build the real parts; there is ${printed.trim()}`);
}

interface Build {
  /** Folder of the module below `go`. */
  module: string;
  packages: readonly string[];
  stamps?: string;
  /** Told how many packages are compiled. */
  progress: (packages: number) => void;
}

async function build(into: string, { module, packages, stamps = '', progress }: Build): Promise<void> {
  const log = join(into, 'build.log');
  await checkGo(log);
  const flags = ['-mod=readonly', '-buildvcs=false', '-v', '-ldflags', `-s -w ${stamps}`.trim(), '-o', `${into}/`];
  await run('go', ['build', ...flags, ...packages], { cwd: join(MODULES, module), log, progress });
}

/** Folder with kube-apiserver, kube-controller-manager and kubectl. */
export function kubernetes(progress: Build['progress']): Promise<string> {
  const [major, minor] = KUBERNETES.split('.');
  const stamp = { gitVersion: `v${KUBERNETES}`, gitMajor: major, gitMinor: minor };
  const stamps = Object.entries(stamp).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  const packages = ['kube-apiserver', 'kube-controller-manager', 'kubectl'].map((n) => `k8s.io/kubernetes/cmd/${n}`);
  const key = `kubernetes-${KUBERNETES}-${digestOf(join(MODULES, 'kubernetes'))}`;
  return cached(key, (into) => build(into, { module: 'kubernetes', packages, stamps: stamps.join(' '), progress }));
}

/** Folder with pilot-discovery, and in `crds` the definitions of Istio and of the Gateway API as istiod was built against them. */
export function istio(progress: Build['progress']): Promise<string> {
  const key = `istio-${ISTIO}-${digestOf(join(MODULES, 'istio'))}`;
  return cached(key, async (into) => {
    await build(into, { module: 'istio', packages: ['istio.io/istio/pilot/cmd/pilot-discovery'], progress });
    const crds = join(into, 'crds');
    mkdirSync(crds);
    const istioCrds = join(await moduleFolder('istio.io/istio', into), 'manifests/charts/base/files');
    copyFileSync(join(istioCrds, 'crd-all.gen.yaml'), join(crds, 'istio.yaml'));
    const gatewayCrds = join(await moduleFolder('sigs.k8s.io/gateway-api', into), 'config/crd/experimental');
    for (const name of readdirSync(gatewayCrds).filter((n) => KIND.test(n)))
      copyFileSync(join(gatewayCrds, name), join(crds, name));
  });
}

/** Path of the helm program. */
export async function helm(progress: Build['progress']): Promise<string> {
  const stamps = `-X helm.sh/helm/v4/internal/version.version=v${HELM}`;
  const packages = ['helm.sh/helm/v4/cmd/helm'];
  const key = `helm-${HELM}-${digestOf(join(MODULES, 'helm'))}`;
  return join(await cached(key, (into) => build(into, { module: 'helm', packages, stamps, progress })), 'helm');
}

/** Path of the kustomize program. */
export async function kustomize(progress: Build['progress']): Promise<string> {
  const key = `kustomize-${KUSTOMIZE}-${digestOf(join(MODULES, 'kustomize'))}`;
  const packages = ['sigs.k8s.io/kustomize/kustomize/v5'];
  const folder = await cached(key, (into) => build(into, { module: 'kustomize', packages, progress }));
  return join(folder, 'kustomize');
}

async function moduleFolder(module: string, into: string): Promise<string> {
  const args = ['list', '-mod=readonly', '-m', '-f', '{{.Dir}}', module];
  return (await run('go', args, { cwd: join(MODULES, 'istio'), log: join(into, 'list.log') })).trim();
}
