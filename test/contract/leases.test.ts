// The contract of Leases, as an election relies on it.
import { describe, expect, test } from 'vitest';
import type { Reply } from './target.ts';
import { openNamespace } from './target.ts';

const NAMESPACE = `leases-${process.pid}`;
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;

const target = openNamespace(NAMESPACE);

const lease = (name: string, spec: object = {}): Reply['body'] => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: '2026-11-21T07:00:00.000000Z',
    renewTime: '2026-11-21T07:00:00.123000Z',
    leaseTransitions: 0,
    ...spec,
  },
});

describe('a Lease', () => {
  test('is created once, and keeps its times to six decimals', async () => {
    const made = await target.call('POST', LEASES, lease('first'));
    expect(made.status).toBe(201);
    expect(made.body.spec).toEqual(lease('first').spec);
    expect(made.body.metadata.generation).toBeUndefined();
    const again = await target.call('POST', LEASES, lease('first'));
    expect(again.body).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'leases.coordination.k8s.io "first" already exists',
    });
  });

  test('is renewed by whoever names its version, and a stale renewal conflicts', async () => {
    const { body: made } = await target.call('POST', LEASES, lease('renewed'));
    const next = { ...made, spec: { ...made.spec, renewTime: '2026-11-21T07:00:02.000000Z' } };
    const renewed = await target.call('PUT', `${LEASES}/renewed`, next);
    expect(renewed.body.spec.renewTime).toBe('2026-11-21T07:00:02.000000Z');
    expect(Number(renewed.body.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
    const stale = await target.call('PUT', `${LEASES}/renewed`, {
      ...made,
      spec: { ...made.spec, holderIdentity: 'b' },
    });
    expect(stale.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'Operation cannot be fulfilled on leases.coordination.k8s.io "renewed": the object has been modified; please apply your changes to the latest version and try again',
      reason: 'Conflict',
      details: { name: 'renewed', group: 'coordination.k8s.io', kind: 'leases' },
      code: 409,
    });
  });

  test('that was deleted and made anew does not take the renewal of the old one', async () => {
    const { body: old } = await target.call('POST', LEASES, lease('anew'));
    await target.call('DELETE', `${LEASES}/anew`);
    await target.call('POST', LEASES, lease('anew', { holderIdentity: 'b' }));
    const renewal = await target.call('PUT', `${LEASES}/anew`, old);
    expect(renewal.body).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((await target.call('GET', `${LEASES}/anew`)).body.spec.holderIdentity).toBe('b');
  });

  test('is given back with an empty holder', async () => {
    const { body: made } = await target.call('POST', LEASES, lease('freed'));
    const spec = { ...made.spec, holderIdentity: '', leaseDurationSeconds: 1 };
    const freed = await target.call('PUT', `${LEASES}/freed`, { ...made, spec });
    expect(freed.status).toBe(200);
    expect(freed.body.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
  });

  test('is created by a PUT that finds none', async () => {
    expect((await target.call('PUT', `${LEASES}/put`, lease('put'))).status).toBe(201);
  });

  test('takes times with six decimals only', async () => {
    const bad = await target.call('POST', LEASES, lease('coarse', { renewTime: '2026-11-21T07:00:00Z' }));
    expect(bad.body).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'Lease in version "v1" cannot be handled as a Lease: parsing time "2026-11-21T07:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    });
  });

  test('lasts some time', async () => {
    const bad = await target.call('POST', LEASES, lease('brief', { leaseDurationSeconds: 0 }));
    expect(bad.body).toMatchObject({
      code: 422,
      message:
        'Lease.coordination.k8s.io "brief" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    });
  });
});
