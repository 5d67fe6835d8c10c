// Who owns which field: managedFields under apply, update, scale, status, and when they are edited by hand.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clear, CORE, NAMESPACE, openTarget, prepare, widget, WIDGETS, type Reply } from './target.ts';

const target = openTarget();
beforeAll(() => prepare(target));
afterAll(() => clear(target));

const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };

interface Entry {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1: object;
}

const apply = (path: string, manager: string, body: object, query = ''): Promise<Reply> =>
  target.call('PATCH', `${path}?fieldManager=${manager}${query}`, body, APPLY);

const entriesOf = (reply: Reply): unknown[] =>
  (reply.body.metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }: Entry) => [
    `${manager} ${operation}${subresource === undefined ? '' : ` ${subresource}`}`,
    fieldsV1,
  ]);

const leaf = {};

describe('the selector of a Service', () => {
  const at = `${CORE}/services/atomic`;
  const service = (selector: object | undefined, more: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'atomic' },
    spec: { ports: [{ port: 80 }], ...(selector === undefined ? {} : { selector }), ...more },
  });

  it('is one field: who adds a key of their own takes all of it', async () => {
    await apply(at, 'git', service({ app: 'web' }));
    const hash = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'atomic' }, spec: { selector: { app: 'web', hash: 'x' } } };
    const refused = await apply(at, 'rollout', hash);
    expect([refused.status, refused.body.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "git": .spec.selector']);
    const taken = await apply(at, 'rollout', hash, '&force=true');
    expect(entriesOf(taken)).toEqual([
      ['git Apply', { 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': leaf } } } }],
      ['rollout Apply', { 'f:spec': { 'f:selector': leaf } }],
    ]);
  }); // prettier-ignore

  it('goes when its last owner drops it', async () => {
    const dropped = await apply(at, 'git', service(undefined));
    expect(dropped.body.spec.selector).toEqual({ app: 'web', hash: 'x' });
    const gone = await apply(at, 'rollout', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'atomic' } });
    expect(gone.body.spec.selector).toBeUndefined();
    expect(entriesOf(gone)).toHaveLength(1);
  });
});

describe('an apply', () => {
  it('of the same content, in another order or by a number of another form, writes nothing', async () => {
    const at = `${WIDGETS}/same`;
    const first = await apply(at, 'm', widget('same', { size: 4, tags: ['a', 'b'], free: { a: 1, b: [1, 2] } }));
    const again = await apply(at, 'm', widget('same', { free: { b: [1, 2], a: 1 }, tags: ['a', 'b'], size: 4 }));
    expect(again.body).toEqual(first.body);
    const shared = await apply(at, 'n', widget('same', { size: 4 }));
    expect(shared.body.metadata.resourceVersion).not.toBe(first.body.metadata.resourceVersion);
    const sharedAgain = await apply(at, 'n', widget('same', { size: 4 }));
    expect(sharedAgain.body).toEqual(shared.body);
  });

  it('that leaves a field out takes it away where nobody else owns it, and leaves what others do', async () => {
    const at = `${WIDGETS}/dropped`;
    await apply(at, 'm', widget('dropped', { size: 4, code: 'abc', min: 1 }, { labels: { a: '1', b: '2' } }));
    await apply(at, 'n', widget('dropped', { code: 'abc' }, { labels: { b: '2' } }));
    const { body } = await apply(at, 'm', widget('dropped'));
    expect([body.spec.size, body.spec.code, body.spec.min]).toEqual([3, 'abc', undefined]);
    expect(body.metadata.labels).toEqual({ b: '2' });
  });

  it('leaves to others what they set beside it in a granular map', async () => {
    const at = `${WIDGETS}/granular`;
    await apply(at, 'm', widget('granular', {}, { annotations: { mine: '1' } }));
    await target.call('PATCH', `${at}?fieldManager=hand`, { metadata: { annotations: { theirs: '2' } } }, MERGE);
    const reply = await apply(at, 'm', widget('granular', {}, { annotations: { mine: '1' } }));
    expect(reply.body.metadata.annotations).toEqual({ mine: '1', theirs: '2' });
    expect(entriesOf(reply)[1]).toEqual(['hand Update', { 'f:metadata': { 'f:annotations': { 'f:theirs': leaf } } }]);
  });

  it('of an atomic list owns all of it', async () => {
    const at = `${WIDGETS}/list`;
    await apply(at, 'm', widget('list', { args: ['a', 'b'] }));
    const refused = await apply(at, 'n', widget('list', { args: ['b', 'a'] }));
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "m": .spec.args');
    const forced = await apply(at, 'n', widget('list', { args: ['b', 'a'] }), '&force=true');
    expect(forced.body.spec.args).toEqual(['b', 'a']);
    expect(entriesOf(forced)[0]).toEqual(['m Apply', { 'f:spec': { 'f:color': leaf } }]);
  });

  it('of empty values claims them', async () => {
    const at = `${WIDGETS}/empty`;
    const reply = await apply(at, 'm', widget('empty', { free: {}, args: [], tags: [], code: 'ab' }, { labels: {} }));
    expect(entriesOf(reply)).toEqual([
      [
        'm Apply',
        {
          'f:metadata': { 'f:labels': leaf },
          'f:spec': { 'f:args': leaf, 'f:code': leaf, 'f:color': leaf, 'f:free': leaf },
        },
      ],
    ]);
  });
});

