// The contract of Jobs: pods until enough succeeded or too many failed, and a status that counts each once.
import { describe, expect, test } from 'vitest';
import type { Reply } from './target.ts';
import { openNamespace } from './target.ts';

type Loose = Reply['body'];

const NAMESPACE = `jobs-${process.pid}`;
const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const EVENTS = `/api/v1/namespaces/${NAMESPACE}/events`;

const target = openNamespace(NAMESPACE, { workloads: true });

async function made(name: string, command: string, more: object = {}): Promise<Loose> {
  const container = { name: 'c', image: 'job:v1', command: ['sh', '-c', command] };
  const template = { spec: { restartPolicy: 'Never', containers: [container] } };
  const reply = await target.call('POST', JOBS, { metadata: { name }, spec: { template, ...more } });
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body;
}
const ended =
  (type: string) =>
  ({ body }: Reply): boolean =>
    body.status.conditions?.some((c: Loose) => c.type === type && c.status === 'True') === true;
const conditions = ({ status }: Loose): string[] =>
  (status.conditions ?? []).map((c: Loose) => `${c.type}=${c.status}(${c.reason}, ${c.message})`);
const podsOf = async (name: string): Promise<Loose[]> =>
  (await target.call('GET', `${PODS}?labelSelector=batch.kubernetes.io%2Fjob-name%3D${name}`)).body.items;
const eventsOf = async (name: string, count: number): Promise<string[]> => {
  const path = `${EVENTS}?fieldSelector=involvedObject.name%3D${name}`;
  const { body } = await target.eventually(path, (reply) => reply.body.items.length === count);
  return body.items.map((event: Loose): string => `${event.type} ${event.reason}: ${event.message}`).toSorted();
};

describe('a Job', () => {
  test('names its pods first and counts them then, and is complete', async () => {
    const job = await made('good', 'sleep 1; exit 0');
    expect(job.status).toEqual({});
    const { body } = await target.eventually(`${JOBS}/good`, ended('Complete'), 10_000);
    const DONE = '(CompletionsReached, Reached expected number of succeeded pods)';
    expect(conditions(body)).toEqual([`SuccessCriteriaMet=True${DONE}`, `Complete=True${DONE}`]);
    const { conditions: _conditions, startTime, completionTime, ...counts } = body.status;
    expect(counts).toEqual({ succeeded: 1, terminating: 0, ready: 0, uncountedTerminatedPods: {} });
    expect(Date.parse(completionTime) - Date.parse(startTime)).toBeGreaterThanOrEqual(1_000);
    const [pod] = await podsOf('good');
    expect(pod.status.phase).toBe('Succeeded');
    expect(pod.metadata.finalizers).toBeUndefined();
    expect(pod.metadata.ownerReferences).toMatchObject([{ kind: 'Job', name: 'good', controller: true }]);
    expect(await eventsOf('good', 2)).toEqual([
      'Normal Completed: Job completed',
      `Normal SuccessfulCreate: Created pod: ${pod.metadata.name}`,
    ]);
    const path = `${JOBS}?watch=1&resourceVersion=${job.metadata.resourceVersion}&timeoutSeconds=1`;
    const seen = (await target.watch(path, Infinity))
      .map(({ object }) => object)
      .filter((o) => o.metadata.name === 'good');
    expect(seen[0].status).toMatchObject({ active: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(seen.some(({ status }) => status.active === 1 && status.ready === 1)).toBe(true);
    expect(seen.at(-2).status.uncountedTerminatedPods).toEqual({ succeeded: [pod.metadata.uid] });
    expect(seen.at(-2).status.succeeded).toBeUndefined();
  });

  test('fails when more pods failed than it may have', async () => {
    await made('bad', 'sleep 1; exit 1', { backoffLimit: 0 });
    const { body } = await target.eventually(`${JOBS}/bad`, ended('Failed'), 10_000);
    const WORN = '(BackoffLimitExceeded, Job has reached the specified backoff limit)';
    expect(conditions(body)).toEqual([`FailureTarget=True${WORN}`, `Failed=True${WORN}`]);
    const { conditions: _conditions, startTime: _start, ...counts } = body.status;
    expect(counts).toEqual({ failed: 1, terminating: 0, ready: 0, uncountedTerminatedPods: {} });
    const [pod] = await podsOf('bad');
    expect(pod.status.phase).toBe('Failed');
    expect(await eventsOf('bad', 2)).toEqual([
      `Normal SuccessfulCreate: Created pod: ${pod.metadata.name}`,
      'Warning BackoffLimitExceeded: Job has reached the specified backoff limit',
    ]);
  });

  test('runs as many pods at a time as it may, until all its completions are there', async () => {
    await made('many', 'sleep 1; exit 0', { completions: 3, parallelism: 2 });
    await target.eventually(`${JOBS}/many`, ({ body }) => body.status.active === 2);
    const { body } = await target.eventually(`${JOBS}/many`, ended('Complete'), 15_000);
    expect(body.status.succeeded).toBe(3);
    expect(await podsOf('many')).toHaveLength(3);
  });

  test('ends its pods when it has been active for too long', async () => {
    await made('late', 'sleep 60', { activeDeadlineSeconds: 1 });
    const { body } = await target.eventually(`${JOBS}/late`, ended('Failed'), 10_000);
    const LATE = '(DeadlineExceeded, Job was active longer than specified deadline)';
    expect(conditions(body)).toEqual([`FailureTarget=True${LATE}`, `Failed=True${LATE}`]);
    const { conditions: _conditions, startTime: _start, ...counts } = body.status;
    expect(counts).toEqual({ failed: 1, terminating: 0, ready: 0, uncountedTerminatedPods: {} });
    expect(await podsOf('late')).toEqual([]);
    const events = await eventsOf('late', 3);
    expect(events.map((event) => event.split(':')[0])).toEqual([
      'Normal SuccessfulCreate',
      'Normal SuccessfulDelete',
      'Warning DeadlineExceeded',
    ]);
  });

  test('takes its pods with it when it is deleted', async () => {
    await made('gone', 'sleep 60');
    await target.eventually(`${JOBS}/gone`, ({ body }) => body.status.active === 1);
    await target.call('DELETE', `${JOBS}/gone`, { propagationPolicy: 'Background' });
    const path = `${PODS}?labelSelector=batch.kubernetes.io%2Fjob-name%3Dgone`;
    const { body } = await target.eventually(path, (reply) => reply.body.items.length === 0);
    expect(body.items).toEqual([]);
  });
});
