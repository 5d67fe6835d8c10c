import { describe, expect, it } from 'vitest';
import type { Hold } from '../../src/api/application.ts';
import type { ObjectKey } from '../../src/api/object-key.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import { dependencyKeys } from '../../src/application/revert/dependents.ts';
import type { DesiredObject } from '../../src/application/source/desired.ts';
import { evidenceOf } from '../../src/application/report/evidence.ts';
import { revertMessage } from '../../src/application/report/revert-message.ts';
import { wantedObjects } from '../../src/application/revert/wanted.ts';
import { declaredSets } from '../../src/application/revert/rollout-set.ts';
import {
  readSnapshot,
  snapshotSecret,
  takeSnapshot,
  type StableSnapshot,
} from '../../src/application/revert/snapshot.ts';
import { rendered } from './rendered.ts';
import { drivenBy, stamped } from '../../src/application/sync/stamps.ts';
import { mergePatch } from '../../src/api/merge-patch.ts';
import { restoreFiles } from '../../src/application/revert/write-back.ts';
import { config, files, rolloutText } from './agent-world.ts';

const object = (fields: Record<string, unknown>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'x' },
  ...fields,
});

function declare(texts: Record<string, string>): readonly DesiredObject[] {
  return rendered(Object.entries(texts).map(([path, text]) => ({ path, text }))).desired;
}

const OWNER = { namespace: 'shop', name: 'shop', uid: 'u' };
const REVISION = { commit: 'a'.repeat(40), subject: 'Stable' };
const WEB = 'sluice.dev/Rollout/shop/web' as ObjectKey;
const CONFIG = '/ConfigMap/shop/web-config';
const KEY = Buffer.alloc(32, 1);
const SCOPE = {
  namespace: 'shop',
  rollout: 'web',
  application: { namespace: 'shop', name: 'shop', uid: 'u' },
  sourcePath: '',
  crossNamespace: false,
};

function snapshotOf(texts: Record<string, string>): StableSnapshot {
  const desired = declare(texts);
  const set = declaredSets(desired).get(WEB);
  if (!set) throw new Error('no set');
  return takeSnapshot(set, new Map(desired.map((each) => [each.key, each])), REVISION);
}

function holdOf(texts: Record<string, string>, snapshot: StableSnapshot): Hold {
  const set = declaredSets(declare(texts)).get(WEB);
  const before = new Map(snapshot.objects.map(({ key, hash }) => [key, hash]));
  return {
    rollout: { namespace: 'shop', name: 'web' },
    rejected: { commit: 'b'.repeat(40) },
    stable: REVISION,
    contentHash: set?.hash ?? '',
    objects: (set?.members ?? [])
      .filter(({ key, hash }) => before.get(key) !== hash)
      .map(({ ref, hash }) => ({ ...ref, hash })),
    reason: 'success-rate 0.82 < 0.95',
    since: '2026-01-01T00:00:00Z',
  };
}

describe('what a Rollout depends on', () => {
  it('is everything its pods read, its Services and its routes', () => {
    const rollout = object({
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        strategy: {
          canary: {
            canaryService: 'web-canary',
            stableService: 'web-stable',
            trafficRouting: {
              istio: {
                virtualService: { name: 'web.mesh' },
                destinationRule: { name: 'rule', canarySubsetName: 'c', stableSubsetName: 's' },
              },
              gatewayAPI: { httpRoute: 'route' },
            },
          },
        },
        template: {
          spec: {
            volumes: [
              { name: 'a', configMap: { name: 'cm-volume' } },
              { name: 'b', secret: { secretName: 's-volume' } },
              {
                name: 'c',
                projected: { sources: [{ configMap: { name: 'cm-projected' } }, { secret: { name: 's-projected' } }] },
              },
            ],
            initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 's-env' } }] }],
            containers: [
              {
                name: 'm',
                envFrom: [{ configMapRef: { name: 'cm-env' } }],
                env: [
                  { name: 'A', valueFrom: { configMapKeyRef: { name: 'cm-key', key: 'k' } } },
                  { name: 'B', valueFrom: { secretKeyRef: { name: 's-key', key: 'k' } } },
                  { name: 'C', value: 'x' },
                ],
              },
            ],
          },
        },
      },
    });
    expect([...dependencyKeys(rollout)].sort()).toEqual(
      [
        '/ConfigMap/shop/cm-env',
        '/ConfigMap/shop/cm-key',
        '/ConfigMap/shop/cm-projected',
        '/ConfigMap/shop/cm-volume',
        '/Secret/shop/s-env',
        '/Secret/shop/s-key',
        '/Secret/shop/s-projected',
        '/Secret/shop/s-volume',
        '/Service/shop/web-canary',
        '/Service/shop/web-stable',
        'gateway.networking.k8s.io/HTTPRoute/shop/route',
        'networking.istio.io/DestinationRule/shop/rule',
        'networking.istio.io/VirtualService/mesh/web',
      ].sort(),
    );
  });

  it('is nothing where the specification makes no sense', () => {
    expect(dependencyKeys(object({ spec: { template: 3, strategy: { canary: { trafficRouting: 'x' } } } })).size).toBe(
      0,
    );
  });
});

