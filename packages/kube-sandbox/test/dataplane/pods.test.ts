import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/objects.ts';
import { identityOf, versionOf } from '../../src/dataplane/pod-identity.ts';
import { VirtualClock } from '../../src/virtual-clock.ts';
import { configMap, HASH, MeshWorld, secret, service, type PodWish } from './mesh-world.ts';

const POD = { group: '', kind: 'Pod' };
const env = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value }));
const fromKey = (ref: string, name: string, key: string, more = {}) => ({
  valueFrom: { [ref]: { name, key, ...more } },
});

async function worldWith(wish: Partial<PodWish>, before: KubeObject[] = []) {
  const clock = new VirtualClock();
  const world = new MeshWorld({ clock });
  for (const object of before) world.apply(object);
  world.apply(service('web', { app: 'web' }));
  const pod = world.pod({ name: 'web-1', ...wish });
  await clock.advance(0);
  const greet = async (): Promise<string> => {
    const [answer] = await world.send(1, 'web.shop');
    return answer?.status === 200 ? (JSON.parse(answer.body) as { greeting: string }).greeting : String(answer?.status);
  };
  return { clock, world, pod, greet };
}

describe('a pod', () => {
  test('answers who it is, with the tag of its image and the hash of its revision', async () => {
    const { world } = await worldWith({ hash: 'abc', image: 'registry:5000/shop/web:v7' });
    const [answer] = await world.send(1, 'web.shop');
    expect(JSON.parse(answer?.body ?? '')).toEqual({ pod: 'web-1', version: 'v7', podHash: 'abc', greeting: '' });
    expect(answer?.headers).toMatchObject({ 'x-pod': 'web-1', 'x-version': 'v7', 'x-pod-hash': 'abc' });
  });

  test('belongs to the workload that owns its ReplicaSet', async () => {
    const { pod } = await worldWith({ hash: 'abc' });
    expect(identityOf(pod).workload).toBe('web');
    const labels = { 'pod-template-hash': 'x1' };
    const plain = { ...pod, metadata: { name: 'solo', labels } };
    expect(identityOf(plain)).toMatchObject({ workload: 'solo', podHash: 'x1' });
  });

  test.each([
    ['web', 'latest'],
    ['registry:5000/web', 'latest'],
    ['registry:5000/web:1.2', '1.2'],
    ['web:1.2@sha256:ab', '1.2'],
    ['web@sha256:ab', 'sha256:ab'],
  ])('of image %s has version %s', (image, version) => {
    expect(versionOf(image)).toBe(version);
  });

  test('fails the share of its requests that ERROR_RATE asks for, with 500', async () => {
    const { world } = await worldWith({ container: { env: env({ ERROR_RATE: '0.2' }) } });
    const answers = await world.send(2000, 'web.shop');
    const failed = answers.filter(({ status }) => status === 500);
    expect(Math.abs(failed.length / 2000 - 0.2)).toBeLessThan(0.04);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2000 - failed.length);
    expect(failed[0]).toMatchObject({ flags: '-', pod: 'web-1' });
  });

  test('takes its latency and up to its jitter to answer', async () => {
    const { clock, world } = await worldWith({ container: { env: env({ LATENCY_MS: '100', JITTER_MS: '50' }) } });
    const start = clock.now();
    const took: number[] = [];
    for (let i = 0; i < 200; i++)
      void world.gateway.send({ host: 'web.shop', path: '/' }).then(() => took.push(clock.now() - start));
    await clock.advance(99);
    expect(took).toEqual([]);
    await clock.advance(51);
    expect(took).toHaveLength(200);
    expect(Math.max(...took) - Math.min(...took)).toBeGreaterThan(40);
  });

  test('heeds its annotations at once, over its environment', async () => {
    const { clock, world, greet } = await worldWith({ container: { env: env({ ERROR_RATE: '1', GREETING: 'hi' }) } });
    expect(await greet()).toBe('500');
    const annotate = async (annotations: Record<string, string>): Promise<void> => {
      const live = world.store.get(POD, 'web-1', 'shop');
      if (live) world.store.update(POD, { ...live, metadata: { ...live.metadata, annotations } });
      await clock.advance(0);
    };
    await annotate({ 'kube-sandbox/error-rate': '0', 'kube-sandbox/latency-ms': '0' });
    expect(await greet()).toBe('hi');
    await annotate({});
    expect(await greet()).toBe('500');
  });

  test.each([
    [{ ERROR_RATE: 'often' }, 'environment variable ERROR_RATE is "often": write a number from 0 to 1'],
    [{ ERROR_RATE: '1.5' }, 'environment variable ERROR_RATE is "1.5": write a number from 0 to 1'],
    [{ LATENCY_MS: '-1' }, 'environment variable LATENCY_MS is "-1": write a number from 0 to 600000'],
  ])('with %j answers 500 and says what to write', async (values, message) => {
    const { world } = await worldWith({ container: { env: env(values) } });
    const [answer] = await world.send(1, 'web.shop');
    expect(answer?.status).toBe(500);
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ error: message });
  });
});

