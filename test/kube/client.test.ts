import { describe, expect, it } from 'vitest';
import { RESOURCES } from '../../src/api/names.ts';
import { actingAs, serviceAccountUser } from '../../src/kube/acting-as.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { errorFromResponse } from '../../src/kube/errors.ts';
import { LostLeadership } from '../../src/kube/lease.ts';
import { eventRecorder } from '../../src/kube/events.ts';
import { fenced } from '../../src/kube/fenced-client.ts';
import { silentLog } from '../../src/ports/log.ts';
import { ScriptedTransport } from '../support/scripted-transport.ts';
import type { Reply } from '../support/scripted-transport.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

const status = (code: number, reason: string): Reply => ({
  status: code,
  json: { kind: 'Status', code, reason, message: reason },
});

function world(...replies: (Reply | Error)[]) {
  const transport = new ScriptedTransport(() => replies.shift() ?? {});
  const records: unknown[] = [];
  const clock = new VirtualClock();
  const client = kubeClient({ transport, version: '1', clock, onRequest: (record) => records.push(record) });
  return { transport, client, records, clock };
}

describe('the client', () => {
  it('lists in pages of 500, names the kind of every item, and begins anew when a page has expired', async () => {
    const page = (name: string, token: string): Reply => ({
      json: { metadata: { continue: token, resourceVersion: '9' }, items: [{ metadata: { name } }] },
    });
    const { client, transport } = world(page('a', 't1'), status(410, 'Expired'), page('a', 't2'), page('b', ''));
    const { items, resourceVersion } = await client.list(RESOURCES.replicaSets, { labelSelector: 'app=web' });
    expect(items.map((each) => `${each.apiVersion} ${each.kind} ${each.metadata.name}`)).toEqual([
      'apps/v1 ReplicaSet a',
      'apps/v1 ReplicaSet b',
    ]);
    expect(resourceVersion).toBe('9');
    expect(transport.requests[3]!.path).toBe('/apis/apps/v1/replicasets?limit=500&continue=t2&labelSelector=app%3Dweb');
  });

  it('sends each patch with its own content type', async () => {
    const { client, transport } = world();
    const at = { name: 'web', namespace: 'shop', body: {} };
    await client.patch(RESOURCES.rollouts, { ...at, type: 'json' });
    await client.patch(RESOURCES.rollouts, { ...at, type: 'merge', subresource: 'status' });
    await client.patch(RESOURCES.rollouts, { ...at, type: 'apply', fieldManager: 'm', force: true, dryRun: true });
    expect(transport.requests.map(({ path, headers }) => `${headers!['content-type']} ${path}`)).toEqual([
      'application/json-patch+json /apis/sluice.dev/v1alpha1/namespaces/shop/rollouts/web',
      'application/merge-patch+json /apis/sluice.dev/v1alpha1/namespaces/shop/rollouts/web/status',
      'application/apply-patch+yaml /apis/sluice.dev/v1alpha1/namespaces/shop/rollouts/web?fieldManager=m&dryRun=All&force=true',
    ]);
  });

  it('takes a missing object as no object, deletes with preconditions, and counts its requests', async () => {
    const { client, transport, records } = world(status(404, 'NotFound'), {}, status(404, 'NotFound'));
    expect(await client.get(RESOURCES.services, 'web', 'shop')).toBeUndefined();
    expect(await client.delete(RESOURCES.services, 'web', 'shop', { uid: 'u' })).toBe(true);
    expect(await client.delete(RESOURCES.services, 'web', 'shop')).toBe(false);
    expect(JSON.parse(transport.requests[1]!.body!).preconditions).toEqual({ uid: 'u' });
    expect(records[0]).toEqual({ verb: 'get', resource: 'services', status: 404, durationMs: 0 });
  });

  it('acts as another user on every verb, through the fence too, and asks discovery as itself', async () => {
    const { client, transport } = world();
    const deployer = serviceAccountUser('shop', 'deployer');
    const acting = actingAs(fenced(client, { fence: () => {}, marginMs: () => 5_000 }), deployer);
    const web = { metadata: { name: 'web', namespace: 'shop' } };
    await acting.get(RESOURCES.services, 'web', 'shop');
    await acting.list(RESOURCES.services);
    await acting.create(RESOURCES.services, web, { dryRun: true });
    await acting.update(RESOURCES.services, web);
    await acting.patch(RESOURCES.services, { name: 'web', namespace: 'shop', type: 'merge', body: {} });
    await acting.delete(RESOURCES.services, 'web', 'shop', { dryRun: true });
    await acting.raw({ method: 'GET', path: '/version' });
    await acting.watch(RESOURCES.services, {})[Symbol.asyncIterator]().next().catch(() => {}); // prettier-ignore
    const users = transport.requests.map(({ headers }) => headers!['impersonate-user']);
    expect(users).toEqual(Array(8).fill('system:serviceaccount:shop:deployer'));
    await acting.discover().catch(() => []);
    expect(transport.requests.slice(8).map(({ headers }) => headers!['impersonate-user'])).not.toContain(deployer);
    expect(transport.requests[5]!.path).toBe('/api/v1/namespaces/shop/services/web?dryRun=All');
  });

  it('lets nobody who acts as one user name another, or none', async () => {
    const { client, transport } = world();
    const acting = actingAs(client, 'system:serviceaccount:shop:deployer');
    await acting.get(RESOURCES.secrets, 'a', 'shop', { as: 'system:serviceaccount:kube-system:root' });
    await acting.raw({ method: 'GET', path: '/', headers: { 'impersonate-user': 'admin' } });
    expect(transport.requests.map(({ headers }) => headers!['impersonate-user'])).toEqual(
      Array(2).fill('system:serviceaccount:shop:deployer'),
    );
    await expect(client.get(RESOURCES.secrets, 'a', 'shop', { as: '' })).rejects.toThrow('has no name');
    expect(transport.requests).toHaveLength(2);
  });

  it('writes nothing through a fence that has fallen', async () => {
    const { client, transport } = world();
    const lease = { fence: () => { throw new LostLeadership('lost'); }, marginMs: () => 0 }; // prettier-ignore
    const guarded = fenced(client, lease);
    await expect(guarded.create(RESOURCES.services, { metadata: { name: 'a' } })).rejects.toThrow(LostLeadership);
    await expect(guarded.delete(RESOURCES.services, 'a', 'shop')).rejects.toThrow(LostLeadership);
    await guarded.get(RESOURCES.services, 'a', 'shop');
    expect(transport.requests.map((request) => request.method)).toEqual(['GET']);
  });
});

