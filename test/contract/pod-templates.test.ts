// What the API server refuses in the pods of a workload, and in which words; what it does about a field that it does not know.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACE, openTarget, type Reply } from './target.ts';

const target = openTarget();
const SETS = `/apis/apps/v1/namespaces/${NAMESPACE}-pods/replicasets`;
beforeAll(
  async () => void (await target.call('POST', '/api/v1/namespaces', { metadata: { name: `${NAMESPACE}-pods` } })),
);
afterAll(async () => {
  await target.call('DELETE', `/api/v1/namespaces/${NAMESPACE}-pods`);
  await target.close();
});

const APPLY = { 'content-type': 'application/apply-patch+yaml' };
type Json = Record<string, unknown>;

const replicaSet = (container: Json, pod: Json = {}, spec: Json = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'a' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'a' } },
    template: {
      metadata: { labels: { app: 'a' } },
      spec: { containers: [{ name: 'a', image: 'a:1', ...container }], ...pod },
    },
    ...spec,
  },
});

const create = (body: object, mode = 'Warn'): Promise<Reply> =>
  target.call('POST', `${SETS}?dryRun=All&fieldValidation=${mode}`, body);
const apply = (body: object, mode = 'Warn'): Promise<Reply> =>
  target.call('PATCH', `${SETS}/a?dryRun=All&fieldManager=m&fieldValidation=${mode}`, body, APPLY);

const limits = (amounts: Json): Json => ({ resources: { limits: amounts } });
const requests = (amounts: Json, most: Json = {}): Json => ({ resources: { requests: amounts, limits: most } });
const volumes = (...list: Json[]): Json => ({ volumes: list });

const NO_QUANTITY = `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`;
const UNKNOWN_RESOURCE = 'must be a standard resource type or fully qualified';
const DNS_LABEL = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;

