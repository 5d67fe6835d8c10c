import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { changedFields, declaredFields, isLiveAsDeclared } from '../../../src/application/sync/difference.ts';

const object = (spec: unknown, metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'x', ...metadata },
  spec,
});

describe('The fields that an apply would change', () => {
  it('are none where the server answers with the object that is there', () => {
    const live = object({ a: 1 }, { resourceVersion: '5', generation: 3, managedFields: [{ manager: 'a' }] });
    const dry = object({ a: 1 }, { resourceVersion: '5', generation: 4, managedFields: [{ manager: 'b' }] });
    expect(changedFields({ ...live, status: { ready: 1 } }, { ...dry, status: { ready: 2 } })).toEqual([]);
  });

  it('are set, removed and changed fields, by path and by the names of items', () => {
    const live = object({ template: { containers: [{ name: 'web', image: 'a', tty: true }] }, gone: 1 });
    const dry = object({ template: { containers: [{ name: 'web', image: 'b' }] }, come: 1 });
    expect(changedFields(live, dry).sort()).toEqual([
      'spec.come',
      'spec.gone',
      'spec.template.containers[web].image',
      'spec.template.containers[web].tty',
    ]);
  });

  it('are items that were put in, taken out or put in another order', () => {
    const named = (...names: string[]): KubeObject => object({ http: names.map((name) => ({ name })) });
    expect(changedFields(named('a', 'b'), named('b', 'a'))).toEqual(['spec.http']);
    expect(changedFields(named('x', 'a'), named('a'))).toEqual(['spec.http[x]']);
    expect(changedFields(object({ args: ['a', 'b'] }), object({ args: ['b', 'a'] }))).toEqual([
      'spec.args[0]',
      'spec.args[1]',
    ]);
    expect(changedFields(object({ args: ['a'] }), object({ args: [] }))).toEqual(['spec.args']);
  });

  it('are told by place where names do not tell items apart', () => {
    const parents = (...sections: string[]): KubeObject =>
      object({ parentRefs: sections.map((sectionName) => ({ name: 'gateway', sectionName })) });
    expect(changedFields(parents('http', 'https'), parents('http', 'https'))).toEqual([]);
    expect(changedFields(parents('http', 'https'), parents('http', 'other'))).toEqual([
      'spec.parentRefs[1].sectionName',
    ]);
  });

  it('are texts that only look like numbers, and empty values', () => {
    const data = (version: string): KubeObject => ({ ...object({}), data: { version } });
    expect(changedFields(data('1.10'), data('1.1'))).toEqual(['data.version']);
    expect(changedFields(object({ a: {} }), object({}))).toEqual(['spec.a']);
    expect(changedFields(object({ a: false }), object({ a: 0 }))).toEqual(['spec.a']);
  });

  it('are labels and annotations that were changed, but never what the server writes', () => {
    const live = object({}, { labels: { team: 'a' }, uid: '1', creationTimestamp: 'x' });
    expect(changedFields(live, object({}, { labels: { team: 'b' } }))).toEqual(['metadata.labels.team']);
  });
});

describe('What is declared is live just so', () => {
  it('where every declared value is, whatever else the server has put beside it', () => {
    expect(isLiveAsDeclared({ a: { b: 1 } }, { a: { b: 1, defaulted: true } })).toBe(true);
  });

  it('but not where a list has another length, or a value another spelling', () => {
    expect(isLiveAsDeclared({ a: [1] }, { a: [1, 2] })).toBe(false);
    expect(isLiveAsDeclared({ cpu: 0.5 }, { cpu: '500m' })).toBe(false);
    expect(isLiveAsDeclared({ a: null }, {})).toBe(false);
  });

  it('and what is not is named', () => {
    expect(declaredFields(object({ a: 1, b: { c: 2 } }), object({ a: 1, b: { c: 3 } }))).toEqual(['spec.b.c']);
  });
});
