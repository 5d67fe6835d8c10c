import { describe, expect, it } from 'vitest';
import type { ObjectMeta } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Canary, Rollout } from '../../src/api/rollout.ts';
import { driverOf } from '../../src/controller/driver-note.ts';
import { handBacks, ownedFields, type Handed } from '../../src/controller/hand-back.ts';

const CANARY: Canary = {
  canaryService: 'web-canary',
  stableService: 'web-stable',
  trafficRouting: { istio: { virtualService: { name: 'web' } } },
};
const rollout = (canary: unknown = CANARY, metadata: Partial<ObjectMeta> = {}): Rollout => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  spec: { selector: {}, template: {}, strategy: { canary: canary as Canary } },
});

const managed = (manager: string, fieldsV1: object): ObjectMeta['managedFields'] => [
  { manager, operation: 'Update', apiVersion: 'v1', fieldsV1 },
];
const service = (manager: string, name = 'web-stable', hash = 'abc'): Handed => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop', managedFields: managed(manager, { 'f:spec': { 'f:selector': {} } }) ?? [] },
  spec: { selector: { app: 'web', [POD_TEMPLATE_HASH]: hash } },
});
const route = (annotations: Record<string, string>, manager = 'sluice-controller'): Handed => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: {
    name: 'web',
    namespace: 'shop',
    annotations,
    managedFields:
      managed(manager, {
        'f:metadata': { 'f:annotations': Object.fromEntries(Object.keys(annotations).map((key) => [`f:${key}`, {}])) },
      }) ?? [],
  },
  spec: {
    http: [
      {
        route: [
          { destination: { host: 'web-stable' }, weight: 60 },
          { destination: { host: 'web-canary' }, weight: 40 },
        ],
      },
    ],
  },
});
const driver = driverOf(rollout().spec.strategy.canary ?? {});
const DRIVEN = {
  'sluice.dev/driven-by': JSON.stringify({ 'shop/web': driver }),
  'sluice.dev/rejected': JSON.stringify({ 'shop/web': 'abc-1' }),
};

describe('handing back', () => {
  it('lets a Service go whose selector nobody refers to any more', () => {
    const path = `/spec/selector/${POD_TEMPLATE_HASH}`;
    expect(handBacks([service('sluice-controller')], [])).toEqual([
      expect.objectContaining({
        name: 'web-stable',
        write: {
          type: 'json',
          body: [
            { op: 'test', path, value: 'abc' },
            { op: 'remove', path },
          ],
        },
      }),
    ]);
  });

  it.each(['rollouts-controller', 'kubectl-edit'])('never touches a hash that %s wrote', (manager) => {
    expect(handBacks([service(manager)], [])).toEqual([]);
  });

  it('leaves what a Rollout refers to', () => {
    expect(handBacks([service('sluice-controller'), route(DRIVEN)], [rollout()])).toEqual([]);
  });

  it('does not count a Rollout that is being deleted', () => {
    const going = rollout(CANARY, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(handBacks([service('sluice-controller')], [going])).toHaveLength(1);
  });

  it('touches nothing near a Rollout whose references cannot be read', () => {
    const broken = rollout({ ...CANARY, trafficRouting: { istio: { virtualServices: 7 } } });
    expect(handBacks([service('sluice-controller'), route(DRIVEN)], [broken])).toEqual([]);
  });

  it('sends the whole weight to the stable destination, and takes the marks away', () => {
    const [back] = handBacks([route(DRIVEN)], []);
    expect(back?.write?.body).toEqual(
      expect.arrayContaining([
        { op: 'replace', path: '/spec/http/0/route/0/weight', value: 100 },
        { op: 'replace', path: '/spec/http/0/route/1/weight', value: 0 },
        { op: 'remove', path: '/metadata/annotations/sluice.dev~1rejected' },
        { op: 'remove', path: '/metadata/annotations/sluice.dev~1driven-by' },
      ]),
    );
  });

  it('takes the marks away and says so where the weights cannot be told', () => {
    const [back] = handBacks([route({ 'sluice.dev/driven-by': '{"rollout": 7}', 'sluice.dev/rejected': 'abc-1' })], []);
    expect(back?.write?.body).toMatchObject([{ op: 'remove' }, { op: 'remove' }]);
    expect(back?.what).toBe('its marks are removed');
  });

  it('does not believe a mark that somebody else wrote', () => {
    expect(handBacks([route(DRIVEN, 'kubectl-edit')], [])).toEqual([]);
  });

  it('frees the subsets of a DestinationRule, keeping their other labels', () => {
    const rule: Handed = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: {
        name: 'web',
        namespace: 'shop',
        managedFields: managed('sluice-controller', { 'f:spec': { 'f:subsets': {} } }) ?? [],
      },
      spec: { subsets: [{ name: 'stable', labels: { tier: 'a', [POD_TEMPLATE_HASH]: 'abc' } }, { name: 'other' }] },
    };
    const path = `/spec/subsets/0/labels/${POD_TEMPLATE_HASH}`;
    expect(handBacks([rule], [])[0]?.write?.body).toEqual([
      { op: 'test', path, value: 'abc' },
      { op: 'remove', path },
    ]);
  });

  it('does routes first, Services last', () => {
    const order = handBacks([service('sluice-controller'), route(DRIVEN)], []).map(({ kind }) => kind);
    expect(order).toEqual(['VirtualService', 'Service']);
  });

  it('needs no more of managedFields than a cache keeps', () => {
    const whole = service('sluice-controller');
    const slim = { ...whole, metadata: { ...whole.metadata, managedFields: ownedFields(whole as never) ?? [] } };
    expect(handBacks([slim], [])).toEqual(handBacks([whole], []));
    expect(ownedFields(service('rollouts-controller') as never)).toBeUndefined();
  });
});
