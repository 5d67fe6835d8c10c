// A dry run answers as the write itself would, and changes nothing.
import { beforeAll, describe, expect, it } from 'vitest';
import { clear, CORE, NAMESPACE, openTarget, prepare, widget, WIDGETS, type Reply } from './target.ts';
import { afterAll } from 'vitest';

const target = openTarget();
beforeAll(() => prepare(target));
afterAll(() => clear(target));

const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };

/** What comes of chance or time, left out. */
function comparable(object: Reply['body']): unknown {
  const { uid: _u, creationTimestamp: _c, resourceVersion: _v, managedFields, ...metadata } = object.metadata;
  const entries = (managedFields ?? []).map(({ time: _t, ...entry }: { time?: string }) => entry);
  const spec = { ...object.spec };
  for (const key of ['clusterIP', 'clusterIPs']) delete spec[key];
  return { ...object, metadata: { ...metadata, managedFields: entries }, spec };
}

const service = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: NAMESPACE },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...more },
});
const deployment = (name: string, image = 'web:1'): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image }] } },
  },
});
const autoscaler = (name: string): object => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name, namespace: NAMESPACE },
  spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' } },
});
const policy = (name: string): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: NAMESPACE },
  spec: { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] },
});
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const kinds: [kind: string, path: string, make: (name: string) => object][] = [
  ['a custom object', WIDGETS, (name) => widget(name, { items: [{ name: 'a' }], free: { any: null } })],
  ['a Service', `${CORE}/services`, service],
  ['a ConfigMap', `${CORE}/configmaps`, (name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } })],
  ['a NetworkPolicy', `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`, policy],
]; // prettier-ignore

/** Their controllers write to them at once: only their creation can be compared. */
const driven: typeof kinds = [
  ['a Deployment', `${APPS}/deployments`, deployment],
  ['an autoscaler', `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`, autoscaler],
];

describe.each([...kinds, ...driven])('of %s', (kind, path, make) => {
  it('a creation', async () => {
    const name = `created-${kind.split(' ').at(-1)?.toLowerCase() ?? ''}`;
    const tried = await target.call('POST', `${path}?dryRun=All`, make(name));
    expect(tried.status).toBe(201);
    expect(tried.body.metadata.resourceVersion).toBeUndefined();
    expect(tried.body.metadata.uid).toMatch(/-/);
    expect((await target.call('GET', `${path}/${name}`)).status).toBe(404);
    const done = await target.call('POST', path, make(name));
    expect(comparable(tried.body)).toEqual(comparable(done.body));
  });
});

it('shows what the server fills in', async () => {
  const hpa = await target.call('POST', `${driven[1]?.[1] ?? ''}?dryRun=All`, autoscaler('filled'));
  const target80 = { type: 'Utilization', averageUtilization: 80 };
  expect(hpa.body.spec).toEqual({
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' },
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: target80 } }],
  });
  expect(hpa.body.status).toEqual({ desiredReplicas: 0, currentMetrics: null });
  expect(hpa.body.metadata.generation).toBeUndefined();
  const netpol = await target.call('POST', `${kinds[3]?.[1] ?? ''}?dryRun=All`, policy('filled'));
  expect(netpol.body.spec).toEqual({
    podSelector: {},
    egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
    policyTypes: ['Ingress', 'Egress'],
  });
  expect(netpol.body.metadata.generation).toBe(1);
});

describe.each(kinds)('of %s', (kind, path, make) => {
  const nameOf = (way: string): string => `${way}-${kind.split(' ').at(-1)?.toLowerCase() ?? ''}`;

  it('an apply that makes it, one that changes it, and one that changes nothing', async () => {
    const at = `${path}/${nameOf('applied')}`;
    const body = make(nameOf('applied'));
    const apply = (query: string, object: object): Promise<Reply> =>
      target.call('PATCH', `${at}?fieldManager=m&force=true${query}`, object, APPLY);
    const tried = await apply('&dryRun=All', body);
    expect(tried.status).toBe(201);
    expect((await target.call('GET', at)).status).toBe(404);
    const done = await apply('', body);
    expect(comparable(tried.body)).toEqual(comparable(done.body));
    const labelled = { ...body, metadata: { ...(body as { metadata: object }).metadata, labels: { team: 'a' } } };
    const change = await apply('&dryRun=All', labelled);
    expect([change.status, change.body.metadata.labels]).toEqual([200, { team: 'a' }]);
    expect(change.body.metadata.resourceVersion).toBe(done.body.metadata.resourceVersion);
    expect((await target.call('GET', at)).body.metadata.labels).toBeUndefined();
    const same = await apply('&dryRun=All', body);
    expect(same.body).toEqual(done.body);
    expect((await apply('', body)).body).toEqual(done.body);
  });

  it('a deletion', async () => {
    const name = nameOf('deleted');
    await target.call('POST', path, make(name));
    const tried = await target.call('DELETE', `${path}/${name}?dryRun=All`);
    expect(tried.status).toBe(200);
    expect((await target.call('GET', `${path}/${name}`)).body.metadata.deletionTimestamp).toBeUndefined();
    expect((await target.call('DELETE', `${path}/${name}`, { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] })).status).toBe(200);
    expect((await target.call('GET', `${path}/${name}`)).status).toBe(200);
  }); // prettier-ignore
});