describe('what somebody changed beside an apply', () => {
  it('is seen as theirs, field by field, and taken back by force', async () => {
    const at = `${WIDGETS}/drifted`;
    const declared = widget('drifted', { size: 4, items: [{ name: 'a', value: '1' }] });
    await apply(at, 'agent', declared);
    await target.call('PATCH', `${at}?fieldManager=kubectl-edit`, { spec: { size: 7, items: [{ name: 'a', value: '2' }, { name: 'b' }] } }, MERGE);
    const refused = await apply(at, 'agent', declared, '&dryRun=All');
    expect([refused.status, refused.body.details.causes.map((c: { field: string }) => c.field)]).toEqual([
      409,
      ['.spec.size', '.spec.items[name="a"].value'],
    ]);
    const tried = await apply(at, 'agent', declared, '&dryRun=All&force=true');
    expect(tried.body.spec).toMatchObject({ size: 4, items: [{ name: 'a', value: '1' }, { name: 'b', weight: 5 }] });
    const done = await apply(at, 'agent', declared, '&force=true');
    expect(done.body.spec).toEqual(tried.body.spec);
    expect(entriesOf(done)[1]).toEqual([
      'kubectl-edit Update',
      { 'f:spec': { 'f:items': { 'k:{"name":"b"}': { '.': {}, 'f:name': leaf, 'f:weight': leaf } } } },
    ]);
  }); // prettier-ignore

  it('goes back to its default when an Update took a field away', async () => {
    const at = `${WIDGETS}/removed`;
    await apply(at, 'agent', widget('removed', { size: 4, code: 'abc' }));
    const hand = await target.call('PATCH', `${at}?fieldManager=hand`, { spec: { code: null } }, MERGE);
    expect(entriesOf(hand)[0]).toEqual(['agent Apply', { 'f:spec': { 'f:color': leaf, 'f:size': leaf } }]);
    const back = await apply(at, 'agent', widget('removed', { size: 4, code: 'abc' }));
    expect([back.status, back.body.spec.code]).toEqual([200, 'abc']);
  });
});

