// Faults found by use, and their kind: what Git declares, against what somebody does to it in the cluster.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Rollout, Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { givenV1FromGit, isReverted, promoted, shaped, waits, weight } from './given.ts';
import { analysisStep, IMAGE, rollout, yaml, type Shape } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 10 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];
const SELF_HEAL = { sync: { prune: true, selfHeal: true } };

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

const POD = { group: '', kind: 'Pod' };
const writes = (from: number): string[] =>
  cluster.journal.slice(from).filter((line) => /^kube (PATCH|POST|PUT|DELETE)/.test(line));

/** Every image that a pod was ever made of. */
function imagesSeen(): Set<string> {
  const images = new Set<string>();
  cluster.server.store.subscribe(POD, ({ object }) => {
    const { containers } = object.spec as { containers: { image: string }[] };
    images.add(containers[0]?.image ?? '');
  });
  return images;
}

/** Every weight that the canary side has from now on. */
function weightsSeen(): number[] {
  const weights = [cluster.weights()?.canary ?? 0];
  cluster.server.store.subscribe({ group: 'networking.istio.io', kind: 'VirtualService' }, () => {
    const canary = cluster.weights()?.canary ?? 0;
    if (canary !== weights.at(-1)) weights.push(canary);
  });
  return weights;
}

/** The files of the shop with annotations on the Rollout. */
function annotated(version: string, annotations: Record<string, string>, shape: Shape = { steps: STEPS }) {
  const object = structuredClone(rollout(version, shape)) as KubeObject;
  object.metadata.annotations = annotations;
  return { ...shaped(version, shape), 'deploy/rollout.yaml': yaml(object) };
}

async function givenV2AtItsFirstPause(spec = {}): Promise<void> {
  await givenV1FromGit(cluster, { steps: STEPS }, { ...SELF_HEAL, ...spec });
  cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
  await waits(cluster);
}

async function givenV2Held(): Promise<void> {
  await givenV2AtItsFirstPause({ writeBack: { onAbort: 'None' } });
  cluster.annotate('abort', 'bad');
  await cluster.until('v2 is held', () => isReverted(cluster, 'v1'));
  await cluster.run(60_000);
}

describe('a verb in the manifest is a mistake, refused with a message', () => {
  it.each([
    ['promote', 'true'],
    ['promote', 'full'],
    ['abort', 'true'],
    ['retry', 'true'],
    ['restart', 'true'],
    ['pause', 'true'],
    ['rollback', 'true'],
  ])('%s=%s acts on nothing, and costs nothing', async (verb, value) => {
    await givenV1FromGit(cluster, { steps: STEPS }, SELF_HEAL);
    cluster.push(annotated('v2', { [`sluice.dev/${verb}`]: value }), 'Deploy v2');
    await cluster.until('it is refused', () => cluster.application().status?.phase === 'Failed');
    const ready = cluster.condition(cluster.application(), 'Ready');
    expect(ready?.['message']).toMatch(
      new RegExp(`deploy/rollout.yaml:\\d+: .*sluice\\.dev/${verb}.*kubectl annotate`),
    );
    const from = cluster.journal.length;
    await cluster.run(3_600_000);
    expect(writes(from)).toEqual([]);
    expect(cluster.rollout().status?.lastCommand).toBeUndefined();
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    cluster.push(shaped('v2', { steps: STEPS }), 'Without it');
    await waits(cluster);
    expect(cluster.rollout().status?.step).toBe('1/4');
  });

  it('in the first commit ever, too', async () => {
    cluster.push(annotated('v1', { 'sluice.dev/promote': 'true' }), 'Deploy v1');
    cluster.create({
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Application',
      metadata: { name: 'shop', namespace: 'shop' },
      spec: { source: { repoURL: 'https://git.example.com/acme/shop.git', path: 'deploy' } },
    });
    await cluster.start();
    await cluster.until('it is refused', () => cluster.application().status?.phase === 'Failed');
    expect(cluster.find('Rollout', 'web')).toBeUndefined();
  });

  it('a verb that a person gives is no drift under self-heal', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('promote');
    await weight(cluster, 50);
    await cluster.run(600_000);
    expect(cluster.rollout().status?.step).toBe('3/4');
    expect(cluster.application().status?.drift ?? []).toEqual([]);
  });
});

