// The contract of workloads: how ReplicaSets, Deployments and Services move, as the sandbox and a real cluster show it to a watcher.
import { describe, expect, test } from 'vitest';
import type { Reply } from './target.ts';
import { openNamespace } from './target.ts';

type Loose = Reply['body'];

const NAMESPACE = `workloads-${process.pid}`;
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const SETS = `${APPS}/replicasets`;
const DEPLOYMENTS = `${APPS}/deployments`;
const PODS = `${CORE}/pods`;
const SLICES = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`;
const MERGE = { 'content-type': 'application/merge-patch+json' };

const target = openNamespace(NAMESPACE, { workloads: true });

const template = (app: string, image: string): Loose => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'web', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
});
const workload = (app: string, replicas: number, more: Loose = {}): Loose => ({
  metadata: { name: app },
  spec: { replicas, selector: { matchLabels: { app } }, template: template(app, 'web:v1'), ...more },
});

async function made(path: string, body: Loose): Promise<Loose> {
  const reply = await target.call('POST', path, body);
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body;
}

const patch = (path: string, body: Loose): Promise<Reply> => target.call('PATCH', path, body, MERGE);
const scale = (path: string, replicas: number): Promise<Reply> => patch(path, { spec: { replicas } });
const release = (app: string, image: string): Promise<Reply> =>
  patch(`${DEPLOYMENTS}/${app}`, { spec: { template: template(app, image) } });

const settledAt =
  (replicas: number) =>
  ({ body }: Reply): boolean =>
    body.status?.observedGeneration === body.metadata.generation &&
    body.status.replicas === replicas &&
    (body.status.availableReplicas ?? 0) === replicas &&
    (body.kind === 'ReplicaSet' || (body.status.updatedReplicas ?? 0) === replicas);

const of = (path: string, app: string): string => `${path}?labelSelector=app%3D${app}`;
const items = async (path: string, app: string): Promise<Loose[]> =>
  (await target.call('GET', of(path, app))).body.items;
const livePods = async (app: string): Promise<Loose[]> =>
  (await items(PODS, app)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);

/** What a watcher saw of the objects since that version. */
const history = (path: string, version: string): Promise<Loose[]> =>
  target.watch(
    `${path}${path.includes('?') ? '&' : '?'}watch=1&resourceVersion=${version}&timeoutSeconds=1`,
    Number.POSITIVE_INFINITY,
  );
const named = (events: Loose[], name: string): Loose[] =>
  events.map(({ object }) => object).filter(({ metadata }) => metadata.name === name);
const inTurn = <T>(values: T[]): T[] =>
  values.filter((value, i) => i === 0 || JSON.stringify(value) !== JSON.stringify(values[i - 1]));
const neverFalls = (values: number[]): boolean => values.every((value, i) => i === 0 || value >= (values[i - 1] ?? 0));
const reasonOf = (object: Loose, type: string): string =>
  object.status?.conditions?.find((c: Loose) => c.type === type)?.reason ?? 'none';

const eventsOf = (name: string): string => `${CORE}/events?fieldSelector=involvedObject.name%3D${name}`;
const told = (events: Loose[]): string[] =>
  events.map(({ reason, message }): string => `${reason}: ${message}`).toSorted();

describe('a ReplicaSet', () => {
  test('counts its pods in order: seen, made, ready', async () => {
    const set = await made(SETS, workload('order', 2));
    expect(set.status).toEqual({ replicas: 0 });
    await target.eventually(`${SETS}/order`, settledAt(2));
    const seen = inTurn(named(await history(SETS, set.metadata.resourceVersion), 'order').map(({ status }) => status));
    expect(seen[0]).toEqual({ replicas: 0, observedGeneration: 1 });
    expect(seen.at(-1)).toEqual({
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      observedGeneration: 1,
    });
    expect(neverFalls(seen.map(({ replicas }) => replicas))).toBe(true);
    expect(neverFalls(seen.map(({ readyReplicas = 0 }) => readyReplicas))).toBe(true);
  });

  test('makes pods that carry its template and name it as their controller', async () => {
    const set = await made(SETS, workload('made', 1));
    await target.eventually(`${SETS}/made`, settledAt(1));
    const [pod] = await items(PODS, 'made');
    expect(pod.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
    expect(pod.metadata).toMatchObject({ generateName: 'made-', labels: { app: 'made' } });
    expect(pod.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'made',
        uid: set.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    expect(pod.status).toMatchObject({ phase: 'Running', qosClass: 'BestEffort' });
    expect(pod.status.podIPs).toEqual([{ ip: pod.status.podIP }]);
    const types = pod.status.conditions.map((c: Loose) => `${c.type}=${c.status}`);
    expect(types).toEqual(expect.arrayContaining(['PodScheduled=True', 'ContainersReady=True', 'Ready=True']));
    expect(pod.status.containerStatuses[0]).toMatchObject({ name: 'web', ready: true, restartCount: 0 });
  });

  test('follows its scale, and keeps nothing but the count at zero', async () => {
    await made(SETS, workload('scaled', 1));
    await scale(`${SETS}/scaled`, 3);
    await target.eventually(`${SETS}/scaled`, settledAt(3));
    expect(await livePods('scaled')).toHaveLength(3);
    await scale(`${SETS}/scaled`, 0);
    const { body } = await target.eventually(`${SETS}/scaled`, settledAt(0));
    expect(body.status).toEqual({ replicas: 0, observedGeneration: 3 });
    expect(await livePods('scaled')).toEqual([]);
  });

  test('replaces a pod that is lost', async () => {
    await made(SETS, workload('lost', 2));
    const { body: before } = await target.eventually(`${SETS}/lost`, settledAt(2));
    const [first] = await items(PODS, 'lost');
    await target.call('DELETE', `${PODS}/${first.metadata.name}`, { gracePeriodSeconds: 0 });
    const isReplaced = (pods: Loose[]): boolean =>
      pods.length === 2 &&
      pods.every((pod) => pod.metadata.uid !== first.metadata.uid && pod.status.phase === 'Running');
    await target.eventually(of(PODS, 'lost'), ({ body }) => isReplaced(body.items));
    await target.eventually(`${SETS}/lost`, settledAt(2));
    const seen = named(await history(SETS, before.metadata.resourceVersion), 'lost');
    expect(seen.map(({ status }) => status.replicas)).toContain(1);
  });

  test('has no ready pod while the image is missing', async () => {
    await made(SETS, workload('missing', 1, { template: template('missing', 'shop/does-not-exist:v1') }));
    const { body } = await target.eventually(of(PODS, 'missing'), ({ body: pods }) =>
      pods.items.some((pod: Loose) => pod.status.containerStatuses !== undefined),
    );
    const [pod] = body.items;
    expect(pod.status.phase).toBe('Pending');
    expect(pod.status.containerStatuses[0]).toMatchObject({
      ready: false,
      state: { waiting: { reason: 'ErrImagePull' } },
    });
    const set = await target.eventually(`${SETS}/missing`, (reply) => reply.body.status.replicas === 1);
    expect(set.body.status).toEqual({ replicas: 1, fullyLabeledReplicas: 1, observedGeneration: 1 });
  });

  test('takes in a matching pod of nobody, and lets go of one that stops matching', async () => {
    await made(PODS, { metadata: { name: 'lone', labels: { app: 'adopt' } }, spec: template('adopt', 'web:v1').spec });
    await made(SETS, workload('adopt', 1));
    const { body: adopted } = await target.eventually(
      `${PODS}/lone`,
      ({ body }) => body.metadata.ownerReferences !== undefined,
    );
    expect(adopted.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', name: 'adopt', controller: true }]);
    expect(await items(PODS, 'adopt')).toHaveLength(1);
    await patch(`${PODS}/lone`, { metadata: { labels: { app: 'debug' } } });
    await target.eventually(`${PODS}/lone`, ({ body }) => body.metadata.ownerReferences === undefined);
    await target.eventually(of(PODS, 'adopt'), ({ body }) => body.items.length === 1);
  });

  test('says in Events which pods it made and deleted', async () => {
    const set = await made(SETS, workload('told', 2));
    await target.eventually(`${SETS}/told`, settledAt(2));
    const pods = (await items(PODS, 'told')).map(({ metadata }) => metadata.name);
    await scale(`${SETS}/told`, 1);
    await target.eventually(`${SETS}/told`, settledAt(1));
    const [kept] = await livePods('told');
    const { body } = await target.eventually(eventsOf('told'), ({ body: list }) => list.items.length === 3);
    expect(told(body.items)).toEqual(
      [
        ...pods.map((pod) => `SuccessfulCreate: Created pod: ${pod}`),
        `SuccessfulDelete: Deleted pod: ${pods.find((pod) => pod !== kept.metadata.name)}`,
      ].toSorted(),
    );
    const [event] = body.items;
    expect(event.metadata.name).toMatch(/^told\.[0-9a-f]{16}$/);
    expect(event).toMatchObject({
      type: 'Normal',
      count: 1,
      source: { component: 'replicaset-controller' },
      reportingComponent: 'replicaset-controller',
      reportingInstance: '',
      eventTime: null,
      involvedObject: {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'told',
        namespace: NAMESPACE,
        uid: set.metadata.uid,
        resourceVersion: expect.stringMatching(/^\d+$/),
      },
    });
    expect(event.firstTimestamp).toBe(event.lastTimestamp);
  });

  test('tells of many pods at once in one Event', async () => {
    await made(SETS, workload('many', 12));
    const { body } = await target.eventually(eventsOf('many'), ({ body: list }) =>
      list.items.some(({ count }: Loose) => count === 3),
    );
    expect(body.items).toHaveLength(10);
    const combined = body.items.filter(({ message }: Loose) => message.startsWith('(combined from similar events): '));
    expect(combined.map(({ count, reason }: Loose) => [count, reason])).toEqual([[3, 'SuccessfulCreate']]);
    await scale(`${SETS}/many`, 0);
  });

  test('goes with its pods', async () => {
    await made(SETS, workload('gone', 2));
    await target.eventually(`${SETS}/gone`, settledAt(2));
    await target.call('DELETE', `${SETS}/gone`, { propagationPolicy: 'Background' });
    await target.eventually(of(PODS, 'gone'), ({ body }) => body.items.length === 0);
    expect((await target.call('GET', `${SETS}/gone`)).status).toBe(404);
  });
});

describe('a Deployment', () => {
  test('tells of its first rollout in order', async () => {
    const deployment = await made(DEPLOYMENTS, workload('first', 2));
    expect(deployment.status).toEqual({});
    const { body: done } = await target.eventually(`${DEPLOYMENTS}/first`, settledAt(2));
    const seen = named(await history(DEPLOYMENTS, deployment.metadata.resourceVersion), 'first');
    expect(seen[0].metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
    expect(seen[0].status.observedGeneration).toBeUndefined();
    expect(inTurn(seen.map((object) => reasonOf(object, 'Progressing')))).toEqual([
      'NewReplicaSetCreated',
      'ReplicaSetUpdated',
      'NewReplicaSetAvailable',
    ]);
    expect(inTurn(seen.map((object) => reasonOf(object, 'Available')))).toEqual([
      'none',
      'MinimumReplicasUnavailable',
      'MinimumReplicasAvailable',
    ]);
    expect(seen[1].status).toMatchObject({ unavailableReplicas: 2 });
    expect(seen[1].status.replicas).toBeUndefined();
    const { conditions, observedGeneration: _generation, ...counts } = done.status;
    expect(counts).toEqual({ replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 });
    const [set] = await items(SETS, 'first');
    expect(conditions.map((c: Loose) => [c.type, c.status, c.reason, c.message])).toEqual([
      ['Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.'],
      [
        'Progressing',
        'True',
        'NewReplicaSetAvailable',
        `ReplicaSet "${set.metadata.name}" has successfully progressed.`,
      ],
    ]);
  });

  test('counts changes of its spec and its annotations, but no annotation that came with its status', async () => {
    await made(DEPLOYMENTS, workload('counted', 1));
    const { body: settled } = await target.eventually(`${DEPLOYMENTS}/counted`, settledAt(1));
    expect(settled.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
    expect(settled.metadata.generation).toBe(1);
    const note = { metadata: { annotations: { note: 'by status' }, labels: { note: 'no' } } };
    const { body: noted } = await patch(`${DEPLOYMENTS}/counted/status`, note);
    expect(noted.metadata).toMatchObject({ generation: 1, annotations: { note: 'by status' } });
    expect(noted.metadata.labels).toBeUndefined();
    const { body: annotated } = await patch(`${DEPLOYMENTS}/counted`, { metadata: { annotations: { note: 'own' } } });
    expect(annotated.metadata.generation).toBe(2);
  });

  test('names its ReplicaSet by the hash of the template and notes its sizes', async () => {
    const deployment = await made(DEPLOYMENTS, workload('hash', 2));
    await target.eventually(`${DEPLOYMENTS}/hash`, settledAt(2));
    const [set] = await items(SETS, 'hash');
    const hash = set.metadata.labels['pod-template-hash'];
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]+$/);
    expect(set.metadata.name).toBe(`hash-${hash}`);
    expect(set.metadata.annotations).toEqual({
      'deployment.kubernetes.io/desired-replicas': '2',
      'deployment.kubernetes.io/max-replicas': '3',
      'deployment.kubernetes.io/revision': '1',
    });
    expect(set.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: 'hash',
        uid: deployment.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    const labels = { app: 'hash', 'pod-template-hash': hash };
    expect(set.spec.selector.matchLabels).toEqual(labels);
    expect(set.spec.template.metadata.labels).toEqual(labels);
  });

  test('moves to a new template by its surge, and goes back to the ReplicaSet it had', async () => {
    await made(DEPLOYMENTS, workload('rolled', 3));
    await target.eventually(`${DEPLOYMENTS}/rolled`, settledAt(3));
    const [old] = await items(SETS, 'rolled');
    const before = await target.call('GET', of(SETS, 'rolled'));
    await release('rolled', 'web:v2');
    const { body: done } = await target.eventually(`${DEPLOYMENTS}/rolled`, settledAt(3));
    expect(done.metadata.annotations['deployment.kubernetes.io/revision']).toBe('2');
    const sets = await items(SETS, 'rolled');
    const fresh = sets.find(({ metadata }) => metadata.uid !== old.metadata.uid);
    const events = await history(of(SETS, 'rolled'), before.body.metadata.resourceVersion);
    const sizes = (name: string): number[] => inTurn(named(events, name).map(({ spec }) => spec.replicas));
    expect(sizes(fresh.metadata.name)).toEqual([1, 2, 3]);
    expect(sizes(old.metadata.name)).toEqual([2, 1, 0]);
    await release('rolled', 'web:v1');
    await target.eventually(`${DEPLOYMENTS}/rolled`, settledAt(3));
    const { body: back } = await target.call('GET', `${SETS}/${old.metadata.name}`);
    expect(back.spec.replicas).toBe(3);
    expect(back.metadata.annotations['deployment.kubernetes.io/revision']).toBe('3');
    expect(await items(SETS, 'rolled')).toHaveLength(2);
  });

  test('says in Events how it sized its ReplicaSets', async () => {
    await made(DEPLOYMENTS, workload('sized', 1));
    await target.eventually(`${DEPLOYMENTS}/sized`, settledAt(1));
    const [old] = await items(SETS, 'sized');
    await release('sized', 'web:v2');
    await target.eventually(`${DEPLOYMENTS}/sized`, settledAt(1));
    const fresh = (await items(SETS, 'sized')).find(({ metadata }) => metadata.uid !== old.metadata.uid);
    const { body } = await target.eventually(eventsOf('sized'), ({ body: list }) => list.items.length === 3);
    const [before, after] = [old.metadata.name, fresh.metadata.name];
    expect(told(body.items)).toEqual(
      [
        `ScalingReplicaSet: Scaled up replica set ${before} from 0 to 1`,
        `ScalingReplicaSet: Scaled up replica set ${after} from 0 to 1`,
        `ScalingReplicaSet: Scaled down replica set ${before} from 1 to 0`,
      ].toSorted(),
    );
    expect(body.items[0]).toMatchObject({
      source: { component: 'deployment-controller' },
      involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACE },
    });
  });

  test('keeps its old pods while the new ones cannot start, and says so at the deadline', async () => {
    await made(DEPLOYMENTS, workload('stuck', 4, { progressDeadlineSeconds: 1, minReadySeconds: 0 }));
    await target.eventually(`${DEPLOYMENTS}/stuck`, settledAt(4));
    await release('stuck', 'shop/does-not-exist:v2');
    // The deadline of a second may pass, by whole seconds, before the counts have come to rest.
    const counts = { replicas: 5, updatedReplicas: 2, availableReplicas: 3, unavailableReplicas: 2 };
    const { body } = await target.eventually(
      `${DEPLOYMENTS}/stuck`,
      ({ body: now }) =>
        reasonOf(now, 'Progressing') === 'ProgressDeadlineExceeded' &&
        Object.entries(counts).every(([name, count]) => now.status[name] === count),
    );
    expect(reasonOf(body, 'Available')).toBe('MinimumReplicasAvailable');
  });

  test('follows its scale down to zero', async () => {
    await made(DEPLOYMENTS, workload('zero', 2));
    await target.eventually(`${DEPLOYMENTS}/zero`, settledAt(2));
    await scale(`${DEPLOYMENTS}/zero`, 0);
    const { body } = await target.eventually(
      `${DEPLOYMENTS}/zero`,
      ({ body: now }) =>
        now.status.observedGeneration === now.metadata.generation &&
        now.status.replicas === undefined &&
        now.status.availableReplicas === undefined,
    );
    const { conditions: _conditions, observedGeneration: _generation, ...counts } = body.status;
    expect(counts).toEqual({});
  });

  test('by Recreate has no pod of the new template before the last old one is gone', async () => {
    await made(DEPLOYMENTS, workload('again', 2, { strategy: { type: 'Recreate' } }));
    await target.eventually(`${DEPLOYMENTS}/again`, settledAt(2));
    const { body: before } = await target.call('GET', of(PODS, 'again'));
    await release('again', 'web:v2');
    await target.eventually(`${DEPLOYMENTS}/again`, settledAt(2));
    const events = await history(of(PODS, 'again'), before.metadata.resourceVersion);
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === 'DELETED')).toHaveLength(2);
    expect(types.indexOf('ADDED')).toBeGreaterThan(types.lastIndexOf('DELETED'));
  });

  test('does not begin a rollout while it is paused', async () => {
    await made(DEPLOYMENTS, workload('paused', 1));
    await target.eventually(`${DEPLOYMENTS}/paused`, settledAt(1));
    await patch(`${DEPLOYMENTS}/paused`, { spec: { paused: true, template: template('paused', 'web:v2') } });
    const { body } = await target.eventually(
      `${DEPLOYMENTS}/paused`,
      (reply) => reasonOf(reply.body, 'Progressing') === 'DeploymentPaused',
    );
    expect(body.status.conditions.find((c: Loose) => c.type === 'Progressing').status).toBe('Unknown');
    expect(await items(SETS, 'paused')).toHaveLength(1);
    await patch(`${DEPLOYMENTS}/paused`, { spec: { paused: false } });
    await target.eventually(
      `${DEPLOYMENTS}/paused`,
      (reply) => reasonOf(reply.body, 'Progressing') === 'NewReplicaSetAvailable',
    );
    expect((await livePods('paused')).map(({ spec }) => spec.containers[0].image)).toEqual(['web:v2']);
  });
});

describe('a Service', () => {
  const slicesOf = (name: string): string => `${SLICES}?labelSelector=kubernetes.io%2Fservice-name%3D${name}`;

  test('has an EndpointSlice that follows its pods', async () => {
    const service = await made(`${CORE}/services`, {
      metadata: { name: 'backed', labels: { team: 'shop' } },
      // Early addresses, because a real server lists other pods only when their node exists.
      spec: {
        selector: { app: 'backed' },
        publishNotReadyAddresses: true,
        ports: [{ name: 'http', port: 80, targetPort: 'http' }],
      },
    });
    const { body: empty } = await target.eventually(slicesOf('backed'), ({ body }) => body.items.length === 1);
    const [slice] = empty.items;
    expect(slice.metadata.name).toMatch(/^backed-[a-z0-9]{5}$/);
    expect(slice.metadata.labels).toEqual({
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'kubernetes.io/service-name': 'backed',
      team: 'shop',
    });
    expect(slice.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Service',
        name: 'backed',
        uid: service.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    expect(slice).toMatchObject({ addressType: 'IPv4', endpoints: null, ports: null });
    await made(SETS, workload('backed', 1));
    const { body: full } = await target.eventually(
      slicesOf('backed'),
      ({ body }) => body.items[0]?.endpoints?.[0]?.conditions.serving === true,
    );
    const [pod] = await items(PODS, 'backed');
    expect(full.items[0].ports).toEqual([{ name: 'http', protocol: 'TCP', port: 8080 }]);
    expect(full.items[0].endpoints[0]).toMatchObject({
      addresses: [pod.status.podIP],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace: NAMESPACE, name: pod.metadata.name, uid: pod.metadata.uid },
    });
    await scale(`${SETS}/backed`, 0);
    await target.eventually(slicesOf('backed'), ({ body }) => body.items[0]?.endpoints === null);
    await target.call('DELETE', `${CORE}/services/backed`);
    await target.eventually(slicesOf('backed'), ({ body }) => body.items.length === 0);
  });
});
