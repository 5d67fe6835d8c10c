import { gzipSync } from 'node:zlib';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { objectKeyOf } from '../../../src/api/object-key.ts';
import { readSnapshot, snapshotSecret, type StableSnapshot } from '../../../src/application/revert/snapshot.ts';
import { isCleanPath, type SnapshotScope } from '../../../src/application/revert/snapshot-scope.ts';
import { canonicalJson } from '../../../src/rollout/hash.ts';
import { files, rolloutText } from '../agent-world.ts';
import { snapshotIn, V1 } from './declared.ts';

const KEY = Buffer.alloc(32, 1);
const SCOPE: SnapshotScope = {
  namespace: 'shop',
  rollout: 'web',
  application: { namespace: 'shop', name: 'shop', uid: 'u' },
  sourcePath: 'deploy',
  crossNamespace: false,
};
const v1 = files('web:1', 'one');
const snapshot = snapshotIn(v1);
const secretOf = (more: Partial<StableSnapshot> = {}, scope = SCOPE): KubeObject => {
  const secret = snapshotSecret({ ...snapshot, ...more }, scope, KEY);
  if (!secret) throw new Error('it does not fit');
  return secret;
};
const read = (secret: KubeObject | undefined, scope = SCOPE) => readSnapshot(secret, scope, KEY);

/** A snapshot with anything in it, sealed as Sluice would. */
function forged(objects: unknown, more: Record<string, unknown> = {}): KubeObject {
  const payload = { revision: V1, contentHash: 'x', sequence: 1, objects, ...more };
  const packed = gzipSync(Buffer.from(canonicalJson(payload)));
  const place = canonicalJson(['sluice.dev/snapshot', 2, 'shop', 'web', 'shop/shop']);
  const seal = createHmac('sha256', KEY).update(`${place}\n`).update(packed).digest('base64');
  return { ...secretOf(), data: { snapshot: packed.toString('base64'), seal } };
}
const planted = (object: Partial<KubeObject> & { apiVersion: string; kind: string }, path = 'deploy/x.yaml') => {
  const whole = { metadata: { name: 'planted', namespace: 'shop' }, ...object };
  return { object: whole as KubeObject, path, text: 'x', key: objectKeyOf(whole as KubeObject), hash: 'x' };
};
const own = snapshot.objects.map(({ object, path, text }) => ({ object, path, text }));

