// The CRDs on an API server: accepted, and refusing what is wrong, in the sandbox as on a real one.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { customResourceDefinitions } from '../../src/api/crd.ts';
import { RESOURCES } from '../../src/api/names.ts';
import { BAD_OBJECTS } from './bad-objects.ts';
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

it.each(customResourceDefinitions())('takes $metadata.name from a second manager without a conflict', async (crd) => {
  const path = `${CRDS}/${crd.metadata.name}?fieldManager=sluice-contract-second`;
  const applied = await target.call('PATCH', path, crd, { 'content-type': 'application/apply-patch+yaml' });
  expect(applied.body.message).toBeUndefined();
  expect(applied.status).toBe(200);
});
