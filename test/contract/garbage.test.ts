// The contract of the garbage collector: what becomes of dependents by each way of deleting their owner.
import { describe, expect, test } from 'vitest';
import type { Reply } from './target.ts';
import { openNamespace } from './target.ts';

const NAMESPACE = `garbage-${process.pid}`;
const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const MERGE = { 'content-type': 'application/merge-patch+json' };

const target = openNamespace(NAMESPACE);

const made = async (name: string, metadata: object = {}): Promise<Reply['body']> => {
  const reply = await target.call('POST', MAPS, { metadata: { name, ...metadata } });
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body;
};
const owning = ({ metadata }: Reply['body'], more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: metadata.name,
  uid: metadata.uid,
  ...more,
});
const gone = (name: string): Promise<Reply> => target.eventually(`${MAPS}/${name}`, ({ status }) => status === 404);
const deleteBy = (name: string, propagationPolicy: string): Promise<Reply> =>
  target.call('DELETE', `${MAPS}/${name}`, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy });
const historyOf = async (names: string[], from: string): Promise<string[]> => {
  const events = await target.watch(`${MAPS}?watch=1&resourceVersion=${from}&timeoutSeconds=1`, Infinity);
  return events
    .filter(({ object }) => names.includes(object.metadata.name))
    .map(({ type, object }) => `${type} ${object.metadata.name}`);
};

describe('a deletion', () => {
  test('in the background takes the owner at once, and its dependents after it', async () => {
    const owner = await made('back');
    const dependent = await made('back-1', { ownerReferences: [owning(owner)] });
    const reply = await deleteBy('back', 'Background');
    expect(reply.body).toMatchObject({ status: 'Success', details: { name: 'back', kind: 'configmaps' } });
    await gone('back-1');
    const seen = await historyOf(['back', 'back-1'], dependent.metadata.resourceVersion);
    expect(seen).toEqual(['DELETED back', 'DELETED back-1']);
  });

  test('without a policy is one in the background', async () => {
    const owner = await made('plain');
    await made('plain-1', { ownerReferences: [owning(owner)] });
    expect((await target.call('DELETE', `${MAPS}/plain`)).body.status).toBe('Success');
    expect((await gone('plain-1')).body.reason).toBe('NotFound');
  });

  test('in the foreground waits for the dependents that block it', async () => {
    const owner = await made('fore');
    const blocking = owning(owner, { blockOwnerDeletion: true });
    const held = await made('fore-1', { ownerReferences: [blocking], finalizers: ['contract.sluice.dev/hold'] });
    const reply = await deleteBy('fore', 'Foreground');
    expect(reply.body.metadata).toMatchObject({ name: 'fore', finalizers: ['foregroundDeletion'] });
    await target.eventually(`${MAPS}/fore-1`, ({ body }) => body.metadata.deletionTimestamp !== undefined);
    expect((await target.call('GET', `${MAPS}/fore`)).body.metadata.deletionTimestamp).toBeDefined();
    await target.call('PATCH', `${MAPS}/fore-1`, { metadata: { finalizers: null } }, MERGE);
    await gone('fore');
    const seen = await historyOf(['fore', 'fore-1'], held.metadata.resourceVersion);
    expect(seen.filter((event) => event.startsWith('DELETED'))).toEqual(['DELETED fore-1', 'DELETED fore']);
  });

  test('that orphans leaves the dependents, without that owner', async () => {
    const owner = await made('left');
    await made('left-1', { ownerReferences: [owning(owner)] });
    const reply = await deleteBy('left', 'Orphan');
    expect(reply.body.metadata.finalizers).toEqual(['orphan']);
    await gone('left');
    const { body } = await target.call('GET', `${MAPS}/left-1`);
    expect(body.metadata.ownerReferences).toBeUndefined();
    expect(body.metadata.deletionTimestamp).toBeUndefined();
  });

  test('of one of two owners takes only the reference to it', async () => {
    const [first, second] = [await made('two-a'), await made('two-b')];
    await made('two-1', { ownerReferences: [owning(first), owning(second)] });
    await deleteBy('two-a', 'Background');
    const { body } = await target.eventually(
      `${MAPS}/two-1`,
      (reply) => reply.body.metadata?.ownerReferences?.length === 1,
    );
    expect(body.metadata.ownerReferences).toEqual([owning(second)]);
    await deleteBy('two-b', 'Background');
    await gone('two-1');
  });

  test('of the wrong object is refused', async () => {
    const { metadata } = await made('other');
    const wrong = await target.call('DELETE', `${MAPS}/other`, {
      preconditions: { uid: 'aaaaaaaa-0000-4000-8000-000000000000' },
      propagationPolicy: 'Background',
    });
    expect(wrong.body).toMatchObject({
      code: 409,
      reason: 'Conflict',
      details: { name: 'other', kind: 'ConfigMap' },
      message: `Operation cannot be fulfilled on ConfigMap "other": the UID in the precondition (aaaaaaaa-0000-4000-8000-000000000000) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    });
  });
});

test('an object whose owner never was is collected', async () => {
  const owner = await made('never');
  await deleteBy('never', 'Background');
  await made('never-1', { ownerReferences: [owning(owner)] });
  expect((await gone('never-1')).body.reason).toBe('NotFound');
});

test('an owner of the same name but another uid does not keep an object', async () => {
  const old = await made('renewed');
  await deleteBy('renewed', 'Background');
  await made('renewed');
  await made('renewed-1', { ownerReferences: [owning(old)] });
  await gone('renewed-1');
  expect((await target.call('GET', `${MAPS}/renewed`)).status).toBe(200);
});
