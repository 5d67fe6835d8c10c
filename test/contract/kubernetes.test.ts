// The contract of the Kubernetes API, as the sandbox and a real server keep it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reply, Target } from './target.ts';
import { NAMESPACE, WIDGETS, clear, openTarget, prepare, widget } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = openTarget();
  await prepare(target);
});
afterAll(() => clear(target));

const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

const create = async (name: string, spec: object = {}, metadata: object = {}): Promise<Reply['body']> => {
  const reply = await target.call('POST', WIDGETS, widget(name, spec, metadata));
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body;
};
const apply = (name: string, manager: string, spec: object, query = ''): Promise<Reply> => {
  const body = { apiVersion: 'contract.sluice.dev/v1', kind: 'Widget', metadata: { name }, spec };
  return target.call('PATCH', `${WIDGETS}/${name}?fieldManager=${manager}${query}`, body, APPLY);
};
const entry = (object: Reply['body'], manager: string): Reply['body'] =>
  object.metadata.managedFields.find((e: { manager: string }) => e.manager === manager);

describe('writing', () => {
  test('a created object gets identity, generation and defaults', async () => {
    const made = await create('made', { items: [{ name: 'p' }] });
    expect(made.metadata).toMatchObject({ generation: 1, namespace: NAMESPACE, name: 'made' });
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.spec).toEqual({ color: 'red', size: 3, replicas: 1, items: [{ name: 'p', weight: 5 }] });
    expect(Object.keys(made)).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
  });

  test('a name is taken once', async () => {
    await create('once');
    const again = await target.call('POST', WIDGETS, widget('once'));
    expect(again.status).toBe(409);
    expect(again.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'widgets.contract.sluice.dev "once" already exists',
      reason: 'AlreadyExists',
      details: { name: 'once', group: 'contract.sluice.dev', kind: 'widgets' },
      code: 409,
    });
  });

  test('generateName is completed with five characters', async () => {
    const made = await create('', {}, { name: undefined, generateName: 'gen-' });
    expect(made.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
  });

  test('a dry run stores nothing', async () => {
    const reply = await target.call('POST', `${WIDGETS}?dryRun=All`, widget('dry'));
    expect(reply.status).toBe(201);
    expect(reply.body.metadata.resourceVersion).toBeUndefined();
    expect((await target.call('GET', `${WIDGETS}/dry`)).status).toBe(404);
  });

  test('generation counts changes of the spec, not of metadata or status', async () => {
    await create('gen');
    const labelled = await target.call('PATCH', `${WIDGETS}/gen`, { metadata: { labels: { a: 'b' } } }, MERGE);
    expect(labelled.body.metadata.generation).toBe(1);
    const status = await target.call('PATCH', `${WIDGETS}/gen/status`, { status: { phase: 'X' } }, MERGE);
    expect(status.body.metadata.generation).toBe(1);
    const spec = await target.call('PATCH', `${WIDGETS}/gen`, { spec: { size: 4 }, status: { phase: 'Y' } }, MERGE);
    expect(spec.body.metadata.generation).toBe(2);
    expect(spec.body.status.phase).toBe('X');
  });

  test('a write that changes nothing keeps the resourceVersion', async () => {
    const made = await create('noop');
    const reply = await target.call('PATCH', `${WIDGETS}/noop`, { spec: { size: 3 } }, MERGE);
    expect(reply.body.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  test('a stale PUT conflicts', async () => {
    const made = await create('stale');
    await target.call('PATCH', `${WIDGETS}/stale`, { spec: { size: 5 } }, MERGE);
    const reply = await target.call('PUT', `${WIDGETS}/stale`, made);
    expect(reply.status).toBe(409);
    expect(reply.body.message).toBe(
      'Operation cannot be fulfilled on widgets.contract.sluice.dev "stale": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  test('a PUT of a custom resource must name its resourceVersion', async () => {
    await create('unversioned');
    const reply = await target.call('PUT', `${WIDGETS}/unversioned`, widget('unversioned'));
    expect(reply.status).toBe(422);
    expect(reply.body.details.causes[0].message).toBe('Invalid value: 0: must be specified for an update');
  });

  test('status writes leave the spec alone', async () => {
    const made = await create('st');
    const body = { ...made, spec: { color: 'blue' }, status: { phase: 'Ready' } };
    const reply = await target.call('PUT', `${WIDGETS}/st/status`, body);
    expect(reply.body.spec.color).toBe('red');
    expect(reply.body.status).toEqual({ phase: 'Ready' });
  });

  test('scale reads and writes replicas', async () => {
    await create('sc');
    const read = await target.call('GET', `${WIDGETS}/sc/scale`);
    expect(read.body).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { replicas: 0 } });
    const written = await target.call('PATCH', `${WIDGETS}/sc/scale`, { spec: { replicas: 4 } }, MERGE);
    expect(written.status).toBe(200);
    const after = await target.call('GET', `${WIDGETS}/sc`);
    expect(after.body.spec.replicas).toBe(4);
    expect(after.body.metadata.generation).toBe(2);
  });
});

describe('validation', () => {
  const refused = async (spec: object): Promise<Reply['body']> => {
    const reply = await target.call('POST', WIDGETS, widget('bad', spec));
    expect(reply.status).toBe(422);
    return reply.body;
  };
  test('a pattern', async () => {
    expect((await refused({ code: 'AB1' })).message).toBe(
      `Widget.contract.sluice.dev "bad" is invalid: spec.code: Invalid value: "AB1": spec.code in body should match '^[a-z]+$'`,
    );
  });
  test('an enum', async () => {
    const body = await refused({ color: 'pink' });
    expect(body.details.causes[0]).toEqual({
      reason: 'FieldValueNotSupported',
      message: 'Unsupported value: "pink": supported values: "red", "green", "blue"',
      field: 'spec.color',
    });
  });
  test('a CEL rule', async () => {
    const body = await refused({ min: 3, max: 1 });
    expect(body.message).toBe(
      'Widget.contract.sluice.dev "bad" is invalid: spec: Invalid value: "object": min must not exceed max',
    );
  });
  test('a bad name', async () => {
    const reply = await target.call('POST', WIDGETS, widget('Bad_Name'));
    expect(reply.status).toBe(422);
    expect(reply.body.details.causes[0].message).toContain('a lowercase RFC 1123 subdomain must consist of');
  });
  test('unknown fields are dropped with a warning, or refused when strict', async () => {
    const reply = await target.call('POST', WIDGETS, widget('loose', { nope: 1, free: { any: { thing: 1 } } }));
    expect(reply.body.spec.nope).toBeUndefined();
    expect(reply.body.spec.free).toEqual({ any: { thing: 1 } });
    expect(reply.headers['warning']).toContain(String.raw`299 - "unknown field \"spec.nope\""`);
    const strict = await target.call('POST', `${WIDGETS}?fieldValidation=Strict`, widget('strict', { nope: 1 }));
    expect(strict.status).toBe(400);
    expect(strict.body.message).toBe(
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.nope"',
    );
  });
  test('a missing namespace', async () => {
    const reply = await target.call('POST', WIDGETS.replace(NAMESPACE, 'no-such-place'), widget('x'));
    expect(reply.body).toMatchObject({ code: 404, message: 'namespaces "no-such-place" not found' });
  });
});

describe('patches', () => {
  test('a JSON patch is all or nothing', async () => {
    await create('jp');
    const good = [
      { op: 'test', path: '/spec/color', value: 'red' },
      { op: 'replace', path: '/spec/color', value: 'blue' },
    ];
    expect((await target.call('PATCH', `${WIDGETS}/jp`, good, JSON_PATCH)).body.spec.color).toBe('blue');
    const again = await target.call('PATCH', `${WIDGETS}/jp`, good, JSON_PATCH);
    expect(again.body).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: 'the server rejected our request due to an error in our request',
      details: {},
    });
  });
  test('a merge patch deletes with null, and defaults come back', async () => {
    await create('mp', { size: 7, args: ['a', 'b'] });
    const reply = await target.call('PATCH', `${WIDGETS}/mp`, { spec: { size: null, args: ['c'] } }, MERGE);
    expect(reply.body.spec).toMatchObject({ size: 3, args: ['c'] });
  });
  test('a merge patch with an old resourceVersion conflicts', async () => {
    await create('mpv');
    const body = { metadata: { resourceVersion: '1' }, spec: { size: 4 } };
    expect((await target.call('PATCH', `${WIDGETS}/mpv`, body, MERGE)).status).toBe(409);
  });
  test('custom resources take no strategic patch', async () => {
    await create('sp');
    expect((await target.call('PATCH', `${WIDGETS}/sp`, {}, STRATEGIC)).status).toBe(415);
  });
  test('a strategic patch merges containers and env by name', async () => {
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/replicasets`;
    const template = (containers: object[]): object => ({
      metadata: { labels: { a: 'b' } },
      spec: { containers },
    });
    const spec = {
      replicas: 0,
      selector: { matchLabels: { a: 'b' } },
      template: template([{ name: 'x', image: 'i:1', env: [{ name: 'A', value: '1' }] }]),
    };
    await target.call('POST', path, { metadata: { name: 'rs' }, spec });
    const containers = [{ name: 'y', image: 'j:1' }];
    const patch = { spec: { template: { spec: { containers } } } };
    const reply = await target.call('PATCH', `${path}/rs`, patch, STRATEGIC);
    expect(reply.body.spec.template.spec.containers.map((c: { name: string }) => c.name)).toEqual(['y', 'x']);
    const env = { containers: [{ name: 'x', env: [{ name: 'B', value: '2' }] }] };
    const second = await target.call('PATCH', `${path}/rs`, { spec: { template: { spec: env } } }, STRATEGIC);
    const x = second.body.spec.template.spec.containers.find((c: { name: string }) => c.name === 'x');
    expect(x.image).toBe('i:1');
    expect(x.env.map((e: { name: string }) => e.name).toSorted()).toEqual(['A', 'B']);
  });
});

describe('server-side apply', () => {
  test('creates, claims only what was sent, and repeats without a change', async () => {
    const first = await apply('ap', 'm1', { color: 'red', items: [{ name: 'a', value: '1' }], tags: ['t'] });
    expect(first.status).toBe(201);
    expect(entry(first.body, 'm1').fieldsV1).toEqual({
      'f:spec': {
        'f:color': {},
        'f:items': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
        'f:tags': { 'v:"t"': {} },
      },
    });
    const again = await apply('ap', 'm1', { color: 'red', items: [{ name: 'a', value: '1' }], tags: ['t'] });
    expect(again.status).toBe(200);
    expect(again.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });
  test('conflicts name the other manager and the field; force takes over', async () => {
    await apply('fight', 'm1', { color: 'red' });
    const lost = await apply('fight', 'm2', { color: 'blue' });
    expect(lost.body).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "m1": .spec.color',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.spec.color' }] },
    });
    const won = await apply('fight', 'm2', { color: 'blue' }, '&force=true');
    expect(won.body.spec.color).toBe('blue');
    expect(entry(won.body, 'm1')).toBeUndefined();
  });
  test('an update conflicts with its API version named', async () => {
    await create('upd', { code: 'abc' });
    const reply = await apply('upd', 'm1', { code: 'xyz' });
    expect(reply.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "contract" using contract.sluice.dev/v1: .spec.code',
    );
  });
  test('what its manager drops goes, unless somebody else owns it', async () => {
    await apply('drop', 'm1', { color: 'red', code: 'abc', items: [{ name: 'a' }, { name: 'b' }] });
    await apply('drop', 'm2', { items: [{ name: 'b' }] });
    const reply = await apply('drop', 'm1', { color: 'red' });
    expect(reply.body.spec.code).toBeUndefined();
    expect(reply.body.spec.items.map((i: { name: string }) => i.name)).toEqual(['b']);
  });
  test('an apply that changes nothing of the object gives its entry no time', async () => {
    await create('timeless', { code: 'abc' });
    const { body } = await apply('timeless', 'm1', { color: 'red', code: 'abc' });
    expect(entry(body, 'm1').time).toBeUndefined();
    const { body: changed } = await apply('timeless', 'm1', { color: 'red', code: 'abc', tags: ['t'] });
    expect(entry(changed, 'm1').time).toBeDefined();
  });
  test('a status belongs to who applied it, apart from the rest', async () => {
    await create('stat');
    const path = `${WIDGETS}/stat/status?fieldManager=m1`;
    const body = { apiVersion: 'contract.sluice.dev/v1', kind: 'Widget', metadata: { name: 'stat' } };
    const { body: applied } = await target.call('PATCH', path, { ...body, status: { phase: 'X' } }, APPLY);
    expect(applied.status).toEqual({ phase: 'X' });
    expect(entry(applied, 'm1')).toMatchObject({ operation: 'Apply', subresource: 'status' });
    const lost = await target.call('PATCH', path.replace('m1', 'm2'), { ...body, status: { phase: 'Y' } }, APPLY);
    expect(lost.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "m1" with subresource "status": .status.phase',
    );
  });
  test('many conflicts are told by manager', async () => {
    await apply('many', 'm1', { color: 'red', code: 'abc', items: [{ name: 'a', value: '1' }] });
    const { body } = await apply('many', 'm2', { color: 'blue', code: 'xyz', items: [{ name: 'a', value: '2' }] });
    expect(body.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "m1":\n- .spec.code\n- .spec.color\n- .spec.items[name="a"].value',
    );
  });
  test('an object without entries was owned by nobody known', async () => {
    await create('bare');
    await target.call('PATCH', `${WIDGETS}/bare`, { metadata: { managedFields: [{}] } }, MERGE);
    expect((await target.call('GET', `${WIDGETS}/bare`)).body.metadata.managedFields).toBeUndefined();
    const lost = await apply('bare', 'm1', { color: 'blue' });
    expect(lost.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using contract.sluice.dev/v1: .spec.color',
    );
  });
  test('the entries that a write names are taken for those of the object', async () => {
    const { body: before } = await apply('handed', 'm1', { color: 'red' });
    const managedFields = [{ ...entry(before, 'm1'), manager: 'm2' }];
    const { body } = await target.call('PATCH', `${WIDGETS}/handed`, { metadata: { managedFields } }, MERGE);
    expect(body.metadata.managedFields).toEqual(managedFields);
    expect((await apply('handed', 'm2', { color: 'blue' })).status).toBe(200);
  });
  test('kubectl takes what its note says it applied, and renews the note', async () => {
    const note = 'kubectl.kubernetes.io/last-applied-configuration';
    const config = {
      apiVersion: 'contract.sluice.dev/v1',
      kind: 'Widget',
      metadata: { name: 'noted' },
      spec: { color: 'red' },
    };
    await create('noted', {}, { annotations: { [note]: JSON.stringify(config) } });
    expect((await apply('noted', 'm1', { color: 'blue' })).status).toBe(409);
    const { body } = await apply('noted', 'kubectl', { color: 'blue' });
    expect(body.spec.color).toBe('blue');
    expect(JSON.parse(body.metadata.annotations[note])).toEqual({ ...config, spec: { color: 'blue' } });
  });
  test('an unknown field is refused', async () => {
    const reply = await apply('unknown', 'm1', { color: 'red', bogus: 1 });
    expect(reply.status).toBe(500);
    expect(reply.body.message).toContain('.spec.bogus: field not declared in schema');
  });
  test('a field manager is required', async () => {
    const body = { apiVersion: 'contract.sluice.dev/v1', kind: 'Widget', metadata: { name: 'nom' } };
    const reply = await target.call('PATCH', `${WIDGETS}/nom`, body, APPLY);
    expect(reply.body.details.causes).toEqual([
      { reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' },
    ]);
  });
});

describe('reading', () => {
  test('lists in chunks of one state', async () => {
    for (const name of ['c1', 'c2', 'c3']) await create(`chunk-${name}`, {}, { labels: { chunk: 'yes' } });
    const first = await target.call('GET', `${WIDGETS}?limit=2&labelSelector=chunk%3Dyes`);
    expect(first.body.items).toHaveLength(2);
    await target.call('DELETE', `${WIDGETS}/chunk-c3`);
    const token = encodeURIComponent(first.body.metadata.continue);
    const rest = await target.call('GET', `${WIDGETS}?limit=2&labelSelector=chunk%3Dyes&continue=${token}`);
    expect(rest.body.items.map((i: Reply['body']) => i.metadata.name)).toEqual(['chunk-c3']);
    expect(rest.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });
  test('tables carry the printer columns', async () => {
    await create('tab');
    const reply = await target.call('GET', `${WIDGETS}/tab`, undefined, TABLE);
    expect(reply.body.columnDefinitions.map((c: { name: string }) => c.name)).toEqual([
      'Name',
      'Color',
      'Size',
      'Phase',
    ]);
    expect(reply.body.rows[0].cells).toEqual(['tab', 'red', 3, null]);
  });
  test('selects by fields that the CRD names, and refuses others', async () => {
    await create('blue', { color: 'blue' }, { labels: { only: 'blue' } });
    const found = await target.call('GET', `${WIDGETS}?labelSelector=only&fieldSelector=spec.color%3Dblue`);
    expect(found.body.items).toHaveLength(1);
    const bad = await target.call('GET', `${WIDGETS}?fieldSelector=spec.size%3D3`);
    expect(bad.body).toMatchObject({ code: 400, message: 'field label not supported: spec.size' });
  });
});

describe('watching', () => {
  test('from a version: only what came after, through the selector', async () => {
    await create('w', {}, { labels: { w: 'on' } });
    const list = await target.call('GET', WIDGETS);
    const from = list.body.metadata.resourceVersion;
    await target.call('PATCH', `${WIDGETS}/w`, { spec: { size: 4 } }, MERGE);
    await target.call('PATCH', `${WIDGETS}/w`, { metadata: { labels: { w: 'off' } } }, MERGE);
    await target.call('PATCH', `${WIDGETS}/w`, { metadata: { labels: { w: 'on' } } }, MERGE);
    await target.call('DELETE', `${WIDGETS}/w`);
    const path = `${WIDGETS}?watch=1&resourceVersion=${from}&labelSelector=w%3Don&timeoutSeconds=5`;
    const events = await target.watch(path, 4);
    expect(events.map((e) => e.type)).toEqual(['MODIFIED', 'DELETED', 'ADDED', 'DELETED']);
    expect(events[1].object.metadata.labels).toEqual({ w: 'on' });
  });
  test('from a version that is too old ends in one error that says so', async () => {
    await create('old');
    const events = await target.watch(`${WIDGETS}?watch=1&resourceVersion=1&timeoutSeconds=2`, 2);
    expect(events).toEqual([
      {
        type: 'ERROR',
        object: {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/),
          reason: 'Expired',
          code: 410,
        },
      },
    ]);
  });
  test('a watch ends cleanly when its time is over', async () => {
    const list = await target.call('GET', WIDGETS);
    const from = list.body.metadata.resourceVersion;
    const path = `${WIDGETS}?watch=1&resourceVersion=${from}&timeoutSeconds=1&fieldSelector=metadata.name%3Dnone`;
    expect(await target.watch(path, 1)).toEqual([]);
  });
});

describe('deleting', () => {
  test('finalizers keep an object, and their removal lets it go', async () => {
    await create('fin', {}, { finalizers: ['contract.sluice.dev/f'] });
    const marked = await target.call('DELETE', `${WIDGETS}/fin`);
    expect(marked.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2 });
    const freed = await target.call('PATCH', `${WIDGETS}/fin`, { metadata: { finalizers: null } }, MERGE);
    expect(freed.status).toBe(200);
    expect((await target.call('GET', `${WIDGETS}/fin`)).status).toBe(404);
  });
  test('a deletion answers with what was deleted; the wrong uid conflicts', async () => {
    const made = await create('del');
    const wrong = await target.call('DELETE', `${WIDGETS}/del`, { preconditions: { uid: 'other' } });
    expect(wrong.status).toBe(409);
    const reply = await target.call('DELETE', `${WIDGETS}/del`);
    expect(reply.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'del', group: 'contract.sluice.dev', kind: 'widgets', uid: made.metadata.uid },
    });
  });
});
