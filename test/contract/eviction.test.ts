// The contract of evictions: PodDisruptionBudgets count the pods they are about and allow what is to spare.
import { describe, expect, test } from 'vitest';
import type { Reply } from './target.ts';
import { openNamespace } from './target.ts';

type Loose = Reply['body'];

const NAMESPACE = `eviction-${process.pid}`;
const SETS = `/apis/apps/v1/namespaces/${NAMESPACE}/replicasets`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const BUDGETS = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`;

const target = openNamespace(NAMESPACE, { workloads: true });

const workload = (app: string, replicas: number): object => ({
  metadata: { name: app },
  spec: {
    replicas,
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'web', image: 'web:v1' }] } },
  },
});
const made = async (path: string, body: object): Promise<Loose> => {
  const reply = await target.call('POST', path, body);
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body;
};
const budget = (app: string, bound: object): object => ({
  metadata: { name: app },
  spec: { ...bound, selector: { matchLabels: { app } } },
});
const counted = (app: string, healthy: number): Promise<Reply> =>
  target.eventually(
    `${BUDGETS}/${app}`,
    ({ body }) => body.status.observedGeneration === 1 && body.status.currentHealthy === healthy,
  );
const evict = (name: string): Promise<Reply> =>
  target.call('POST', `${PODS}/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: NAMESPACE },
  });
const useImage = (app: string, image: string): Promise<Reply> => {
  const containers = [{ name: 'web', image }];
  const merge = { 'content-type': 'application/merge-patch+json' };
  return target.call('PATCH', `${SETS}/${app}`, { spec: { template: { spec: { containers } } } }, merge);
};
/** Those that are not on their way out. */
const podsOf = async (app: string): Promise<string[]> => {
  const { body } = await target.call('GET', `${PODS}?labelSelector=app%3D${app}`);
  const live = body.items.filter(({ metadata }: Loose) => metadata.deletionTimestamp === undefined);
  return live.map(({ metadata }: Loose) => metadata.name);
};

describe('an eviction', () => {
  test('is refused while the budget has nothing to spare', async () => {
    await made(SETS, workload('tight', 2));
    await made(BUDGETS, budget('tight', { minAvailable: 2 }));
    const { body } = await counted('tight', 2);
    expect(body.status).toEqual({
      observedGeneration: 1,
      disruptionsAllowed: 0,
      currentHealthy: 2,
      desiredHealthy: 2,
      expectedPods: 2,
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'False',
          observedGeneration: 1,
          lastTransitionTime: expect.stringMatching(/Z$/),
          reason: 'InsufficientPods',
          message: '',
        },
      ],
    });
    const [pod = ''] = await podsOf('tight');
    const refused = await evict(pod);
    expect(refused.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      reason: 'TooManyRequests',
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget tight needs 2 healthy pods and has 2 currently',
          },
        ],
      },
      code: 429,
    });
  });

  test('of one to spare is allowed once, and again when the pod was replaced', async () => {
    await made(SETS, workload('spare', 3));
    await made(BUDGETS, budget('spare', { minAvailable: 2 }));
    expect((await counted('spare', 3)).body.status).toMatchObject({ disruptionsAllowed: 1, desiredHealthy: 2 });
    const pods = await podsOf('spare');
    // What replaces a pod must not be ready before the others were asked for.
    await useImage('spare', 'shop/does-not-exist:v1');
    const answers = await Promise.all(pods.map(evict));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 429, 429]);
    await counted('spare', 2);
    const left = await podsOf('spare');
    expect(pods.filter((pod) => left.includes(pod))).toHaveLength(2);
    await useImage('spare', 'web:v1');
    for (const pod of left.filter((name) => !pods.includes(name))) await target.call('DELETE', `${PODS}/${pod}`);
    const { body } = await counted('spare', 3);
    expect(body.status).toMatchObject({ disruptionsAllowed: 1, conditions: [{ reason: 'SufficientPods' }] });
  });

  test.each([
    ['minAvailable', '50%', 2],
    ['maxUnavailable', '34%', 1],
    ['maxUnavailable', 1, 2],
  ])('is measured by what the owner asks for: %s %s of three', async (field, bound, desiredHealthy) => {
    const app = `share-${String(bound).replace('%', '')}`;
    await made(DEPLOYMENTS, workload(app, 3));
    await made(BUDGETS, budget(app, { [field]: bound }));
    const { body } = await counted(app, 3);
    expect(body.status).toMatchObject({
      expectedPods: 3,
      desiredHealthy,
      disruptionsAllowed: 3 - desiredHealthy,
    });
  });

  test('of a pod that no budget is about is free', async () => {
    await made(SETS, workload('free', 1));
    const { body } = await target.eventually(
      `${PODS}?labelSelector=app%3Dfree`,
      (reply) => reply.body.items.length === 1,
    );
    const answer = await evict(body.items[0].metadata.name);
    expect(answer.body).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
  });
});