describe('a ReplicaSet with a quantity that is none', () => {
  it.each([['much'], [''], ['1GiB'], ['1g'], ['1..5'], [true]])('is refused: %j', async (cpu) => {
    const body = replicaSet(limits({ cpu }));
    const made = await create(body);
    expect([made.status, made.body.message]).toEqual([
      400,
      `ReplicaSet in version "v1" cannot be handled as a ReplicaSet: ${NO_QUANTITY}`,
    ]);
    const applied = await apply(body);
    expect([applied.status, applied.body.message]).toEqual([
      500,
      `failed to convert new object (/a; apps/v1, Kind=ReplicaSet) to proper version: unable to convert unstructured object to apps/v1, Kind=ReplicaSet: ${NO_QUANTITY}`,
    ]);
  });

  it('is refused as a patch, which is shown', async () => {
    const containers = [{ name: 'a', ...limits({ cpu: 'much' }) }];
    await target.call('POST', SETS, replicaSet({}));
    for (const type of ['merge', 'strategic-merge']) {
      const reply = await target.call('PATCH', `${SETS}/a?dryRun=All`, { spec: { template: { spec: { containers } } } }, {
        'content-type': `application/${type}-patch+json`,
      }); // prettier-ignore
      expect([reply.status, reply.body.message]).toEqual([422, expect.stringContaining(`: ${NO_QUANTITY}`)]);
      expect(reply.body.message).toMatch(/^ "" is invalid: patch: Invalid value: "/);
    }
    await target.call('DELETE', `${SETS}/a`);
  });

  it('is taken with spaces around it, and without a value as nothing', async () => {
    const [{ resources }] = (await create(replicaSet(limits({ cpu: ' 1 ' })))).body.spec.template.spec.containers;
    expect(resources.limits).toEqual({ cpu: '1' });
    const [empty] = (await create(replicaSet(limits({ cpu: null })))).body.spec.template.spec.containers;
    expect(empty.resources.limits).toEqual({ cpu: '0' });
  });
});

const HERE = 'spec.template.spec';
const FIRST = `${HERE}.containers[0]`;
const REFUSED: [what: string, body: object, ...causes: string[]][] = [
  ['a negative limit', replicaSet(limits({ cpu: '-1' })), `${FIRST}.resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0`],
  ['a request above its limit', replicaSet(requests({ cpu: '2' }, { cpu: '1' })), `${FIRST}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`],
  ['a request of more megabytes than its limit has', replicaSet(requests({ memory: '2G' }, { memory: '1.5Gi' })), `${FIRST}.resources.requests: Invalid value: "2G": must be less than or equal to memory limit of 1536Mi`],
  ['a resource that is not known', replicaSet(requests({ cpus: '2' })), `${FIRST}.resources.requests[cpus]: Invalid value: "cpus": ${UNKNOWN_RESOURCE}`, `${FIRST}.resources.requests[cpus]: Invalid value: "cpus": must be a standard resource for containers`],
  ['half a device', replicaSet(limits({ 'example.com/gpu': '1.5' })), `${FIRST}.resources.limits[example.com/gpu]: Invalid value: "1500m": must be an integer`],
  ['a device without a limit', replicaSet({ resources: { requests: { 'example.com/gpu': '1' } } }), `${FIRST}.resources.limits: Required value: Limit must be set for non overcommitable resources`],
  ['a mount of no volume', replicaSet({ volumeMounts: [{ name: 'x', mountPath: '/x' }] }), `${FIRST}.volumeMounts[0].name: Not found: "x"`],
  ['a mount without a path', replicaSet({ volumeMounts: [{ name: 'x' }] }, volumes({ name: 'x', emptyDir: {} })), `${FIRST}.volumeMounts[0].mountPath: Required value`],
  ['a mount without a name', replicaSet({ volumeMounts: [{ mountPath: '/x' }] }), `${FIRST}.volumeMounts[0].name: Required value`, `${FIRST}.volumeMounts[0].name: Not found: ""`],
  ['an init container that mounts no volume and wants less than nothing', replicaSet({}, { initContainers: [{ name: 'i', image: 'i:1', volumeMounts: [{ name: 'x', mountPath: '/x' }], ...limits({ cpu: '-1' }) }] }), `${HERE}.initContainers[0].volumeMounts[0].name: Not found: "x"`, `${HERE}.initContainers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0`],
  ['an init container without an image', replicaSet({}, { initContainers: [{ name: 'i' }] }), `${HERE}.initContainers[0].image: Required value`],
  ['an init container by the name of another', replicaSet({}, { initContainers: [{ name: 'a', image: 'i:1' }] }), `${HERE}.initContainers[0].name: Duplicate value: "a"`],
  ['a volume without a name', replicaSet({}, volumes({ emptyDir: {} })), `${HERE}.volumes[0].name: Required value`],
  ['a volume by a bad name', replicaSet({}, volumes({ name: 'X_1', emptyDir: {} })), `${HERE}.volumes[0].name: Invalid value: "X_1": ${DNS_LABEL}`],
  ['a volume of two types', replicaSet({}, volumes({ name: 'x', emptyDir: {}, configMap: { name: 'c' } })), `${HERE}.volumes[0].configMap: Forbidden: may not specify more than 1 volume type`],
  ['a ConfigMap without a name', replicaSet({}, volumes({ name: 'x', configMap: {} })), `${HERE}.volumes[0].configMap.name: Required value`],
  ['a Secret without a name', replicaSet({}, volumes({ name: 'x', secret: {} })), `${HERE}.volumes[0].secret.secretName: Required value`],
  ['a claim without a name', replicaSet({}, volumes({ name: 'x', persistentVolumeClaim: {} })), `${HERE}.volumes[0].persistentVolumeClaim.claimName: Required value`],
  ['a port out of range', replicaSet({ ports: [{ containerPort: 70_000 }] }), `${FIRST}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`],
  ['a port by a bad name', replicaSet({ ports: [{ containerPort: 80, name: 'A_B' }] }), `${FIRST}.ports[0].name: Invalid value: "A_B": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`, `${FIRST}.ports[0].name: Invalid value: "A_B": must contain at least one letter (a-z)`],
  ['two ports of one name', replicaSet({ ports: [{ containerPort: 80, name: 'a' }, { containerPort: 81, name: 'a' }] }), `${FIRST}.ports[1].name: Duplicate value: "a"`],
  ['a container by a bad name', replicaSet({ name: 'A_B' }), `${FIRST}.name: Invalid value: "A_B": ${DNS_LABEL}`],
  ['an image that is pulled sometimes', replicaSet({ imagePullPolicy: 'Sometimes' }), `${FIRST}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"`],
  ['pods that are not kept running', replicaSet({}, { restartPolicy: 'Never' }), `${HERE}.restartPolicy: Unsupported value: "Never": supported values: "Always"`],
  ['an odd policy for names', replicaSet({}, { dnsPolicy: 'Nope' }), `${HERE}.dnsPolicy: Unsupported value: "Nope": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"`],
  ['a variable without a name', replicaSet({ env: [{ name: '', value: 'x' }] }), `${FIRST}.env[0].name: Required value`],
  ['a variable of two values', replicaSet({ env: [{ name: 'a', value: 'x', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }] }), `${FIRST}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`],
  ['a variable from nowhere', replicaSet({ env: [{ name: 'a', valueFrom: {} }] }), `${FIRST}.env[0].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\` or \`secretKeyRef\``],
  ['a variable from no key', replicaSet({ env: [{ name: 'a', valueFrom: { configMapKeyRef: { name: 'c' } } }] }), `${FIRST}.env[0].valueFrom.configMapKeyRef.key: Required value`],
  ['variables from nowhere', replicaSet({ envFrom: [{}] }), `${FIRST}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``],
  ['variables from no ConfigMap', replicaSet({ envFrom: [{ configMapRef: {} }] }), `${FIRST}.envFrom[0].configMapRef.name: Required value`],
  ['a probe of nothing', replicaSet({ livenessProbe: {} }), `${FIRST}.livenessProbe: Required value: must specify a handler type`],
  ['a negative period', replicaSet({ livenessProbe: { periodSeconds: -1, tcpSocket: { port: 80 } } }), `${FIRST}.livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0`],
  ['a node label that is none', replicaSet({}, { nodeSelector: { 'a b': 'c' } }), `${HERE}.nodeSelector: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`],
  ['a wait below zero', replicaSet({}, {}, { minReadySeconds: -1 }), 'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0'],
  ['no template', replicaSet({}, {}, { template: {} }), 'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`', `${HERE}.containers: Required value`],
]; // prettier-ignore

describe('a ReplicaSet with', () => {
  it.each(REFUSED)('%s is refused, created or applied', async (_what, body, ...causes) => {
    const text = causes.length === 1 ? causes[0] : `[${causes.join(', ')}]`;
    for (const reply of [await create(body), await apply(body)])
      expect([reply.status, reply.body.message]).toEqual([422, `ReplicaSet.apps "a" is invalid: ${text}`]);
  });

  it.each([
    ['two volumes of one name', replicaSet({}, volumes({ name: 'x', emptyDir: {} }, { name: 'x', emptyDir: {} })), `${HERE}.volumes[1].name: Duplicate value: "x"`],
    ['two mounts at one path', replicaSet({ volumeMounts: [{ name: 'x', mountPath: '/x' }, { name: 'x', mountPath: '/x' }] }, volumes({ name: 'x', emptyDir: {} })), `${FIRST}.volumeMounts[1].mountPath: Invalid value: "/x": must be unique`],
  ])('%s is refused, and cannot be merged', async (_what, body, cause) => {
    expect((await create(body)).body.message).toBe(`ReplicaSet.apps "a" is invalid: ${cause}`);
    const applied = await apply(body);
    expect([applied.status, applied.body.message]).toEqual([500, expect.stringContaining('duplicate entries for key')]);
  }); // prettier-ignore

  it('a number written as text is refused in words of their own', async () => {
    const applied = await apply(replicaSet({}, {}, { replicas: '1' }));
    expect(applied.body.message).toContain('.spec.replicas: expected numeric (int or float), got string');
  });
});

describe('a field that the API server does not know', () => {
  const UNKNOWN: [where: string, body: object, path: string, merged: string][] = [
    ['a container', replicaSet({ imagee: 'b' }), `${FIRST}.imagee`, `.${HERE}.containers[name="a"].imagee`],
    ['a probe', replicaSet({ livenessProbe: { httpGet: { port: 1, pth: '/' } } }), `${FIRST}.livenessProbe.httpGet.pth`, `.${HERE}.containers[name="a"].livenessProbe.httpGet.pth`],
    ['a volume', replicaSet({}, volumes({ name: 'x', nope: {} })), `${HERE}.volumes[0].nope`, `.${HERE}.volumes[name="x"].nope`],
    ['a pod', replicaSet({}, { contaners: [] }), `${HERE}.contaners`, `.${HERE}.contaners`],
    ['the spec', replicaSet({}, {}, { replica: 1 }), 'spec.replica', '.spec.replica'],
  ]; // prettier-ignore

  it.each(UNKNOWN)('in %s is refused, warned of or ignored, as asked', async (_where, body, path) => {
    const strict = await create(body, 'Strict');
    expect([strict.status, strict.body.message]).toEqual([
      400,
      `ReplicaSet in version "v1" cannot be handled as a ReplicaSet: strict decoding error: unknown field "${path}"`,
    ]);
    const warned = await create(body, 'Warn');
    expect([warned.status, warned.headers['warning']]).toEqual([201, `299 - "unknown field \\"${path}\\""`]);
    const ignored = await create(body, 'Ignore');
    expect([ignored.status, ignored.headers['warning']]).toEqual([201, undefined]);
    expect(JSON.stringify(ignored.body)).not.toContain(`"${path.split('.').at(-1)}"`);
  });

  it.each(UNKNOWN)('in %s can never be applied', async (_where, body, _path, merged) => {
    for (const mode of ['Strict', 'Warn', 'Ignore']) {
      const reply = await apply(body, mode);
      expect([reply.status, reply.body.message]).toEqual([
        500,
        `failed to create typed patch object (/a; apps/v1, Kind=ReplicaSet): ${merged}: field not declared in schema`,
      ]);
    }
  });
});