describe('the environment of a container', () => {
  const GREETINGS = configMap('greetings', { GREETING: 'from the map', polite: 'good day', ERROR_RATE: '0' });
  const SECRETS = secret('secrets', { GREETING: 'from the secret', whisper: 'psst' });
  const of = (container: Record<string, unknown>) => worldWith({ container }, [GREETINGS, SECRETS]);
  const named = (entry: object) => ({ env: [{ name: 'GREETING', ...entry }] });

  test.each([
    ['a ConfigMap key', named(fromKey('configMapKeyRef', 'greetings', 'polite')), 'good day'],
    ['a Secret key', named(fromKey('secretKeyRef', 'secrets', 'whisper')), 'psst'],
    ['a label', named({ valueFrom: { fieldRef: { fieldPath: `metadata.labels['${HASH}']` } } }), 'aaa'],
    ['the pod’s name', named({ valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }), 'web-1'],
    ['the pod’s address', named({ valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }), '10.0.0.1'],
    ['a whole ConfigMap', { envFrom: [{ configMapRef: { name: 'greetings' } }] }, 'from the map'],
    [
      'the last of several sources',
      { envFrom: [{ configMapRef: { name: 'greetings' } }, { secretRef: { name: 'secrets' } }] },
      'from the secret',
    ],
    [
      'its own entry before a source',
      { envFrom: [{ configMapRef: { name: 'greetings' } }], ...named({ value: 'mine' }) },
      'mine',
    ],
    [
      'a value made of earlier ones',
      {
        env: [
          { name: 'A', value: 'x' },
          { name: 'GREETING', value: '$(A)-$(B)-$$(A)' },
        ],
      },
      'x-$(B)-$(A)',
    ],
    ['a prefixed source', { envFrom: [{ prefix: 'GREET', configMapRef: { name: 'ing' } }] }, 'suffix'],
    [
      'nothing, where an optional source is absent',
      named(fromKey('configMapKeyRef', 'no', 'x', { optional: true })),
      '',
    ],
    [
      'nothing, where an optional key is absent',
      named(fromKey('secretKeyRef', 'secrets', 'x', { optional: true })),
      '',
    ],
  ])('takes %s', async (_what, container, greeting) => {
    const { greet } = await worldWith({ container }, [GREETINGS, SECRETS, configMap('ing', { ING: 'suffix' })]);
    expect(await greet()).toBe(greeting);
  });

  test('is read once, when the container starts: a later change waits for the next start', async () => {
    const { clock, world, pod, greet } = await of({ envFrom: [{ configMapRef: { name: 'greetings' } }] });
    world.apply(configMap('greetings', { GREETING: 'changed' }));
    await clock.advance(0);
    expect(await greet()).toBe('from the map');
    world.setReady(pod, true);
    await clock.advance(0);
    expect(await greet()).toBe('from the map');
    world.setReady(pod, true, 1);
    await clock.advance(0);
    expect(await greet()).toBe('changed');
  });

  test.each([
    ['configmap "absent" not found', { envFrom: [{ configMapRef: { name: 'absent' } }] }],
    ['secret "absent" not found', named(fromKey('secretKeyRef', 'absent', 'x'))],
    ["couldn't find key x in ConfigMap greetings", named(fromKey('configMapKeyRef', 'greetings', 'x'))],
  ])('that cannot be had keeps the container from starting: %s', async (problem, container) => {
    const { world, greet } = await of(container);
    expect(await greet()).toBe('503');
    expect(world.pods.problems()).toEqual([`pod shop/web-1: ${problem}`]);
  });

  test('that was missing lets the container start as soon as it is there', async () => {
    const { clock, world, greet } = await of({ envFrom: [{ configMapRef: { name: 'late' } }] });
    expect(await greet()).toBe('503');
    world.apply(configMap('late', { GREETING: 'at last' }));
    await clock.advance(0);
    expect(await greet()).toBe('at last');
    expect(world.pods.problems()).toEqual([]);
  });
});

describe('a pod’s server', () => {
  const gone = (world: MeshWorld, uid: string) =>
    world.pods.send(uid, { method: 'GET', path: '/', headers: {} }).then(
      () => 'answered',
      (error: Error) => error.name,
    );

  test('is there from the start of its container until the pod is gone', async () => {
    const { clock, world, pod } = await worldWith({});
    const uid = pod.metadata.uid ?? '';
    expect(await gone(world, uid)).toBe('answered');
    world.store.delete(POD, 'web-1', 'shop', { gracePeriodSeconds: 30 });
    await clock.advance(0);
    expect(await gone(world, uid)).toBe('answered');
    world.store.delete(POD, 'web-1', 'shop', { gracePeriodSeconds: 0 });
    await clock.advance(0);
    expect(await gone(world, uid)).toBe('PodGone');
  });

  test('is not there for a container that waits', async () => {
    const { clock, world, pod } = await worldWith({});
    const live = world.store.get(POD, 'web-1', 'shop');
    const status = { ...(live?.status as object) };
    const waiting = { name: 'web', image: 'x', imageID: '', ready: false, restartCount: 1 };
    const containerStatuses = [{ ...waiting, state: { waiting: { reason: 'CrashLoopBackOff' } } }];
    if (live) world.store.updateStatus(POD, { ...live, status: { ...status, containerStatuses } });
    await clock.advance(0);
    expect(await gone(world, pod.metadata.uid ?? '')).toBe('PodGone');
  });
});
