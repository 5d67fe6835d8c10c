import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { needsReplacement } from '../../../src/application/revert/immutable.ts';

const map = (fields: Record<string, unknown>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c' },
  ...fields,
});
const secret = (fields: Record<string, unknown>): KubeObject => ({ ...map(fields), kind: 'Secret' });

describe('an object has to be made anew to go back', () => {
  it.each<[string, KubeObject, KubeObject, boolean]>([
    ['a map that is not marked', map({ data: { a: '1' } }), map({ data: { a: '2' } }), false],
    [
      'a map marked immutable, with other data',
      map({ immutable: true, data: { a: '1' } }),
      map({ data: { a: '2' } }),
      true,
    ],
    ['one whose mark goes', map({ immutable: true, data: { a: '1' } }), map({ data: { a: '1' } }), true],
    [
      'one that stays the same',
      map({ immutable: true, data: { a: '1' } }),
      map({ immutable: true, data: { a: '1' } }),
      false,
    ],
    [
      'one whose labels change',
      map({ immutable: true }),
      map({ immutable: true, metadata: { name: 'c', labels: { a: 'b' } } }),
      false,
    ],
    ['other binary data', map({ immutable: true, binaryData: { a: 'AA==' } }), map({ immutable: true }), true],
    [
      'a Secret with the same text',
      secret({ immutable: true, data: { a: 'eA==' } }),
      secret({ immutable: true, stringData: { a: 'x' } }),
      false,
    ],
    ['a Secret of another type', secret({ type: 'kubernetes.io/tls' }), secret({}), true],
    ['a Secret that says its default type', secret({ type: 'Opaque' }), secret({}), false],
    ['another kind', { ...map({ immutable: true }), kind: 'Job' }, { ...map({}), kind: 'Job' }, false],
  ])('%s', (_name, live, body, needed) => {
    expect(needsReplacement(live, body)).toBe(needed);
  });
});