describe('the scale subresource', () => {
  const at = `${WIDGETS}/scaled`;

  it('records its writer as a manager of the replicas through it, who stands against an apply', async () => {
    await apply(at, 'agent', widget('scaled', { replicas: 2 }));
    const scaled = await target.call('PATCH', `${at}/scale?fieldManager=autoscaler`, { spec: { replicas: 5 } }, MERGE);
    expect(scaled.body.spec).toEqual({ replicas: 5 });
    expect(entriesOf(await target.call('GET', at))).toEqual([
      ['agent Apply', { 'f:spec': { 'f:color': leaf } }],
      ['autoscaler Update scale', { 'f:spec': { 'f:replicas': leaf } }],
    ]);
    const refused = await apply(at, 'agent', widget('scaled', { replicas: 2 }));
    expect(refused.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "autoscaler" with subresource "scale" using contract.sluice.dev/v1: .spec.replicas',
    );
  });

  it('of replicas that nobody owns records nobody', async () => {
    const free = `${WIDGETS}/unscaled`;
    await apply(free, 'agent', widget('unscaled'));
    const scaled = await target.call(
      'PATCH',
      `${free}/scale?fieldManager=autoscaler`,
      { spec: { replicas: 5 } },
      MERGE,
    );
    expect(scaled.body.spec).toEqual({ replicas: 5 });
    const live = await target.call('GET', free);
    expect([live.body.spec.replicas, entriesOf(live)]).toEqual([
      5,
      [['agent Apply', { 'f:spec': { 'f:color': leaf } }]],
    ]);
    const refused = await apply(free, 'agent', widget('unscaled', { replicas: 2 }));
    expect([refused.status, refused.body.spec.replicas]).toEqual([200, 2]);
  });

  it('keeps the live number where an apply leaves it out', async () => {
    const { body } = await apply(at, 'agent', widget('scaled'));
    expect(body.spec.replicas).toBe(5);
  });

  it('of a Deployment does the same', async () => {
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/scaled`;
    const metadata = { labels: { app: 'a' } };
    const template = { metadata, spec: { containers: [{ name: 'a', image: 'a:1' }] } };
    const spec = { selector: { matchLabels: { app: 'a' } }, template };
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'scaled' }, spec };
    await apply(path, 'agent', { ...deployment, spec: { ...spec, replicas: 0 } });
    await target.call('PATCH', `${path}/scale?fieldManager=hpa`, { spec: { replicas: 1 } }, MERGE);
    const owners = entriesOf(await target.call('GET', path)) as [string, object][];
    expect(owners.find(([who]) => who === 'hpa Update scale')?.[1]).toEqual({ 'f:spec': { 'f:replicas': leaf } });
    const { body } = await apply(path, 'agent', deployment);
    expect(body.spec.replicas).toBe(1);
  });
});

describe('managedFields edited by hand', () => {
  const at = `${CORE}/configmaps/moved`;
  const config = (data: object): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'moved' }, data });

  /** As kubectl and Flux move fields from a client-side apply to a manager of their own. */
  async function migrate(from: string, to: string): Promise<Reply> {
    const live = (await target.call('GET', at)).body;
    const entries = live.metadata.managedFields as Entry[];
    const moved = entries.map((entry) =>
      entry.manager === from ? { ...entry, manager: to, operation: 'Apply' } : entry,
    );
    const patch = [
      { op: 'replace', path: '/metadata/managedFields', value: moved },
      { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
    ];
    return target.call('PATCH', `${at}?fieldManager=${to}`, patch, JSON_PATCH);
  }

  it('hand the fields to another manager, who may then remove them', async () => {
    await target.call('POST', `${CORE}/configmaps?fieldManager=kubectl-client-side-apply`, config({ a: '1', b: '2' }));
    const moved = await migrate('kubectl-client-side-apply', 'agent');
    expect([moved.status, entriesOf(moved)]).toEqual([200, [['agent Apply', { 'f:data': { '.': {}, 'f:a': leaf, 'f:b': leaf } }]]]);
    const { body } = await apply(at, 'agent', config({ a: '1' }));
    expect(body.data).toEqual({ a: '1' });
  }); // prettier-ignore

  it('of an object that was written meanwhile are refused', async () => {
    const live = (await target.call('GET', at)).body;
    await target.call('PATCH', at, { data: { c: '3' } }, MERGE);
    const patch = [
      { op: 'replace', path: '/metadata/managedFields', value: [] },
      { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
    ];
    expect((await target.call('PATCH', at, patch, JSON_PATCH)).status).toBe(409);
  });

  it('of which one is dropped leave its fields to nobody', async () => {
    await apply(at, 'first', { ...config({ d: '4' }) });
    const live = (await target.call('GET', at)).body;
    const kept = (live.metadata.managedFields as Entry[]).filter((entry) => entry.manager !== 'first');
    const patch = [{ op: 'replace', path: '/metadata/managedFields', value: kept }];
    const reply = await target.call('PATCH', `${at}?fieldManager=agent`, patch, JSON_PATCH);
    expect((entriesOf(reply) as [string, object][]).map(([who]) => who)).not.toContain('first Apply');
    const taken = await apply(at, 'second', { ...config({ d: '5' }) });
    expect([taken.status, taken.body.data.d]).toEqual([200, '5']);
  });

  it('that are an empty list clear those of a built-in object, and are none to a custom one', async () => {
    const empty = [{ op: 'replace', path: '/metadata/managedFields', value: [] }];
    const cleared = await target.call('PATCH', at, empty, JSON_PATCH);
    expect(entriesOf(cleared)).toEqual([]);
    await apply(`${WIDGETS}/kept`, 'm', widget('kept'));
    expect(entriesOf(await target.call('PATCH', `${WIDGETS}/kept`, empty, JSON_PATCH))).toHaveLength(1);
  });

  it('cannot be sent in an apply', async () => {
    const body = { ...config({}), metadata: { name: 'moved', managedFields: [{ manager: 'x' }] } };
    expect((await apply(at, 'agent', body)).body.message).toBe('metadata.managedFields must be nil');
  });
});

describe('a kind that was installed moments ago', () => {
  const group = 'fresh.contract.sluice.dev';
  const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const crd = (plural: string, kind: string, schema: object): object => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
  afterAll(async () => {
    for (const plural of ['opens', 'rooms', 'closed']) await target.call('DELETE', `${CRDS}/${plural}.${group}`);
  });

  it('answers 404 in plain text until it is served, then takes applies', async () => {
    const path = `/apis/${group}/v1/namespaces/${NAMESPACE}/closed`;
    const object = { apiVersion: `${group}/v1`, kind: 'Closed', metadata: { name: 'a' }, spec: { map: { a: '1' }, list: ['a'] } };
    const missing = await apply(`${path}/a`, 'm', object);
    expect([missing.status, missing.body]).toEqual([404, '404 page not found\n']);
    const spec = {
      type: 'object',
      properties: {
        map: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: { type: 'string' } },
        list: { type: 'array', items: { type: 'string' } },
      },
    };
    await target.call('POST', CRDS, crd('closed', 'Closed', { type: 'object', properties: { spec } }));
    let made = await apply(`${path}/a`, 'm', object);
    for (let i = 0; i < 250 && made.status === 404; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      made = await apply(`${path}/a`, 'm', object);
    }
    expect(made.status).toBe(201);
    expect(entriesOf(made)).toEqual([['m Apply', { 'f:spec': { 'f:list': leaf, 'f:map': leaf } }]]);
  }); // prettier-ignore

  it('that keeps what it does not declare takes applies of it', async () => {
    const path = `/apis/${group}/v1/namespaces/${NAMESPACE}/opens`;
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    await target.call('POST', CRDS, crd('opens', 'Open', schema));
    await target.eventually(path, (reply) => reply.status === 200);
    const spec = { any: { deep: [{ name: 'a' }] }, number: 1 };
    const object = { apiVersion: `${group}/v1`, kind: 'Open', metadata: { name: 'a' }, spec };
    let made = await apply(`${path}/a`, 'm', object);
    for (let i = 0; i < 250 && made.status !== 201; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      made = await apply(`${path}/a`, 'm', object);
    }
    expect([made.status, made.body.spec]).toEqual([201, spec]);
    expect(entriesOf(made)).toEqual([
      ['m Apply', { 'f:spec': { '.': {}, 'f:any': { '.': {}, 'f:deep': leaf }, 'f:number': leaf } }],
    ]);
    const strict = await apply(`${path}/a`, 'm', { ...object, more: 1 }, '&fieldValidation=Strict');
    expect([strict.status, strict.body.more]).toEqual([200, 1]);
  });

  it('that keeps what it does not declare at its root takes applies of what is not declared below, and drops it', async () => {
    const path = `/apis/${group}/v1/namespaces/${NAMESPACE}/rooms`;
    const spec = { type: 'object', properties: { a: { type: 'integer' } } };
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { spec } };
    await target.call('POST', CRDS, crd('rooms', 'Room', schema));
    await target.eventually(path, (reply) => reply.status === 200);
    const object = { apiVersion: `${group}/v1`, kind: 'Room', metadata: { name: 'a' }, more: 1, spec: { a: 1, b: { c: [1] } } };
    let made = await apply(`${path}/a`, 'm', object);
    for (let i = 0; i < 250 && made.status !== 201; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      made = await apply(`${path}/a`, 'm', object);
    }
    expect([made.status, made.body.more, made.body.spec]).toEqual([201, 1, { a: 1 }]);
    expect(entriesOf(made)).toEqual([
      ['m Apply', { 'f:more': leaf, 'f:spec': { 'f:a': leaf, 'f:b': { '.': {}, 'f:c': leaf } } }],
    ]);
    const wrong = await apply(`${path}/a`, 'm', { ...object, spec: { a: 'x' } });
    expect([wrong.status, wrong.body.message]).toEqual([500, expect.stringContaining('.spec.a: expected numeric (int or float), got string')]);
    const sent = await target.call('POST', path, { ...object, metadata: { name: 'b' }, spec: { a: 'x' } });
    expect(sent.body.message).toBe(`Room.${group} "b" is invalid: spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"`);
  }); // prettier-ignore
});