describe('the event recorder', () => {
  const web = { apiVersion: 'v1', kind: 'Rollout', metadata: { name: 'web', namespace: 'shop', uid: 'u' } };
  const said = { type: 'Normal', reason: 'Promoted', message: 'done' } as const;

  it('counts repeats on one object, and does a keyed event once', async () => {
    const { client, transport, clock } = world({}, {}, {}, status(409, 'AlreadyExists'));
    const recorder = eventRecorder({ client, clock, random: () => 0, log: silentLog, instance: 'p' });
    recorder.emit(web, said);
    recorder.emit(web, said);
    await recorder.flush();
    recorder.emit(web, said);
    await recorder.flush();
    const bodies = transport.requests.map(({ method, body }) => [method, JSON.parse(body!).count]);
    expect(bodies).toEqual([['POST', 2], ['PATCH', 3]]); // prettier-ignore
    recorder.emit(web, { ...said, key: 'abort-1' });
    await recorder.flush();
    recorder.emit(web, { ...said, key: 'abort-1' });
    await recorder.flush();
    expect(transport.requests).toHaveLength(3);
  });

  it('never throws into its caller, whatever the server says', async () => {
    const { client, clock } = world(status(403, 'Forbidden'));
    const recorder = eventRecorder({ client, clock, random: () => 0, log: silentLog, instance: 'p' });
    expect(() => recorder.emit(web, said)).not.toThrow();
    await recorder.flush();
    await recorder.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('a refusal', () => {
  it('is called by a word of Kubernetes, whatever an admission webhook calls it', () => {
    const body = (reason: string) => JSON.stringify({ kind: 'Status', reason, message: 'no', code: 422 });
    expect(errorFromResponse(422, {}, body('AlreadyExists')).reason).toBe('AlreadyExists');
    expect(errorFromResponse(422, {}, body('the password is hunter2')).reason).toBe('Invalid');
    expect(errorFromResponse(418, {}, body('Teapot')).reason).toBe('Unknown');
  });

  it('in plain words is cut before a word, half of which nobody could know for a secret', () => {
    const { message } = errorFromResponse(503, {}, `${'word '.repeat(59)}hunter2-token and more`);
    expect(message.endsWith('word …')).toBe(true);
  });
});