describe('a stable snapshot', () => {
  it('comes back from its Secret as it was', () => {
    const snapshot = snapshotOf(files('web:1', 'one'));
    const secret = snapshotSecret(snapshot, SCOPE, KEY);
    expect(secret?.metadata.name).toBe('sluice-stable-web');
    expect(readSnapshot(secret, SCOPE, KEY)).toEqual({ ok: true, value: snapshot });
  });

  it('is refused where it would not fit', () => {
    const noise = Array.from(
      { length: 40_000 },
      (_, i) => `  k${i}: "${((i * 2654435761) >>> 0).toString(36)}${i * 7}"\n`,
    ).join('');
    const text = `${rolloutText('web:1')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: web-config }\ndata:\n${noise}`;
    const large = snapshotOf({ 'a.yaml': text });
    const many = {
      ...large,
      objects: Array.from({ length: 6 }, (_, i) =>
        large.objects.map((each) => ({ ...each, text: `${i}${each.text.split('').toReversed().join('')}` })),
      ).flat(),
    };
    expect(snapshotSecret(many, SCOPE, KEY)).toBeUndefined();
  });
});

describe('what is wanted', () => {
  const v1 = files('web:1', 'one');
  const v2 = files('web:2', 'two');
  const snapshot = snapshotOf(v1);
  const snapshots = new Map([[WEB, snapshot]]);

  it('is what Git declares, configuration first and Rollouts last', () => {
    const wanted = wantedObjects(
      declare({
        'a.yaml': `${rolloutText('web:1')}---\n${config('one')}---\napiVersion: v1\nkind: Namespace\nmetadata: { name: ns }\n`,
      }),
      [],
      new Map(),
    );
    expect(wanted.objects.map(({ ref }) => ref.kind)).toEqual(['Namespace', 'ConfigMap', 'Rollout']);
  });

  it('is the stable content where a hold is on', () => {
    const hold = holdOf(v2, snapshot);
    const wanted = wantedObjects(declare(v2), [hold], snapshots);
    const stable = new Map(snapshot.objects.map(({ key, hash }) => [key, hash]));
    expect(wanted.objects.map(({ key, hash, hold: by }) => [key, hash === stable.get(key), by !== undefined])).toEqual([
      [CONFIG, true, true],
      [WEB, true, true],
    ]);
  });

  it('keeps an object back that came with the rejected revision', () => {
    const extra = { ...v1, 'deploy/extra.yaml': config('x').replace('web-config', 'extra') };
    const uses = { ...extra, 'deploy/web.yaml': v1['deploy/web.yaml']?.replace('web-config } }]', 'extra } }]') ?? '' };
    const hold = holdOf(uses, snapshot);
    const wanted = wantedObjects(declare(uses), [hold], snapshots);
    expect(wanted.keptBack.map(({ key }) => key)).toEqual(['/ConfigMap/shop/extra']);
    expect(wanted.objects.map(({ key }) => key)).toEqual([CONFIG, WEB]);
  });
});

describe('restoring files', () => {
  const restore = (v1: Record<string, string>, v2: Record<string, string>) => {
    const snapshot = snapshotOf(v1);
    const { changes, failed } = restoreFiles({
      targets: [{ hold: holdOf(v2, snapshot), snapshot }],
      desired: declare(v2),
      files: new Map(Object.entries(v2)),
      sourcePath: '',
    });
    return failed[0]?.message ?? Object.fromEntries(changes);
  };

  it('puts back the documents that changed and leaves the others, comments and all', () => {
    const other = `---\n# keep me\n${config('other').replace('web-config', 'other')}`;
    const v1 = { 'a.yaml': `${config('one')}---\n${rolloutText('web:1')}${other}` };
    const v2 = {
      'a.yaml': `${config('two')}---\n${rolloutText('web:2')}${other.replace('mode: other', 'mode: newer')}`,
    };
    expect(restore(v1, v2)).toEqual({
      'a.yaml': `${config('one')}---\n${rolloutText('web:1')}${other.replace('mode: other', 'mode: newer')}`,
    });
  });

  it('gives back a document that was deleted, in its file or in a new one', () => {
    const v1 = { 'c.yaml': config('one'), 'w.yaml': rolloutText('web:1') };
    expect(restore(v1, { 'w.yaml': rolloutText('web:2') })).toEqual(v1);
    const together = { 'w.yaml': `${rolloutText('web:1')}---\n${config('one')}` };
    expect(restore(together, { 'w.yaml': rolloutText('web:2') })).toEqual(together);
  });

  it('takes out a document that only the rejected revision needs', () => {
    const v1 = files('web:1', 'one');
    const v2 = {
      'deploy/web.yaml': (v1['deploy/web.yaml'] ?? '').replace('name: web-config } }]', 'name: extra } }]'),
      'deploy/extra.yaml': config('x').replace('web-config', 'extra'),
    };
    expect(restore(v1, v2)).toEqual({ ...v1, 'deploy/extra.yaml': null });
  });

  it('is refused where a document holds something else as well', () => {
    const list = (image: string): string =>
      `apiVersion: v1\nkind: List\nitems:\n- ${rolloutText(image).trimEnd().replaceAll('\n', '\n  ')}\n- ${config('x')
        .replace(/^#.*\n/, '')
        .replace('web-config', 'other')
        .trimEnd()
        .replaceAll('\n', '\n  ')}\n`;
    expect(restore({ 'a.yaml': list('web:1') }, { 'a.yaml': list('web:2') })).toMatch(
      /a\.yaml: Rollout shop\/web shares a document with ConfigMap shop\/other/,
    );
  });
});

