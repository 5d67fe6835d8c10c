// The contract of the scale subresource of built-in workloads, through which autoscalers write.
import { describe, expect, test } from 'vitest';
import type { Reply } from './target.ts';
import { openNamespace } from './target.ts';

const NAMESPACE = `scale-${process.pid}`;
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const MERGE = { 'content-type': 'application/merge-patch+json' };

const target = openNamespace(NAMESPACE, { workloads: true });

const labels = { app: 'web', tier: 'front' };
const workload = (name: string, replicas: number): object => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: labels, matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'api'] }] },
    template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:v1' }] } },
  },
});
const made = async (path: string, name: string, replicas: number): Promise<Reply['body']> => {
  const reply = await target.call('POST', path, workload(name, replicas));
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body;
};

describe.each(['replicasets', 'deployments'])('the scale of %s', (plural) => {
  const path = `${APPS}/${plural}`;

  test('shows replicas and selector', async () => {
    const { metadata } = await made(path, 'shown', 1);
    const { body } = await target.eventually(`${path}/shown/scale`, (reply) => reply.body.status.replicas === 1);
    expect(body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: {
        name: 'shown',
        namespace: NAMESPACE,
        uid: metadata.uid,
        creationTimestamp: metadata.creationTimestamp,
      },
      spec: { replicas: 1 },
    });
    expect(['app in (api,web),app=web,tier=front', 'app=web,app in (api,web),tier=front']).toContain(
      body.status.selector,
    );
    expect(Object.keys(body.metadata).toSorted()).toEqual(
      ['creationTimestamp', 'name', 'namespace', 'resourceVersion', 'uid'].toSorted(),
    );
  });

  test('is written by PUT and PATCH; only the replicas and the generation change', async () => {
    await made(path, 'written', 0);
    const { body: scale } = await target.call('GET', `${path}/written/scale`);
    expect(scale.spec).toEqual({});
    const { resourceVersion: _any, ...metadata } = scale.metadata;
    const put = await target.call('PUT', `${path}/written/scale`, { ...scale, metadata, spec: { replicas: 2 } });
    expect(put.body).toMatchObject({ kind: 'Scale', spec: { replicas: 2 } });
    const patched = await target.call('PATCH', `${path}/written/scale`, { spec: { replicas: 1 } }, MERGE);
    expect(patched.body).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } });
    const { body } = await target.call('GET', `${path}/written`);
    expect(body.spec.replicas).toBe(1);
    expect(body.metadata.generation).toBe(3);
    const owned = body.metadata.managedFields.filter((entry: Reply['body']) => entry.subresource === 'scale');
    expect(owned.map((entry: Reply['body']) => entry.fieldsV1)).toEqual([{ 'f:spec': { 'f:replicas': {} } }]);
  });

  test('refuses a stale version and a negative number', async () => {
    await made(path, 'refused', 0);
    const { body: scale } = await target.call('GET', `${path}/refused/scale`);
    const old = { ...scale, metadata: { ...scale.metadata, resourceVersion: '1' }, spec: { replicas: 1 } };
    const stale = await target.call('PUT', `${path}/refused/scale`, old);
    expect(stale.body).toMatchObject({ code: 409, reason: 'Conflict', details: { name: 'refused', kind: plural } });
    const negative = await target.call('PATCH', `${path}/refused/scale`, { spec: { replicas: -1 } }, MERGE);
    expect(negative.body).toMatchObject({
      code: 422,
      message:
        'Scale.autoscaling "refused" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    });
  });

  test('is missing where the object is', async () => {
    const reply = await target.call('GET', `${path}/nobody/scale`);
    expect(reply.body).toMatchObject({ code: 404, message: `${plural}.apps "nobody" not found` });
  });
});
