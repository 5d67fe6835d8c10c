// The CRDs on an API server: accepted, and refusing what is wrong, in the sandbox as on a real one.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { customResourceDefinitions } from '../../src/api/crd.ts';
import { RESOURCES } from '../../src/api/names.ts';
import { BAD_OBJECTS, LATE_OBJECTS, rollout } from './bad-objects.ts';
import { openTarget, type Target } from './target.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const OBJECTS = '/apis/sluice.dev/v1alpha1/namespaces/default';
const PLURAL = new Map<unknown, string>(Object.values(RESOURCES).map(({ kind, plural }) => [kind, plural]));

let target: Target;
beforeAll(async () => {
  target = openTarget();
  for (const crd of customResourceDefinitions()) {
    const path = `${CRDS}/${crd.metadata.name}?fieldManager=sluice-contract&force=true`;
    const applied = await target.call('PATCH', path, crd, { 'content-type': 'application/apply-patch+yaml' });
    if (applied.status >= 300) throw new Error(`${crd.metadata.name} was refused: ${JSON.stringify(applied.body)}`);
    await target.eventually(`${CRDS}/${crd.metadata.name}`, ({ body }) =>
      (body.status?.conditions ?? []).some(
        (condition: { type: string; status: string }) =>
          condition.type === 'Established' && condition.status === 'True',
      ),
    );
  }
});
afterAll(() => target.close());

it.each(BAD_OBJECTS)('refuses $title', async ({ object, field, message }) => {
  const path = `${OBJECTS}/${PLURAL.get(object['kind']) ?? ''}?dryRun=All`;
  const reply = await target.call('POST', path, object);
  expect(reply.status).toBe(422);
  expect(reply.body.details.causes).toEqual([
    expect.objectContaining({ field, message: expect.stringContaining(message) }),
  ]);
});

it.each(LATE_OBJECTS)('takes $title, which the controller refuses', async ({ object }) => {
  const reply = await target.call('POST', `${OBJECTS}/${PLURAL.get(object['kind']) ?? ''}?dryRun=All`, object);
  expect(reply.body.message).toBeUndefined();
  expect(reply.status).toBe(201);
});

it.each(customResourceDefinitions())('takes $metadata.name from a second manager without a conflict', async (crd) => {
  const path = `${CRDS}/${crd.metadata.name}?fieldManager=sluice-contract-second`;
  const applied = await target.call('PATCH', path, crd, { 'content-type': 'application/apply-patch+yaml' });
  expect(applied.body.message).toBeUndefined();
  expect(applied.status).toBe(200);
});

it('keeps the selector of a Rollout as it is', async () => {
  const name = `contract-${process.pid}`;
  const made = await target.call('POST', `${OBJECTS}/rollouts`, { ...rollout({}), metadata: { name } });
  expect(made.status).toBe(201);
  const patch = { spec: { selector: { matchLabels: { app: 'other' } } } };
  const merge = { 'content-type': 'application/merge-patch+json' };
  const refused = await target.call('PATCH', `${OBJECTS}/rollouts/${name}`, patch, merge);
  await target.call('DELETE', `${OBJECTS}/rollouts/${name}`);
  expect(refused.status).toBe(422);
  expect(refused.body.message).toContain('selector is immutable');
});

// A garbage collector looks for new kinds twice a minute.
const COLLECTOR_MS = 60_000;

it('lets the ReplicaSets of a Rollout go with it', async () => {
  const name = `owner-${process.pid}`;
  const SETS = '/apis/apps/v1/namespaces/default/replicasets';
  const { body: owner } = await target.call('POST', `${OBJECTS}/rollouts`, { ...rollout({}), metadata: { name } });
  const { apiVersion, kind, metadata, spec } = owner;
  const reference = { apiVersion, kind, name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
  const { selector, template } = spec;
  const set = { metadata: { name, ownerReferences: [reference] }, spec: { replicas: 0, selector, template } };
  expect((await target.call('POST', SETS, set)).status).toBe(201);
  await target.call('DELETE', `${OBJECTS}/rollouts/${name}`, { propagationPolicy: 'Background' });
  const gone = await target.eventually(`${SETS}/${name}`, ({ status }) => status === 404, COLLECTOR_MS);
  expect(gone.body.reason).toBe('NotFound');
});
