import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { declaredFields } from '../../../src/application/sync/declared-fields.ts';
import { changedFields, isLiveAsDeclared } from '../../../src/application/sync/difference.ts';

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
});

describe('Where the server cannot be asked, a declared field has been changed', () => {
  const one = { name: 'a', image: 'a:1' };
  const two = { name: 'b', image: 'b:1' };
  const item = (...names: string[]) =>
    Object.fromEntries(['.', ...names.map((name) => `f:${name}`)].map((k) => [k, {}]));
  const items = { 'k:{"name":"a"}': item('name', 'image'), 'k:{"name":"b"}': item('name', 'image') };
  const entry = (fieldsV1: object) => ({ manager: 'sluice-agent', operation: 'Apply', fieldsV1 });
  const changed = (declared: object, live: object, ours: object): string[] =>
    declaredFields(object(declared), object(live, { managedFields: [entry({ 'f:spec': { '.': {}, ...ours } })] }));

  it.each([
    ['when its value is another and somebody else has it', { a: 1, b: { c: 2 } }, { a: 1, b: { c: 3 } }, { 'f:a': {} }, ['spec.b.c']],
    ['not when it is still ours: the server has normalised it', { cpu: 0.5 }, { cpu: '500m' }, { 'f:cpu': {} }, []],
    ['not when nothing was declared and nothing is there', { env: [], labels: {}, x: null }, {}, {}, []],
    ['when it was removed', { a: 1 }, {}, {}, ['spec.a']],
    ['when a part of an item is', { list: [one] }, { list: [{ ...one, image: 'x' }] }, { 'f:list': { 'k:{"name":"a"}': item('name') } }, ['spec.list[a].image']],
    ['when an item is gone', { list: [one, two] }, { list: [one] }, { 'f:list': { 'k:{"name":"a"}': items['k:{"name":"a"}'] } }, ['spec.list[b]']],
    ['when items have changed places', { list: [one, two] }, { list: [two, one] }, { 'f:list': items }, ['spec.list']],
    ['not when somebody has put an item beside', { list: [two] }, { list: [one, two, { name: 'c' }] }, { 'f:list': items }, []],
    ['when a member of a set is gone', { set: ['x', 'y'] }, { set: ['x'] }, { 'f:set': { 'v:"x"': {} } }, ['spec.set[y]']],
    ['when an atomic list is somebody else’s', { list: ['x'] }, { list: ['y'] }, {}, ['spec.list']],
    ['not by the default of a part of its key', { ports: [{ port: 80 }] }, { ports: [{ port: 80, protocol: 'TCP' }] }, { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': item('port') } }, []],
  ])('%s', (...[, declared, live, ours, fields]) => {
    expect(changed(declared, live, ours)).toEqual(fields);
  }); // prettier-ignore
});