describe('a built-in object comes back in the form that the server keeps', () => {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/formed`;
  const deployment = (container: object, pod: object = {}): object => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'formed' },
    spec: {
      selector: { matchLabels: { app: 'a' } },
      template: {
        metadata: { labels: { app: 'a' } },
        spec: { containers: [{ name: 'a', image: 'a:1', ...container }], ...pod },
      },
    },
  });

  it('without empty maps, lists and texts, which stay claimed', async () => {
    const body = deployment({ env: [{ name: 'A', value: '' }], args: [], ports: [] }, { nodeSelector: {} });
    const reply = await apply(path, 'm', body, '&dryRun=All');
    expect(reply.status).toBe(201);
    const { containers, nodeSelector } = reply.body.spec.template.spec;
    expect([containers[0].env, containers[0].args, containers[0].ports, nodeSelector]).toEqual([
      [{ name: 'A' }],
      undefined,
      undefined,
      undefined,
    ]);
    expect(JSON.stringify(entriesOf(reply))).toContain('"f:value":{}');
  });

  it.each([
    ['1000m', '1'],
    ['0.5', '500m'],
    ['1500', '1500'],
    ['2000', '2k'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['1000Mi', '1000Mi'],
    ['1e3', '1e3'],
    ['0.0000000001', '1n'],
    ['512', '512'],
    ['0.5Ki', '512'],
  ])('with the quantity %s as %s', async (given, kept) => {
    const wanted = { type: 'AverageValue', averageValue: given };
    const body = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'quantity' },
      spec: {
        maxReplicas: 2,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' },
        metrics: [{ type: 'External', external: { metric: { name: 'm' }, target: wanted } }],
      },
    };
    const at = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers?dryRun=All`;
    const reply = await target.call('POST', at, body);
    expect(reply.body.spec?.metrics[0].external.target.averageValue).toBe(kept);
  });

  it('and is refused where it cannot be read, or its pods cannot be', async () => {
    const post = (body: object): Promise<Reply> =>
      target.call('POST', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments?dryRun=All`, body);
    const quantity = await post(deployment({ resources: { limits: { cpu: 'much' } } }));
    expect([quantity.status, quantity.body.message]).toEqual([
      400,
      `Deployment in version "v1" cannot be handled as a Deployment: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    ]);
    const mount = await post(deployment({ volumeMounts: [{ name: 'x', mountPath: '/x' }] }));
    expect([mount.status, mount.body.message]).toEqual([
      422,
      'Deployment.apps "formed" is invalid: spec.template.spec.containers[0].volumeMounts[0].name: Not found: "x"',
    ]);
    const twice = { volumes: [{ name: 'v', emptyDir: {}, configMap: { name: 'c' } }] };
    expect((await post(deployment({}, twice))).body.message).toBe(
      'Deployment.apps "formed" is invalid: spec.template.spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type',
    );
  });
});

