import { describe, expect, it } from 'vitest';
import { keepWriter, withWriter, writerOf } from '../../src/controller/driven-writer.ts';

const at = (second: number): string => `2026-01-01T00:00:0${second}Z`;
const entry = (manager: string, fieldsV1: object, time = at(1), more: object = {}): object => ({
  manager,
  operation: 'Update',
  time,
  fieldsV1,
  ...more,
});
const object = (kind: string, ...managedFields: object[]) => ({ kind, metadata: { name: 'web', managedFields } });

const HTTP = { 'f:spec': { 'f:http': {} } };
const SELECTOR = { 'f:spec': { 'f:selector': {} } };
const REPLICAS = { 'f:spec': { 'f:replicas': {} } };

describe('who wrote the driven fields last, beside this controller,', () => {
  it.each<[string, object, string | undefined]>([
    ['holds the weights', object('VirtualService', entry('operator', HTTP)), 'operator'],
    ['holds a selector whole', object('Service', entry('operator', SELECTOR)), 'operator'],
    [
      'has scaled by the scale subresource',
      object('ReplicaSet', entry('hpa', REPLICAS, at(1), { subresource: 'scale' })),
      'hpa',
    ],
    [
      'holds the spec of a kind that is not known here',
      object('TraefikService', entry('operator', { 'f:spec': { 'f:x': {} } })),
      'operator',
    ],
    ['is the latest of several', object('VirtualService', entry('late', HTTP, at(2)), entry('early', HTTP)), 'late'],
    ['is nobody where it holds them alone', object('Service', entry('sluice-controller', SELECTOR)), undefined],
    [
      'is nobody who holds other fields',
      object('Service', entry('operator', { 'f:spec': { 'f:ports': {} } })),
      undefined,
    ],
    [
      'is nobody who wrote the status alone',
      object('ReplicaSet', entry('kcm', REPLICAS, at(1), { subresource: 'status' })),
      undefined,
    ],
  ])('%s', (_what, given, writer) => {
    expect(writerOf(given as never)).toBe(writer);
    expect(writerOf(keepWriter(given as never))).toBe(writer);
  });
});

describe('what a cache keeps of it', () => {
  it('is shared between objects, and one name beside what else is kept', () => {
    const owned = [entry('sluice-controller', { 'f:metadata': {} })];
    const [a, b] = [entry('operator', HTTP), entry('operator', HTTP, at(3))].map((each) =>
      object('VirtualService', each),
    );
    const kept = withWriter(a as never, owned);
    expect(withWriter(b as never, owned)).toBe(kept);
    expect(kept).toEqual([...owned, { manager: 'operator', operation: 'Driven', fieldsV1: {} }]);
    expect(withWriter(object('VirtualService'), owned)).toBe(owned);
    expect(keepWriter(object('VirtualService', entry('sluice-controller', HTTP))).metadata).toEqual({ name: 'web' });
  });
});
