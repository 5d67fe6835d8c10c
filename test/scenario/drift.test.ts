import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, Service } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, givenV1FromGit, promoted, waits } from './given.ts';
import { config, IMAGE, shop, yaml } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

type Route = KubeObject & { spec: { http: { route: { weight: number }[]; timeout?: string }[]; hosts: string[] } };

function shift(stable: number, canary: number): void {
  cluster.edit<Route>('VirtualService', 'web', ({ spec }) => {
    const [a, b] = spec.http[0]?.route ?? [];
    if (a && b) [a.weight, b.weight] = [stable, canary];
  });
}

describe('somebody who edits by hand', () => {
  it('the weights: they are set right at once, and nothing else of the route is touched', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    cluster.edit<Route>('VirtualService', 'web', ({ spec }) => {
      if (spec.http[0]) spec.http[0].timeout = '7s';
    });
    shift(0, 100);
    await cluster.until('the weights are right again', () => cluster.weights()?.canary === 25, 5_000);
    expect(cluster.find<Route>('VirtualService', 'web')?.spec.http[0]?.timeout).toBe('7s');
    expect(cluster.rollout().status?.step).toBe('1/2');
  });

  it('the weights while nothing is released: all traffic goes to the stable revision again', async () => {
    await givenV1(cluster, { steps: STEPS });
    shift(40, 60);
    await cluster.until('the weights are right again', () => cluster.weights()?.stable === 100, 5_000);
  });

  it("a Service's selector: it points at the revision again", async () => {
    await givenV1(cluster, { steps: STEPS });
    const hash = cluster.selected('web-stable');
    cluster.edit<Service & KubeObject>('Service', 'web-stable', ({ spec }) => {
      spec.selector = { app: 'web', [POD_TEMPLATE_HASH]: 'nonsense' };
    });
    await cluster.until('the selector is right again', () => cluster.selected('web-stable') === hash, 5_000);
  });

  it('the number of pods of a ReplicaSet: it is put back', async () => {
    await givenV1(cluster, { steps: STEPS });
    const { name } = cluster.replicaSet(IMAGE('v1'))?.metadata ?? { name: '' };
    cluster.edit<KubeObject & { spec: { replicas: number } }>(
      'ReplicaSet',
      name,
      ({ spec }) => void (spec.replicas = 1),
    );
    await cluster.until('there are enough', () => cluster.pods()['v1'] === 4, 5_000);
  });

  it('a ReplicaSet away: it is made anew under the same name, and serves', async () => {
    await givenV1(cluster, { steps: STEPS });
    const { name, uid } = cluster.replicaSet(IMAGE('v1'))?.metadata ?? { name: '' };
    cluster.delete('ReplicaSet', name);
    await cluster.until('it is back', () => cluster.replicaSet(IMAGE('v1'))?.status?.readyReplicas === 4, 10_000);
    expect(cluster.replicaSet(IMAGE('v1'))?.metadata).toMatchObject({ name });
    expect(cluster.replicaSet(IMAGE('v1'))?.metadata.uid).not.toBe(uid);
  });

  it('the status of a Rollout in the middle of a release: the traffic stays whole, and the release comes to an end', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    const rollout = cluster.rollout();
    cluster.server.store.updateStatus(
      { group: 'sluice.dev', kind: 'Rollout' },
      {
        ...(rollout as unknown as KubeObject),
        status: {},
      },
    );
    await waits(cluster);
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
  });

  it('the Rollout that Git declares: it is put back, and the Application says what was changed', async () => {
    await givenV1FromGit(cluster, { steps: STEPS });
    cluster.edit<KubeObject & { spec: { template: { spec: { containers: { image: string }[] } } } }>(
      'Rollout',
      'web',
      ({ spec }) => {
        const [container] = spec.template.spec.containers;
        if (container) container.image = IMAGE('by-hand');
      },
    );
    await cluster.until('it is put back', () => cluster.declaredImage() === IMAGE('v1'), 10_000);
    await promoted(cluster, 'v1');
    expect(cluster.application().status?.drift?.[0]).toMatchObject({
      kind: 'Rollout',
      name: 'web',
      action: 'Corrected',
    });
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
  });

  it('a ConfigMap that Git declares: it is put back', async () => {
    await givenV1FromGit(cluster);
    cluster.edit<KubeObject>('ConfigMap', 'web-config', (object) => void (object['data'] = { GREETING: 'by hand' }));
    await cluster.until('it is put back', () => cluster.greeting() === 'hello', 10_000);
    // Who did it is told by the watches of the program as it runs.
    const told = (): string[] | undefined => cluster.application().status?.drift?.[0]?.fields;
    await cluster.until('it is told', () => told() !== undefined, 10_000);
    expect(told()).toEqual([expect.stringMatching(/^data\.GREETING \(by .+\)$/)]);
  });
});

describe('the agent', () => {
  it('leaves the weights of a release alone when a commit changes something else', async () => {
    await givenV1FromGit(cluster, { steps: STEPS });
    const files = shop('v2');
    cluster.push(files, 'Deploy v2');
    await cluster.until('v2 has traffic', () => cluster.weights()?.canary === 10);
    const weights: (number | undefined)[] = [];
    cluster.server.store.subscribe({ group: 'networking.istio.io', kind: 'VirtualService' }, ({ object }) =>
      weights.push((object as Route).spec.http[0]?.route[1]?.weight),
    );
    cluster.push(
      { 'deploy/more.yaml': yaml({ ...config('more'), metadata: { name: 'more', namespace: 'shop' } }) },
      'More',
    );
    await promoted(cluster, 'v2');
    expect(weights.filter((percent, i) => percent !== weights[i - 1])).toEqual([25, 50, 100, 0]);
    expect(cluster.find('ConfigMap', 'more')).toBeDefined();
    expect(cluster.audit.violations).toEqual([]);
  });
});