describe('the data of a Secret', () => {
  const at = `${CORE}/secrets`;
  const secret = (name: string, data: object): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    data,
  });

  it('is kept as bytes, whatever way they were written in base64', async () => {
    const made = await target.call('POST', at, secret('bytes', { a: 'aGVs\nbG8=\n' }));
    expect([made.status, made.body.data]).toEqual([201, { a: 'aGVsbG8=' }]);
    const applied = await apply(`${at}/applied`, 'm', secret('applied', { a: 'aGVs\nbG8=' }));
    expect([applied.status, applied.body.data]).toEqual([201, { a: 'aGVsbG8=' }]);
  });

  it('is kept as bytes in a patch as well, and a key without a value as no bytes', async () => {
    const patched = await target.call(
      'PATCH',
      `${at}/bytes`,
      { data: { a: 'aGV\nsbG8h' } },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect(patched.body.data).toEqual({ a: 'aGVsbG8h' });
    const made = await target.call('POST', `${at}?dryRun=All`, secret('empty', { a: null }));
    expect(made.body.data).toEqual({ a: '' });
  });

  it.each([
    ['a key that cannot be a file', { 'a b': 'aA==' }, 'Opaque', `data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`],
    ['less than a certificate', { 'tls.crt': 'aA==' }, 'kubernetes.io/tls', 'data[tls.key]: Required value'],
    ['no credentials of a registry', {}, 'kubernetes.io/dockerconfigjson', 'data[.dockerconfigjson]: Required value'],
  ])('is refused: %s', async (_what, data, type, cause) => {
    const body = { ...secret('wrong', data), type };
    for (const reply of [await target.call('POST', at, body), await apply(`${at}/wrong`, 'm', body)])
      expect([reply.status, reply.body.message]).toEqual([422, `Secret "wrong" is invalid: ${cause}`]);
  }); // prettier-ignore

  it('that is no base64 is refused in an apply, too', async () => {
    const reply = await apply(`${at}/bad`, 'm', secret('bad', { a: 'no!' }));
    expect([reply.status, reply.body.message]).toEqual([
      500,
      'failed to convert new object (/bad; /v1, Kind=Secret) to proper version: unable to convert unstructured object to /v1, Kind=Secret: error decoding from json: illegal base64 data at input byte 2',
    ]);
  });

  it('that is no base64 is refused', async () => {
    const reply = await target.call('POST', at, secret('bad', { a: 'no!' }));
    expect([reply.status, reply.body.message]).toEqual([
      400,
      'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 2',
    ]);
  });
});