describe('a snapshot', () => {
  it('comes back as it was, and belongs to the Application, which it shall not outlive, unlike the Rollout', () => {
    const secret = secretOf();
    expect(read(secret)).toEqual({ ok: true, value: snapshot });
    expect(secret.metadata.ownerReferences).toEqual([
      { apiVersion: 'sluice.dev/v1alpha1', kind: 'Application', name: 'shop', uid: 'u' },
    ]);
    const far = { ...SCOPE, application: { ...SCOPE.application, namespace: 'apps' } };
    expect(secretOf({}, far).metadata.ownerReferences).toBeUndefined();
  });

  it('is none where there is no Secret', () => {
    expect(read(undefined)).toEqual({ ok: true, value: undefined });
  });

  it.each<[string, KubeObject, SnapshotScope?]>([
    ['from a Secret of another type', { ...secretOf(), type: 'Opaque' }],
    ['without a seal', { ...secretOf(), data: { snapshot: (secretOf()['data'] as { snapshot: string }).snapshot } }],
    ['with a seal of another length', { ...secretOf(), data: { ...(secretOf()['data'] as object), seal: 'AAAA' } }],
    [
      'that was changed',
      { ...secretOf(), data: { ...(secretOf()['data'] as object), snapshot: gzipSync('[]').toString('base64') } },
    ],
    ['of another Rollout', secretOf(), { ...SCOPE, rollout: 'api' }],
    ['of another namespace', secretOf(), { ...SCOPE, namespace: 'other' }],
    ['of another Application', secretOf(), { ...SCOPE, application: { namespace: 'shop', name: 'twin' } }],
    ['that holds no Rollout', forged([own[1]])],
    ['of another form', forged([{ object: 7 }])],
    ['that holds nothing', forged([])],
    ['with a revision of another form', forged(own, { revision: 'v1' })],
    ['with more objects than a Rollout has', forged(Array.from({ length: 300 }, () => own[0]))],
  ])('is not believed %s', (_name, secret, scope) => {
    expect(read(secret, scope)).toMatchObject({ ok: false, error: expect.any(String) });
  });

  it('is not believed with another key', () => {
    expect(readSnapshot(secretOf(), SCOPE, Buffer.alloc(32, 2)).ok).toBe(false);
  });

  it.each<[string, ReturnType<typeof planted>]>([
    [
      'a ClusterRoleBinding',
      planted({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'planted' },
      }),
    ],
    [
      'a Deployment of another namespace',
      planted({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'planted', namespace: 'kube-system' } }),
    ],
    ['a ConfigMap that the pods do not read', planted({ apiVersion: 'v1', kind: 'ConfigMap' })],
    [
      'another Rollout',
      planted({ apiVersion: 'sluice.dev/v1alpha1', kind: 'Rollout', metadata: { name: 'api', namespace: 'shop' } }),
    ],
  ])('holds no place for %s, whoever sealed it', (_name, extra) => {
    expect(read(forged([...own, extra]))).toMatchObject({
      ok: false,
      error: expect.stringContaining('not part of the Rollout'),
    });
    const kept = read(secretOf({ objects: [...snapshot.objects, extra] }));
    expect(kept).toEqual({ ok: true, value: snapshot });
  });

  it("holds no Secret of Sluice's own, though the pods read it", () => {
    const text = {
      'deploy/web.yaml': rolloutText('web:1').replace(
        'configMapRef: { name: web-config }',
        'secretRef: { name: sluice-stable-api }',
      ),
    };
    const reads = snapshotIn(text).objects.map(({ object, path, text: of }) => ({ object, path, text: of }));
    const extra = planted({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'sluice-stable-api', namespace: 'shop' },
    });
    expect(read(forged([...reads, extra]))).toMatchObject({
      ok: false,
      error: expect.stringContaining('sluice-stable-api'),
    });
  });

  it('holds routes of other namespaces only where these may be driven', () => {
    const strategy = 'strategy: { canary: { trafficRouting: { istio: { virtualService: { name: web.mesh } } }, ';
    const text = {
      'deploy/web.yaml': rolloutText('web:1')
        .replace('strategy: { canary: { ', strategy)
        .replace('pause: {} }] } }', 'pause: {} }] } }'),
    };
    const rollout = snapshotIn(text).objects;
    const route = planted({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'web', namespace: 'mesh' },
    });
    const parts = [...rollout, route].map(({ object, path, text: of }) => ({ object, path, text: of }));
    expect(read(forged(parts))).toMatchObject({ ok: false, error: expect.stringContaining('another namespace') });
    expect(read(forged(parts), { ...SCOPE, crossNamespace: true }).ok).toBe(true);
  });

  it('names files below the path of the source alone', () => {
    const [first, ...rest] = own;
    for (const path of [
      '.github/workflows/pwn.yml',
      'deploy/../x.yaml',
      '/deploy/x.yaml',
      'other/x.yaml',
      'deploy/.git/config',
    ]) {
      expect(read(forged([{ ...first, path }, ...rest]))).toMatchObject({
        ok: false,
        error: expect.stringContaining('spec.source.path'),
      });
    }
  });
});

it.each([
  ['deploy/web.yaml', 'deploy', true],
  ['deploy/a/web.yaml', './deploy/', true],
  ['web.yaml', '', true],
  ['deployment/web.yaml', 'deploy', false],
  ['deploy', 'deploy', false],
  ['', '', false],
  ['a//b.yaml', '', false],
  ['./a.yaml', '', false],
  ['a/../../b.yaml', '', false],
  ['/etc/passwd', '', false],
  ['a\\b.yaml', '', false],
  ['a\u0000.yaml', '', false],
  ['a\n.yaml', '', false],
  ['.gitlab-ci.yml', '', false],
  ['x/.GIT/hooks', '', false],
  ['GIT~1/x', '', false],
])('the path %j below %j is clean: %s', (path, folder, clean) => {
  expect(isCleanPath(path, folder)).toBe(clean);
});