describe('of a change', () => {
  const at = `${WIDGETS}/changed`;
  const live = async (): Promise<Reply['body']> => (await target.call('GET', at)).body;
  beforeAll(async () => {
    await target.call('POST', WIDGETS, widget('changed', { size: 2 }));
  });

  it.each([
    ['merge patch', MERGE, { spec: { size: 4 } }],
    ['JSON patch', JSON_PATCH, [{ op: 'replace', path: '/spec/size', value: 4 }]],
  ])('by a %s shows the next generation and the old version', async (_kind, headers, body) => {
    const before = await live();
    const tried = await target.call('PATCH', `${at}?dryRun=All`, body, headers);
    expect([tried.status, tried.body.spec.size]).toEqual([200, 4]);
    expect(tried.body.metadata.generation).toBe(before.metadata.generation + 1);
    expect(tried.body.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(await live()).toEqual(before);
  });

  it('by PUT, through the status and through the scale', async () => {
    const before = await live();
    const put = await target.call('PUT', `${at}?dryRun=All`, { ...before, spec: { color: 'blue' } });
    expect([put.status, put.body.spec.size, put.body.spec.color]).toEqual([200, 3, 'blue']);
    const status = await target.call('PATCH', `${at}/status?dryRun=All`, { status: { phase: 'x' } }, MERGE);
    expect(status.body.status).toEqual({ phase: 'x' });
    const scale = await target.call('PATCH', `${at}/scale?dryRun=All`, { spec: { replicas: 7 } }, MERGE);
    expect(scale.body.spec).toEqual({ replicas: 7 });
    expect(await live()).toEqual(before);
  });

  it('is refused as the change would be', async () => {
    const merge = (body: object): Promise<Reply> => target.call('PATCH', `${at}?dryRun=All`, body, MERGE);
    expect((await merge({ spec: { color: 'pink' } })).status).toBe(422);
    expect((await merge({ metadata: { resourceVersion: '1' } })).status).toBe(409);
    const conflict = await target.call(
      'PATCH',
      `${at}?dryRun=All&fieldManager=m`,
      widget('changed', { size: 9 }),
      APPLY,
    );
    expect([conflict.status, conflict.body.reason]).toEqual([409, 'Conflict']);
  });

  it('of an object that is not there, or whose namespace is not', async () => {
    expect((await target.call('PATCH', `${WIDGETS}/none?dryRun=All`, {}, MERGE)).status).toBe(404);
    const away = `/api/v1/namespaces/none-${NAMESPACE}/configmaps/a?dryRun=All&fieldManager=m`;
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
    const reply = await target.call('PATCH', away, config, APPLY);
    expect([reply.status, reply.body.message]).toEqual([404, `namespaces "none-${NAMESPACE}" not found`]);
  });
});

describe('an unknown field under Strict', () => {
  const strict = '?fieldValidation=Strict&dryRun=All';

  it('refuses a creation, and names every field and duplicate', async () => {
    const text = JSON.stringify(widget('strict', { nope: 1 })).replace('"red"', '"red","color":"blue"');
    const reply = await target.call('POST', WIDGETS + strict, text);
    expect([reply.status, reply.body.message]).toEqual([
      400,
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: duplicate field "spec.color", unknown field "spec.nope"',
    ]);
  });

  it.each([
    ['a custom object', WIDGETS, widget('strict', { nope: 1 }), '.spec.nope: field not declared in schema'],
    ['a Service', `${CORE}/services`, service('strict', { prots: [] }), '.spec.prots: field not declared in schema'],
  ])('refuses an apply of %s', async (_kind, path, body, message) => {
    const reply = await target.call('PATCH', `${path}/strict${strict}&fieldManager=m`, body, APPLY);
    expect([reply.status, reply.body.message]).toEqual([500, expect.stringContaining(message)]);
  });

  it.each([
    ['a template', { spec: { template: { spec: { containers: [{ name: 'web', image: 'a', imagee: 'b' }] } } } }, '.spec.template.spec.containers[name="web"].imagee: field not declared in schema'],
    ['the metadata', { metadata: { name: 'strict', lables: {} } }, '.metadata.lables: field not declared in schema'],
  ])('refuses an apply of a Deployment with one in %s', async (_where, more, message) => {
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'strict' }, ...more };
    const reply = await target.call('PATCH', `${APPS}/deployments/strict${strict}&fieldManager=m`, body, APPLY);
    expect([reply.status, reply.body.message]).toEqual([500, expect.stringContaining(message)]);
  }); // prettier-ignore

  it('of a duplicate is a warning without it, and the last one counts', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: twice }\ndata:\n  a: "1"\n  a: "2"\n';
    const reply = await target.call('PATCH', `${CORE}/configmaps/twice?dryRun=All&fieldManager=m`, body, APPLY);
    expect([reply.status, reply.body.data]).toEqual([201, { a: '2' }]);
    expect(reply.headers['warning']).toBe('299 - "line 6: key \\"a\\" already set in map"');
  });

  it('refuses a duplicate in an apply', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: strict }\ndata:\n  a: "1"\n  a: "2"\n';
    const reply = await target.call('PATCH', `${CORE}/configmaps/strict${strict}&fieldManager=m`, body, APPLY);
    expect([reply.status, reply.body.message]).toEqual([
      400,
      'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 6: key "a" already set in map',
    ]);
  });
});