describe('what is sent', () => {
  it('carries stamps that say where it comes from', () => {
    const body = stamped(object({ metadata: { name: 'x', labels: { a: '1' } } }), {
      owner: OWNER,
      hash: 'h',
      revision: REVISION,
    });
    expect(body.metadata.labels).toEqual({ a: '1', 'sluice.dev/application': 'shop' });
    expect(body.metadata.annotations).toEqual({
      [ANNOTATIONS.contentHash]: 'h',
      [ANNOTATIONS.owner]: 'shop/shop/u',
      [ANNOTATIONS.revision]: JSON.stringify(REVISION),
    });
  });

  it('has the data of a Secret as the server stores it', () => {
    const secret = object({ kind: 'Secret', stringData: { a: 'x' }, data: { b: 'eQ==' } });
    expect(stamped(secret, { owner: OWNER, hash: 'h' })['data']).toEqual({ a: 'eA==', b: 'eQ==' });
  });

  it("keeps the controller's hash in the selector of a Service that a Rollout names", () => {
    const rollout = object({
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { strategy: { canary: { stableService: 'stable' } } },
    });
    const keep = drivenBy([rollout]).get('/Service/shop/stable' as ObjectKey);
    const live = object({ spec: { selector: { app: 'old', [POD_TEMPLATE_HASH]: 'abc' } } });
    expect(keep?.(object({ spec: { selector: { app: 'web' } } }), live).spec).toEqual({
      selector: { app: 'web', [POD_TEMPLATE_HASH]: 'abc' },
    });
  });
});

describe('evidence', () => {
  it('names the metric, its condition and what was measured', () => {
    const run = {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'AnalysisRun' as const,
      metadata: { name: 'web-1' },
      spec: {
        metrics: [
          { name: 'success-rate', successCondition: 'result[0] >= 0.95', provider: { prometheus: { query: 'q' } } },
        ],
      },
      status: {
        phase: 'Failed' as const,
        metricResults: [
          {
            name: 'success-rate',
            phase: 'Failed' as const,
            failed: 1,
            successful: 2,
            measurements: [{ phase: 'Failed' as const, value: '[0.82]' }],
          },
        ],
      },
    };
    expect(evidenceOf([run])).toBe(
      'web-1: success-rate Failed: 2 good, 1 bad, 0 inconclusive, 0 errors\n  good when result[0] >= 0.95\n  measured: [0.82] (Failed)',
    );
    const hold = holdOf(files('web:2', 'two'), snapshotOf(files('web:1', 'one')));
    const message = revertMessage([{ hold, evidence: evidenceOf([run]) }], ['deploy/web.yaml']);
    expect(message.split('\n')[0]).toBe('Revert web to aaaaaaa: success-rate 0.82 < 0.95');
    expect(message).toContain('\n  measured: [0.82] (Failed)\n');
    expect(message.trimEnd().split('\n').slice(-4)).toEqual([
      'Sluice-Rollout: shop/web',
      `Sluice-Rejected: ${'b'.repeat(40)}`,
      `Sluice-Restored: ${'a'.repeat(40)}`,
      'Sluice-Reason: success-rate 0.82 < 0.95',
    ]);
  });
});

it('a status patch holds what differs, and nothing where nothing does', () => {
  expect(mergePatch({ a: 1, b: { c: 1, d: 2 }, l: [1] }, { a: 1, b: { c: 1 }, l: [1, 2], n: 'x' })).toEqual({
    b: { d: null },
    l: [1, 2],
    n: 'x',
  });
  expect(mergePatch({ a: { b: [1] } }, { a: { b: [1] } })).toBeUndefined();
});
