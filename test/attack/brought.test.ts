// One commit that brings a Namespace, a kind or a right, and what rests on it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../application/agent-world.ts';
import { NAMESPACE, commit, configMap, find, forget, plant, wide, written } from './hostile.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
  wide(world);
});
afterEach(() => world.stop());

const inTeam = configMap('c', 'a: b', ', namespace: team');

const definition = (properties: string, versions = 'v1'): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget, listKind: WidgetList }
  versions:
    - name: ${versions}
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, required: [size], properties: ${properties} }
`;
const SIZES =
  '{ size: { type: integer, minimum: 1 }, color: { type: string, pattern: "^[a-z]+$" }, mode: { type: string, enum: [a, b] } }';
const widget = (spec: string, version = 'v1'): string =>
  `apiVersion: example.com/${version}\nkind: Widget\nmetadata: { name: w }\nspec: ${spec}\n`;
const theWidget = () => find(world, 'Widget', 'w', 'shop', 'example.com');

async function given(files: Record<string, string>, spec = {}): Promise<void> {
  commit(world, { 'deploy/a.yaml': configMap('keep'), ...files });
  await world.application({ serviceAccountName: 'admin', ...spec });
  await world.start();
}

describe('A Namespace and an object in it', () => {
  it('are applied by one commit, without waiting for the next look', async () => {
    await given({ 'deploy/ns.yaml': NAMESPACE, 'deploy/c.yaml': inTeam });
    expect(find(world, 'ConfigMap', 'c', 'team')).toBeDefined();
    expect((await world.status()).phase).toBe('Synced');
  });

  it('wait for nothing in a later commit either', async () => {
    await given({});
    commit(world, { 'deploy/ns.yaml': NAMESPACE, 'deploy/c.yaml': inTeam });
    await world.poll();
    expect(find(world, 'ConfigMap', 'c', 'team')).toBeDefined();
  });
});

describe('A kind and an object of it', () => {
  it('are applied by one commit', async () => {
    await given({ 'deploy/crd.yaml': definition(SIZES), 'deploy/w.yaml': widget('{ size: 1 }') });
    await world.run(10_000);
    expect(theWidget()).toBeDefined();
    expect((await world.status()).phase).toBe('Synced');
  });

  it.each([
    [
      'a field that it does not have',
      '{ size: 1, colour: red }',
      /unknown field "spec.colour" \(did you mean color\?\)/,
    ],
    [
      'another type',
      '{ size: large }',
      /spec.size: Invalid value: "string": spec.size in body must be of type integer/,
    ],
    ['a value out of range', '{ size: 0 }', /spec.size in body should be greater than or equal to 1/],
    [
      'a value that is not listed',
      '{ size: 1, mode: c }',
      /spec.mode: Unsupported value: "c": supported values: "a", "b"/,
    ],
    ['nothing where something is required', '{ color: red }', /spec.size: Required value/],
  ])('are refused before the first write where the object has %s', async (_what, spec, message) => {
    await given({});
    forget(world);
    commit(world, { 'deploy/crd.yaml': definition(SIZES), 'deploy/w.yaml': widget(spec) });
    await world.poll();
    const status = await world.status();
    expect(status.phase).toBe('Failed');
    expect(status.message).toMatch(/^deploy\/w.yaml:1: Widget shop\/w: /);
    expect(status.message).toMatch(message);
    expect(written(world).filter((write) => !write.includes('status'))).toEqual([]);
    expect(
      find(world, 'CustomResourceDefinition', 'widgets.example.com', undefined, 'apiextensions.k8s.io'),
    ).toBeUndefined();
  });

  it('are refused where the definition does not serve the version', async () => {
    await given({ 'deploy/crd.yaml': definition(SIZES), 'deploy/w.yaml': widget('{ size: 1 }', 'v2') });
    expect((await world.status()).message).toContain('does not serve version v2; it serves v1');
  });

  it('are applied where the commit changes the definition for the object', async () => {
    await given({ 'deploy/crd.yaml': definition(SIZES), 'deploy/w.yaml': widget('{ size: 1 }') });
    await world.run(10_000);
    const wider = SIZES.replace('{ size', '{ weight: { type: integer }, size');
    commit(world, { 'deploy/crd.yaml': definition(wider), 'deploy/w.yaml': widget('{ size: 1, weight: 2 }') });
    await world.poll();
    await world.run(10_000);
    expect(theWidget()?.spec).toMatchObject({ weight: 2 });
    expect((await world.status()).phase).toBe('Synced');
  });

  it('are put back where only the server can tell that the object does not fit', async () => {
    await given({});
    commit(world, {
      'deploy/a.yaml': configMap('keep', 'a: changed'),
      'deploy/crd.yaml': definition(SIZES),
      'deploy/w.yaml': widget('{ size: 1, color: RED }'),
    });
    await world.poll();
    await world.run(20_000);
    expect(await world.status()).toMatchObject({
      phase: 'Failed',
      message: expect.stringContaining("should match '^[a-z]+$'"),
    });
    expect(find(world, 'ConfigMap', 'keep')?.['data']).toEqual({ a: 'b' });
  });

  it('cost no time by what a definition may hold', async () => {
    const evil = '{ size: { type: integer }, color: { type: string, pattern: "^(a+)+$" } }';
    await given({ 'deploy/crd.yaml': definition(evil), 'deploy/w.yaml': widget(`{ color: ${'a'.repeat(40)}b }`) });
    expect((await world.status()).message).toContain('spec.size: Required value');
  });
});

describe('A right and what needs it', () => {
  const rule = '{ apiGroups: [""], resources: [secrets], verbs: ["*"] }';
  const bound = (subject: string): string => `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: secrets }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: secrets }
subjects: [{ kind: ServiceAccount, name: ${subject}, namespace: shop }]
`;
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { a: b }\n';
  const role = `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: { name: secrets }\nrules: [${rule}]\n`;

  beforeEach(() => {
    world.tenancy = { ...world.tenancy, clusterApplications: [] };
  });

  /** An account that may write roles and hand out what it does not have, but has no right to Secrets. */
  function granter(): void {
    plant(world, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'granter', namespace: 'shop' } });
    const verbs = ['*'];
    plant(world, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'granter', namespace: 'shop' },
      rules: [
        { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs },
        { apiGroups: [''], resources: ['configmaps'], verbs },
      ],
    } as never);
    plant(world, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'granter', namespace: 'shop' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'granter' },
      subjects: [{ kind: 'ServiceAccount', name: 'granter', namespace: 'shop' }],
    } as never);
  }

  it('are applied by one commit', async () => {
    granter();
    const files = { 'deploy/r.yaml': role, 'deploy/b.yaml': bound('granter'), 'deploy/s.yaml': secret };
    await given(files, { serviceAccountName: 'granter' });
    await world.run(90_000);
    expect(find(world, 'Secret', 's')).toBeDefined();
    expect((await world.status()).phase).toBe('Synced');
  });

  it('are refused where the right is another’s', async () => {
    granter();
    const files = { 'deploy/r.yaml': role, 'deploy/b.yaml': bound('other'), 'deploy/s.yaml': secret };
    await given(files, { serviceAccountName: 'granter' });
    await world.run(15_000);
    expect(await world.status()).toMatchObject({
      phase: 'Failed',
      message: expect.stringContaining('may not write Secret shop/s'),
    });
    expect(find(world, 'Role', 'secrets', 'shop', 'rbac.authorization.k8s.io')).toBeUndefined();
  });
});
