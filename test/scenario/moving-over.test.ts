// A Rollout that comes over from Argo Rollouts: its ReplicaSets and Services stay, and it was deleted with --cascade=orphan.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { promoted, waits } from './given.ts';
import { config, rollout, service, template, virtualService } from './manifests.ts';

/** As another controller computes it. */
const HASH = '6b8f9d7c5';
const LABEL = 'rollouts-pod-template-hash';
const POD = { group: '', kind: 'Pod' };
const STEPS = [{ setWeight: 10 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

const pods = (): (string | undefined)[] =>
  cluster.server.store.list(POD, { namespace: 'shop' }).map(({ metadata }) => metadata.uid);

/** Four pods of v1 that serve, and nobody who controls them; the Services select `hash`. */
async function givenWhatWasLeft(hash: string | undefined): Promise<void> {
  const { spec } = rollout('v1') as unknown as Rollout;
  const labels = { ...spec.template.metadata?.labels, [LABEL]: HASH };
  const selector = { matchLabels: labels };
  const metadata = { name: `web-${HASH}`, namespace: 'shop', labels };
  const pod = { ...spec.template, metadata: { labels } };
  cluster.create(config('hello'));
  cluster.create({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata,
    spec: { replicas: 4, selector, template: pod },
  });
  for (const name of ['web-stable', 'web-canary']) {
    cluster.create(service(name));
    if (hash !== undefined)
      cluster.edit<KubeObject & { spec: { selector: object } }>('Service', name, ({ spec: { selector: own } }) => {
        Object.assign(own, { [LABEL]: hash });
      });
  }
  for (const object of [virtualService(), template()]) cluster.create(object);
  await cluster.run(30_000);
}

const taken = (): unknown[] => cluster.replicaSets().map(({ metadata, spec }) => [metadata.name, spec.replicas]);

it.each([
  ['select what serves', HASH],
  ['were let go of', undefined],
])('goes on with the pods that there are, where the Services %s', async (_how, hash) => {
  await givenWhatWasLeft(hash);
  const before = pods();
  expect(before).toHaveLength(4);
  cluster.create(rollout('v1', { steps: STEPS }));
  await cluster.start();
  await promoted(cluster, 'v1');
  expect(pods()).toEqual(before);
  expect(cluster.rollout().status).toMatchObject({ stableRS: HASH, currentPodHash: HASH, step: '2/2' });
  expect(taken()).toEqual([[`web-${HASH}`, 4]]);
});

it('releases another template through its steps, where the Services still select what serves', async () => {
  await givenWhatWasLeft(HASH);
  cluster.create(rollout('v2', { steps: STEPS }));
  await cluster.start();
  await waits(cluster);
  expect(cluster.rollout().status).toMatchObject({ stableRS: HASH, step: '1/2', weight: 10 });
  expect(cluster.weights()).toEqual({ stable: 90, canary: 10 });
  expect(taken()).toContainEqual([`web-${HASH}`, 4]);
});

it('releases another template without steps, where the Services do not say what serves', async () => {
  await givenWhatWasLeft(undefined);
  cluster.create(rollout('v2', { steps: STEPS }));
  await cluster.start();
  await promoted(cluster, 'v2');
  expect(cluster.rollout().status?.history?.map(({ weights = [] }) => weights.map(({ weight }) => weight))).toEqual([
    [0, 100],
  ]);
});
