// Every kind of request that Sluice makes, by its own client: what it relies on, stated once more in its own words.
import { describe, expect, test } from 'vitest';
import { RESOURCES } from '../../src/api/names.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { ApiError, isAlreadyExists, isConflict, isNotFound } from '../../src/kube/errors.ts';
import { eventRecorder } from '../../src/kube/events.ts';
import { LeaseElection } from '../../src/kube/lease.ts';
import type { WatchEvent } from '../../src/kube/types.ts';
import { WatchCache } from '../../src/kube/watch-cache.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { Log } from '../../src/ports/log.ts';
import type { Reply } from './target.ts';
import { openNamespace } from './target.ts';

const NAMESPACE = `requests-${process.pid}`;
const MAPS = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
const PODS = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };

const target = openNamespace(NAMESPACE);
const client = kubeClient({ transport: target.transport, version: 'contract' });
const lines: string[] = [];
const note = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') } as unknown as Log;

const map = (name: string, data: Record<string, string> = {}): Reply['body'] => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: NAMESPACE },
  data,
});
const refusal = async (call: Promise<unknown>): Promise<ApiError> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};
const at = { namespace: NAMESPACE, fieldManager: 'sluice' };

describe("Sluice's client", () => {
  test('creates once, reads, and finds nothing where nothing is', async () => {
    const made = await client.create(MAPS, map('once', { a: '1' }), { fieldManager: 'sluice' });
    expect(made.metadata.uid).toBeDefined();
    expect(isAlreadyExists(await refusal(client.create(MAPS, map('once'))))).toBe(true);
    expect(await client.get(MAPS, 'once', NAMESPACE)).toMatchObject({ data: { a: '1' } });
    expect(await client.get(MAPS, 'nobody', NAMESPACE)).toBeUndefined();
  });

  test('has a stale update and a stale patch refused as conflicts', async () => {
    const made = await client.create(MAPS, map('stale'));
    const { resourceVersion } = made.metadata;
    await client.patch(MAPS, { ...at, name: 'stale', type: 'merge', body: { data: { a: '1' } } });
    expect(isConflict(await refusal(client.update(MAPS, made)))).toBe(true);
    const body = { metadata: { resourceVersion }, data: { a: '2' } };
    expect(isConflict(await refusal(client.patch(MAPS, { ...at, name: 'stale', type: 'merge', body })))).toBe(true);
    const lost = await refusal(client.patch(MAPS, { ...at, name: 'nobody', type: 'merge', body: {} }));
    expect(isNotFound(lost)).toBe(true);
  });

  test('has a JSON patch whose test fails refused whole, as invalid', async () => {
    await client.create(MAPS, map('tested', { a: '1' }));
    const body = [
      { op: 'test', path: '/data/a', value: 'other' },
      { op: 'replace', path: '/data/a', value: '2' },
    ];
    const error = await refusal(client.patch(MAPS, { ...at, name: 'tested', type: 'json', body }));
    expect([error.status, error.reason]).toEqual([422, 'Invalid']);
    expect(await client.get(MAPS, 'tested', NAMESPACE)).toMatchObject({ data: { a: '1' } });
  });

  test('applies by force, and learns from the version whether anything changed', async () => {
    const request = { ...at, name: 'applied', type: 'apply', body: map('applied', { a: '1' }), force: true } as const;
    const first = await client.patch(MAPS, request);
    const again = await client.patch(MAPS, request);
    expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    await client.patch(MAPS, {
      ...at,
      fieldManager: 'hand',
      name: 'applied',
      type: 'merge',
      body: { data: { a: '9' } },
    });
    expect(await client.patch(MAPS, request)).toMatchObject({ data: { a: '1' } });
    const { metadata } = again;
    const old = { ...request.body, metadata: { ...request.body.metadata, resourceVersion: metadata.resourceVersion } };
    expect(isConflict(await refusal(client.patch(MAPS, { ...request, body: old })))).toBe(true);
  });

  test('applies a Secret of text and reads it as bytes', async () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'snap', namespace: NAMESPACE, labels: { a: 'b' } },
      type: 'sluice.dev/snapshot',
      data: { snapshot: Buffer.from('{"a":1}').toString('base64') },
    };
    await client.patch(RESOURCES.secrets, { ...at, name: 'snap', type: 'apply', body: secret, force: true });
    expect(await client.get(RESOURCES.secrets, 'snap', NAMESPACE)).toMatchObject({
      data: secret.data,
      type: secret.type,
    });
  });

  test('deletes the very object it means, once', async () => {
    const made = await client.create(MAPS, map('gone'));
    const wrong = client.delete(MAPS, 'gone', NAMESPACE, { uid: 'aaaaaaaa-0000-4000-8000-000000000000' });
    expect(isConflict(await refusal(wrong))).toBe(true);
    const { uid = '' } = made.metadata;
    expect(await client.delete(MAPS, 'gone', NAMESPACE, { uid, propagationPolicy: 'Background' })).toBe(true);
    expect(await client.delete(MAPS, 'gone', NAMESPACE)).toBe(false);
  });

  test('lists items with their kind, and watches from the version of the list', async () => {
    await client.create(MAPS, map('listed'));
    const list = await client.list(MAPS, { namespace: NAMESPACE, fieldSelector: 'metadata.name=listed' });
    expect(list.items).toMatchObject([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'listed' } }]);
    await client.patch(MAPS, { ...at, name: 'listed', type: 'merge', body: { data: { a: '1' } } });
    const events: WatchEvent<Reply['body']>[] = [];
    const options = { namespace: NAMESPACE, resourceVersion: list.resourceVersion, timeoutSeconds: 5 };
    for await (const event of client.watch<Reply['body']>(MAPS, options)) {
      events.push(event);
      if (events.length === 1) break;
    }
    expect(events).toMatchObject([{ type: 'MODIFIED', object: { kind: 'ConfigMap', metadata: { name: 'listed' } } }]);
  });

  test('finds kinds by discovery, with their scope and verbs', async () => {
    expect(await client.resourceFor('apps/v1', 'ReplicaSet')).toMatchObject({
      plural: 'replicasets',
      namespaced: true,
    });
    expect(await client.resourceFor('v1', 'Namespace')).toMatchObject({ plural: 'namespaces', namespaced: false });
    expect(await client.resourceFor('v1', 'Nothing')).toBeUndefined();
    const { verbs } = (await client.resourceFor('v1', 'ConfigMap')) ?? { verbs: [] };
    expect([...verbs].toSorted()).toEqual([
      'create',
      'delete',
      'deletecollection',
      'get',
      'list',
      'patch',
      'update',
      'watch',
    ]);
  });

  test('evicts a pod, and is told when it is gone already', async () => {
    const pod = (name: string): Reply['body'] => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: NAMESPACE, labels: { app: name } },
      spec: { containers: [{ name: 'web', image: 'web:v1' }] },
    });
    await client.create(PODS, pod('free'));
    const evict = (name: string) =>
      client.raw({
        method: 'POST',
        path: `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } }),
      });
    expect((await evict('free')).status).toBe(201);
    expect((await evict('nobody')).status).toBe(404);
  });
});

test('the recorder counts repeats on one Event, and writes a keyed one once', async () => {
  const options = { client, clock: systemClock, random: Math.random, log, instance: 'contract' };
  const about = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'told', namespace: NAMESPACE, uid: 'u1' } };
  const content = { type: 'Normal', reason: 'Repeated', message: 'again' } as const;
  for (let turn = 0; turn < 2; turn++) {
    // Another process knows nothing of what the first one wrote.
    const recorder = eventRecorder(options);
    recorder.emit(about, content);
    recorder.emit(about, { ...content, reason: 'Once', key: 'k1' });
    await recorder.flush();
    recorder.emit(about, content);
    await recorder.flush();
    await recorder.stop();
  }
  const { items } = await client.list<Reply['body']>(RESOURCES.events, {
    namespace: NAMESPACE,
    fieldSelector: 'involvedObject.name=told',
  });
  expect(items.map(({ reason, count }) => [reason, count]).toSorted((a, b) => a[1] - b[1])).toEqual([
    ['Once', 1],
    ['Repeated', 4],
  ]);
  expect(lines.filter((line) => line.includes('event'))).toEqual([]);
});

test('of two candidates one leads, and the other takes over when it gives the lease back', async () => {
  const times = { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 50 };
  const candidate = (identity: string): LeaseElection =>
    new LeaseElection({ client, clock: systemClock, log, namespace: NAMESPACE, name: 'leader', identity, ...times });
  const [first, second] = [candidate('first'), candidate('second')];
  const holds = (holder: string): Promise<Reply> =>
    target.eventually(
      `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/leader`,
      ({ body }) => body.spec?.holderIdentity === holder,
    );
  first.start();
  const { body: before } = await holds('first');
  second.start();
  await target.eventually(
    `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/leader`,
    ({ body }) => body.spec.renewTime !== before.spec.renewTime,
  );
  expect([first.isLeader(), second.isLeader()]).toEqual([true, false]);
  await first.stop();
  const { body } = await holds('second');
  expect(body.spec.leaseTransitions).toBe(1);
  await second.stop();
});

test('a watch cache follows what happens, in order', async () => {
  const selection = { namespace: NAMESPACE, labelSelector: 'cached=yes' };
  const cache = new WatchCache<Reply['body']>({
    client,
    resource: MAPS,
    clock: systemClock,
    random: () => 0.5,
    log,
    ...selection,
  });
  const seen: string[] = [];
  cache.onChange(({ type, object }) => void seen.push(`${type} ${object.metadata.name}`));
  cache.start();
  await target.eventually(`/api/v1/namespaces/${NAMESPACE}/configmaps`, () => cache.healthy());
  const labelled = map('cached');
  await client.create(MAPS, { ...labelled, metadata: { ...labelled.metadata, labels: { cached: 'yes' } } });
  await client.patch(MAPS, { ...at, name: 'cached', type: 'merge', body: { data: { a: '1' } } });
  await client.delete(MAPS, 'cached', NAMESPACE);
  await target.eventually(`/api/v1/namespaces/${NAMESPACE}/configmaps`, () => seen.length === 3);
  expect(seen).toEqual(['added cached', 'updated cached', 'deleted cached']);
  await cache.stop();
});
