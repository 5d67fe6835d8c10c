// Two Rollouts that share a DestinationRule, each by subsets of its own: what is let go of is one's own.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { rollout } from './manifests.ts';

type Rule = KubeObject & { spec: { host: string; subsets: { name: string; labels?: Record<string, string> }[] } };
const NAMES = ['web', 'api'] as const;

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const sidesOf = (name: string): string[] => [`${name}-stable`, `${name}-canary`];
const istio = (name: string, [stable = '', canary = ''] = sidesOf(name)): object => ({
  virtualService: { name },
  destinationRule: { name: 'shared', stableSubsetName: stable, canarySubsetName: canary },
});
function declared(name: string, routing: object = istio(name)): KubeObject & Pick<Rollout, 'spec'> {
  const canary = { canaryService: undefined, stableService: undefined, trafficRouting: { istio: routing } };
  const object = rollout('v1', { steps: [], canary: canary as never });
  return JSON.parse(JSON.stringify(object).replaceAll('"web"', `"${name}"`)) as KubeObject & Pick<Rollout, 'spec'>;
}
const virtualService = (name: string): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: 'shop' },
  spec: {
    http: [
      {
        route: sidesOf(name).map((subset, at) => ({
          destination: { host: 'shared', subset },
          weight: at === 0 ? 100 : 0,
        })),
      },
    ],
  },
});
const bound = (): string[] =>
  (cluster.find<Rule>('DestinationRule', 'shared')?.spec.subsets ?? []).flatMap(({ name, labels }) =>
    labels?.[POD_TEMPLATE_HASH] === undefined ? [] : [name],
  );

async function givenBoth(): Promise<void> {
  const subsets = [...NAMES.flatMap(sidesOf), 'spare'].map((name) => ({ name }));
  cluster.create({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'shared', namespace: 'shop' },
    spec: { host: 'shared', subsets },
  });
  for (const name of NAMES) {
    cluster.create(virtualService(name));
    cluster.create(declared(name));
  }
  await cluster.start();
  await cluster.until('both drive', () => bound().length === 4);
  await cluster.run(60_000);
}

it('one of them is deleted: its subsets select all pods again, the other’s stay bound', async () => {
  await givenBoth();
  cluster.delete('Rollout', 'api');
  await cluster.until('they are let go of', () => bound().length === 2, 10_000);
  await cluster.run(60_000);
  expect(bound()).toEqual(sidesOf('web'));
});

it('one of them is deleted while no process was there', async () => {
  await givenBoth();
  cluster.close();
  cluster.delete('Rollout', 'api');
  await cluster.start();
  await cluster.until('they are let go of', () => bound().length === 2, 10_000);
  expect(bound()).toEqual(sidesOf('web'));
});

it('one of them names another subset: the one that it named before is let go of', async () => {
  await givenBoth();
  cluster.edit<KubeObject>('VirtualService', 'api', ({ spec }) => {
    const [entry] = (spec as { http: { route: { destination: { subset: string } }[] }[] }).http;
    if (entry?.route[1]) entry.route[1].destination.subset = 'spare';
  });
  cluster.edit<KubeObject>('Rollout', 'api', (object) => {
    object.spec = declared('api', istio('api', ['api-stable', 'spare'])).spec;
  });
  await cluster.until('it is let go of', () => !bound().includes('api-canary'), 10_000);
  await cluster.run(60_000);
  expect(bound()).toEqual([...sidesOf('web'), 'api-stable', 'spare']);
});