describe('a Rollout that is deleted', () => {
  it('in the middle of a release comes back at its stable revision, and goes through the steps', async () => {
    await givenV2AtItsFirstPause();
    cluster.delete('Rollout', 'web');
    await cluster.until(
      'v2 is released anew',
      () => cluster.weights()?.canary === 10 && cluster.find('Rollout', 'web'),
    );
    await waits(cluster);
    const { history, step } = cluster.rollout().status ?? {};
    expect(step).toBe('1/4');
    expect(cluster.pods()['v2']).toBe(1);
    expect(history?.filter(({ outcome }) => outcome === 'Promoted')).toHaveLength(1);
    cluster.annotate('promote', 'full');
    await promoted(cluster, 'v2');
  });

  it('while v2 is held comes back held, and v2 gets nothing', async () => {
    await givenV2Held();
    const images = imagesSeen();
    cluster.delete('Rollout', 'web');
    await cluster.until('it is back', () => isReverted(cluster, 'v1') && cluster.rollout().status?.stableRS);
    await cluster.run(300_000);
    expect(cluster.weights()?.canary).toBe(0);
    expect([...images].filter((image) => image === IMAGE('v2'))).toEqual([]);
  });

  /** `kubectl delete --cascade=orphan`: what it owned stays, and is nobody's. */
  function orphaned(): void {
    cluster.delete('Rollout', 'web');
    for (const { metadata } of cluster.replicaSets())
      cluster.edit('ReplicaSet', metadata.name, (rs) => void delete rs.metadata.ownerReferences);
  }

  it('with --cascade=orphan adopts its ReplicaSets: no pod is made anew', async () => {
    await givenV1FromGit(cluster, { steps: STEPS }, SELF_HEAL);
    const pods = cluster.server.store.list(POD, { namespace: 'shop' }).map(({ metadata }) => metadata.uid);
    orphaned();
    await promoted(cluster, 'v1');
    const now = cluster.server.store.list(POD, { namespace: 'shop' }).map(({ metadata }) => metadata.uid);
    expect(new Set(now)).toEqual(new Set(pods));
    const { uid } = cluster.rollout().metadata;
    expect(cluster.replicaSets().map((rs) => rs.metadata.ownerReferences?.[0]?.uid)).toEqual([uid]);
  });

  it('with --cascade=orphan in the middle of a release goes on serving v1, then v2 through its steps', async () => {
    await givenV2AtItsFirstPause();
    orphaned();
    await cluster.until('v2 waits again', () => cluster.rollout().status?.phase === 'Paused', 120_000);
    expect(cluster.weights()).toEqual({ stable: 90, canary: 10 });
  });

  it('does not adopt what another controls: it says whose it is', async () => {
    await givenV1FromGit(cluster, { steps: STEPS }, SELF_HEAL);
    const { name } = cluster.replicaSets()[0]?.metadata ?? { name: '' };
    orphaned();
    cluster.edit('ReplicaSet', name, ({ metadata }) => {
      const other = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other', uid: 'some-uid', controller: true };
      metadata.ownerReferences = [other];
    });
    await cluster.until('it is told', () => cluster.rollout().status?.phase === 'Degraded', 120_000);
    expect(cluster.rollout().status?.message).toContain('Deployment other');
  });
});

