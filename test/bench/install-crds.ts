// Installs what the bench's objects need: Sluice's CRDs, a peer's, and a VirtualService where the cluster has none.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadAll } from 'js-yaml';
import type { BenchClient, Item } from './bench-client.ts';
import { ISTIO } from './manifests.ts';

interface Crd extends Item {
  kind?: string;
  status?: { conditions?: { type: string; status: string }[] };
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const LIMIT_MS = 30_000;

/** Bare: nothing is checked, and nothing but its weights is read. */
const virtualServices = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'virtualservices.networking.istio.io' },
  spec: {
    group: 'networking.istio.io',
    scope: 'Namespaced',
    names: { plural: 'virtualservices', singular: 'virtualservice', kind: 'VirtualService' },
    versions: ['v1alpha3', 'v1beta1', 'v1'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    })),
  },
};

function crdsAt(path: string): Crd[] {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.ya?ml$/.test(name))
        .map((name) => join(path, name))
    : [path];
  const documents = files.flatMap((file) => loadAll(readFileSync(file, 'utf8')) as (Crd | null)[]);
  return documents.filter((d): d is Crd => d?.kind === 'CustomResourceDefinition');
}

async function apply(client: BenchClient, crd: Crd): Promise<void> {
  const { name } = crd.metadata;
  await client.call('APPLY', `${CRDS}/${name}?fieldManager=sluice-bench&force=true`, crd);
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await pause(100)) {
    const live = await client.call<Crd>('GET', `${CRDS}/${name}`);
    if (live?.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True')) return;
  }
  throw new Error(`${name} was not established within ${LIMIT_MS / 1000} s`);
}

export async function installCrds(client: BenchClient, paths: readonly string[]): Promise<void> {
  for (const crd of paths.flatMap(crdsAt)) await apply(client, crd);
  const istio = await client.call('GET', `/apis/${ISTIO}`, undefined, [404]);
  if (istio === undefined) await apply(client, virtualServices as unknown as Crd);
}