describe('what is rejected stays rejected', () => {
  const others: [string, Partial<Rollout['spec']>, (spec: Rollout['spec']) => unknown, unknown][] = [
    ['replicas', { replicas: 5 }, ({ replicas }) => replicas, 5],
    ['minReadySeconds', { minReadySeconds: 1 }, (spec) => spec.minReadySeconds, 1],
    ['revisionHistoryLimit', { revisionHistoryLimit: 3 }, (spec) => spec.revisionHistoryLimit, 3],
    ['progressDeadlineSeconds', { progressDeadlineSeconds: 99 }, (spec) => spec.progressDeadlineSeconds, 99],
  ];

  it.each(others)('when Git changes %s alone, which is applied', async (_what, spec, read, value) => {
    await givenV2Held();
    const images = imagesSeen();
    const weights = weightsSeen();
    cluster.push(shaped('v2', { steps: STEPS, spec }), 'Something else');
    await cluster.until('it is applied', () => read(cluster.rollout().spec) === value);
    await cluster.run(600_000);
    expect(weights).toEqual([0]);
    expect(images.has(IMAGE('v2'))).toBe(false);
    expect(isReverted(cluster, 'v1')).toBe(true);
  });

  it('until the steps change', async () => {
    await givenV2Held();
    cluster.push(shaped('v2', { steps: [{ setWeight: 5 }, { pause: {} }] }), 'More carefully');
    await weight(cluster, 5);
  });

  it('until what its pods read changes', async () => {
    await givenV2Held();
    cluster.push(shaped('v2', { steps: STEPS }, 'mended'), 'Mend the greeting');
    await weight(cluster, 10);
    expect(cluster.greeting()).toBe('mended');
  });
});

describe('a template that somebody puts in by hand, under self-heal, is never released', () => {
  /** The agent needs a second to put it back: as long as the controller sees the foreign template. */
  function edit(image: string): void {
    cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/rollouts/web?') && path.includes('sluice-agent')
        ? { delayMs: 1_000 }
        : undefined,
    );
    cluster.edit<KubeObject & { spec: { template: { spec: { containers: { image: string }[] } } } }>(
      'Rollout',
      'web',
      ({ spec }) => {
        const [container] = spec.template.spec.containers;
        if (container) container.image = image;
      },
    );
  }

  it('in the middle of a release, which goes on where it was', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('promote');
    await weight(cluster, 50);
    await waits(cluster);
    const weights = weightsSeen();
    const images = imagesSeen();
    edit(IMAGE('by-hand'));
    await cluster.until('it is put back', () => cluster.declaredImage() === IMAGE('v2'));
    await cluster.run(60_000);
    expect(weights).toEqual([50]);
    expect(images.has(IMAGE('by-hand'))).toBe(false);
    expect(cluster.rollout().status?.step).toBe('3/4');
    expect(cluster.rollout().status?.history?.at(-1)?.outcome).toBe('Promoted');
  });

  it('back to the stable image in the middle of a release, which is no roll-back', async () => {
    await givenV2AtItsFirstPause();
    const weights = weightsSeen();
    edit(IMAGE('v1'));
    await cluster.until('it is put back', () => cluster.declaredImage() === IMAGE('v2'));
    await cluster.run(60_000);
    expect(weights).toEqual([10]);
  });

  it('in the middle of an analysis, which is not begun anew', async () => {
    const steps = [{ setWeight: 10 }, analysisStep, { pause: {} }];
    await givenV1FromGit(cluster, { steps }, SELF_HEAL);
    cluster.push(shaped('v2', { steps }), 'Deploy v2');
    await cluster.until('it measures', () => cluster.runs().length > 0);
    edit(IMAGE('by-hand'));
    await waits(cluster);
    expect(cluster.runs()).toHaveLength(1);
  });

  it('while all is well: no pod of it starts', async () => {
    await givenV1FromGit(cluster, { steps: STEPS }, SELF_HEAL);
    const images = imagesSeen();
    edit(IMAGE('by-hand'));
    await promoted(cluster, 'v1');
    await cluster.run(60_000);
    expect(images.has(IMAGE('by-hand'))).toBe(false);
    expect(cluster.rollout().status?.history).toHaveLength(1);
  });
});
