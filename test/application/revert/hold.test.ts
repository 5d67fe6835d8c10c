import { describe, expect, it } from 'vitest';
import type { Hold } from '../../../src/api/application.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import { ANNOTATIONS, verbAnnotation } from '../../../src/api/names.ts';
import { decideHolds } from '../../../src/application/revert/hold.ts';
import { appliedSets } from '../../../src/application/revert/rollout-set.ts';
import { wantedObjects } from '../../../src/application/revert/wanted.ts';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { config, rolloutText } from '../agent-world.ts';
import { aborted, declare, holdInput, holdOf, live, snapshotIn, V2, WEB, type Texts } from './declared.ts';

const TEMPLATE = (threshold: string): string => `apiVersion: sluice.dev/v1alpha1
kind: AnalysisTemplate
metadata: { name: success-rate }
spec: { metrics: [{ name: m, successCondition: 'result[0] >= ${threshold}', provider: { prometheus: { query: q } } }] }
`;
const SERVICE = (port: number): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: web-stable }\nspec: { selector: { app: web }, ports: [{ port: ${port} }] }\n`;
const STRATEGY = 'strategy: { canary: { steps: [{ setWeight: 10 }, { pause: {} }] } }';
const MEASURED =
  'strategy: { canary: { stableService: web-stable, steps: [{ setWeight: 10 }, { analysis: { templates: [{ templateName: success-rate }] } }] } }';

const texts = (image: string, mode: string, port = 80): Texts => ({
  'deploy/web.yaml': rolloutText(image).replace(STRATEGY, MEASURED),
  'deploy/config.yaml': config(mode),
  'deploy/service.yaml': SERVICE(port),
  'deploy/analysis.yaml': TEMPLATE('0.95'),
});
const v1 = texts('web:1', 'one');
const v2 = texts('web:2', 'two', 81);
const edit = (of: Texts, path: string, from: string, to: string): Texts => ({
  ...of,
  [path]: (of[path] ?? '').replace(from, to),
});
const WEB_FILE = 'deploy/web.yaml';

const snapshot = snapshotIn(v1);
const snapshots = new Map([[WEB, snapshot]]);
const hold = holdOf(v2, v1);

const decide = (now: Texts, holds: readonly Hold[] = [hold]) => decideHolds(holdInput(now, { holds, snapshots }));

describe('a hold', () => {
  it.each<[string, Texts]>([
    ['nothing changes', v2],
    ['replicas change', edit(v2, WEB_FILE, 'replicas: 2', 'replicas: 5')],
    ['a label of the Rollout changes', edit(v2, WEB_FILE, 'name: web }', 'name: web, labels: { team: a } }')],
    ['minReadySeconds are given', edit(v2, WEB_FILE, 'replicas: 2', 'replicas: 2\n  minReadySeconds: 5')],
    ['maxSurge is given', edit(v2, WEB_FILE, 'canary: { stable', 'canary: { maxSurge: 1, stable')],
    ['a Service changes', edit(v2, 'deploy/service.yaml', 'port: 81', 'port: 82')],
    [
      'a label of what the pods read changes',
      edit(v2, 'deploy/config.yaml', 'web-config }', 'web-config, labels: { a: b } }'),
    ],
    ['another object is declared', { ...v2, 'deploy/other.yaml': config('x').replace('web-config', 'other') }],
    ['a comment changes', edit(v2, WEB_FILE, '# the release', '# the bad release')],
  ])('stays while %s', (_name, now) => {
    expect(decide(now)).toMatchObject({ holds: [{ rejected: V2 }], ended: [], started: [] });
  });

  it.each<[string, Texts]>([
    ['the pod template', edit(v2, WEB_FILE, 'web:2', 'web:3')],
    ['what the pods read', edit(v2, 'deploy/config.yaml', 'mode: two', 'mode: three')],
    ['the steps', edit(v2, WEB_FILE, 'setWeight: 10', 'setWeight: 5')],
    ['what the steps measure', edit(v2, 'deploy/analysis.yaml', '0.95', '0.8')],
  ])('ends when Git declares another thing for %s', (_name, now) => {
    expect(decide(now)).toMatchObject({ holds: [], ended: [{ why: 'declared' }], started: [] });
  });

  it('ends when the Rollout has left Git', () => {
    const { [WEB_FILE]: _web, ...rest } = v2;
    expect(decide(rest)).toMatchObject({ holds: [], ended: [{ why: 'gone' }] });
  });

  it('ends when somebody says retry, also while Git cannot be read', () => {
    const rollout = live(v1);
    rollout.metadata.annotations = { [verbAnnotation('retry')]: 'true' };
    const input = holdInput(v2, { holds: [hold], snapshots, rollout: () => rollout });
    expect(decideHolds(input).ended).toMatchObject([{ why: 'retried' }]);
    expect(decideHolds({ ...input, sets: new Map(), declared: false }).ended).toMatchObject([{ why: 'retried' }]);
  });

  it('is over once another thing was declared: what was rejected before is tried again when Git declares it anew', () => {
    const between = decide(edit(v2, WEB_FILE, 'web:2', 'web:3'));
    expect(decide(v2, between.holds)).toMatchObject({ holds: [], started: [] });
  });

  it('goes on being the same through changes that do not count, there and back', () => {
    const more = decide(edit(v2, WEB_FILE, 'replicas: 2', 'replicas: 5'));
    expect(decide(v2, more.holds).holds).toEqual([hold]);
  });
});

describe('a hold of an earlier version, which knows the hash of the whole set alone', () => {
  const { trial: _trial, ...old } = hold;

  it.each<[string, Texts]>([
    ['nothing changes', v2],
    ['replicas change', edit(v2, WEB_FILE, 'replicas: 2', 'replicas: 5')],
    ['a Service changes', edit(v2, 'deploy/service.yaml', 'port: 81', 'port: 82')],
  ])('stays while %s, and learns what it is about', (_name, now) => {
    expect(decide(now, [old])).toMatchObject({ holds: [{ trial: hold.trial }], ended: [] });
  });

  it.each<[string, Texts]>([
    ['the pod template', edit(v2, WEB_FILE, 'web:2', 'web:3')],
    ['what the pods read', edit(v2, 'deploy/config.yaml', 'mode: two', 'mode: three')],
  ])('ends when Git declares another thing for %s', (_name, now) => {
    expect(decide(now, [old])).toMatchObject({ holds: [], ended: [{ why: 'declared' }] });
  });
});

describe('a hold begins', () => {
  const begin = (rollout: Rollout, more = {}) =>
    decideHolds(holdInput(v2, { rollout: () => rollout, snapshots, ...more }));

  it('with what was rejected, the stable revision, and the objects that went with it', () => {
    expect(hold).toMatchObject({ rejected: V2, stable: snapshot.revision, reason: 'success-rate 0.82 < 0.95' });
    expect(hold.objects.map(({ kind }) => kind)).toEqual(['Rollout', 'ConfigMap', 'Service']);
  });

  it.each<[string, Record<string, string>]>([
    ['a held note that somebody planted', { [ANNOTATIONS.held]: '{}' }],
    ['a revision that is no JSON', { [ANNOTATIONS.revision]: '{' }],
    ['a revision of another form', { [ANNOTATIONS.revision]: '{"commit":7}' }],
    ['a foreign content hash', { [ANNOTATIONS.contentHash]: 'x' }],
  ])('in spite of %s', (_name, annotations) => {
    const rollout = aborted(v2, snapshot);
    rollout.metadata.annotations = annotations;
    expect(begin(rollout).started).toMatchObject([{ rejected: V2 }]);
  });

  it('blaming the head of the branch where nothing says which commit it was', () => {
    const rollout = aborted(v2, snapshot);
    const { revision: _revision, ...status } = rollout.status ?? {};
    expect(begin({ ...rollout, status }, { head: V2 }).started).toMatchObject([{ rejected: V2 }]);
  });

  it('not while the status speaks of an earlier generation', () => {
    const rollout = aborted(v2, snapshot);
    rollout.metadata.generation = 2;
    expect(begin(rollout).started).toEqual([]);
  });

  it('also from what was applied, while Git cannot be read, and learns later what it is about', () => {
    const rollout = aborted(v2, snapshot);
    const inventory = declare(v2).map(({ ref, hash }) => ({ ...ref, hash, status: 'Synced' as const }));
    const sets = appliedSets([rollout as unknown as KubeObject], inventory);
    const [blind] = begin(rollout, { sets, declared: false }).started;
    expect(blind?.trial).toBeUndefined();
    expect(decide(v2, blind ? [blind] : []).holds).toMatchObject([{ trial: hold.trial }]);
  });

  it('not where there is nothing to go back to, and says what stands in the way', () => {
    const first = aborted(v2, { ...snapshot, podHash: '' });
    expect(begin(first).stuck).toMatchObject([
      { reason: 'NothingToGoBackTo', message: expect.stringContaining('first revision') },
    ]);
    const rollout = aborted(v2, snapshot);
    expect(begin(rollout, { snapshots: new Map() }).stuck).toMatchObject([{ reason: 'NothingToGoBackTo' }]);
    const refused = new Map([[WEB, 'is damaged']]);
    expect(begin(rollout, { snapshots: new Map(), refused }).stuck).toMatchObject([
      {
        reason: 'SnapshotNotAuthentic',
        message: expect.stringContaining('but the stable revision on record is damaged'),
      },
    ]);
    const older = new Map([[WEB, { ...snapshot, podHash: 'other' }]]);
    expect(begin(rollout, { snapshots: older }).stuck).toMatchObject([
      { message: expect.stringContaining('an older one') },
    ]);
  });
});

describe('while a revision is held', () => {
  const wanted = (now: Texts, from = snapshots) => {
    const { objects, keptBack } = wantedObjects(declare(now), [hold], from);
    const find = (kind: string): KubeObject | undefined => objects.find(({ ref }) => ref.kind === kind)?.object;
    return { objects, keptBack, find };
  };

  it('every other field that Git declares is applied around the stable pods and steps', () => {
    const now = edit(
      edit(v2, WEB_FILE, 'replicas: 2', 'replicas: 5\n  minReadySeconds: 3'),
      WEB_FILE,
      'name: web }',
      'name: web, labels: { team: a } }',
    );
    const before = declare(v1).find(({ key }) => key === WEB)?.object.spec as Record<string, unknown>;
    expect(wanted(now).find('Rollout')).toMatchObject({
      metadata: { labels: { team: 'a' } },
      spec: { replicas: 5, minReadySeconds: 3, template: before['template'], strategy: before['strategy'] },
    });
  });

  it('the way pods are replaced is the declared one, as far as the stable strategy has a use for it', () => {
    const now = edit(v2, WEB_FILE, 'canary: { stable', 'canary: { maxSurge: 1, scaleDownDelaySeconds: 9, stable');
    const rollout = wanted(now).find('Rollout') as unknown as Rollout;
    const { canary } = rollout.spec.strategy;
    expect(canary).toMatchObject({ maxSurge: 1, stableService: 'web-stable' });
    expect(canary?.scaleDownDelaySeconds).toBeUndefined();
  });

  it('the pods read what they did, whatever else Git declares of it', () => {
    const now = edit(v2, 'deploy/config.yaml', 'web-config }', 'web-config, labels: { a: b } }');
    expect(wanted(now).find('ConfigMap')).toMatchObject({ metadata: { labels: { a: 'b' } }, data: { mode: 'one' } });
  });

  it('a Service goes back with it only while Git still declares what was rejected', () => {
    expect(wanted(v2).find('Service')).toMatchObject({ spec: { ports: [{ port: 80 }] } });
    const changed = edit(v2, 'deploy/service.yaml', 'port: 81', 'port: 82');
    expect(wanted(changed).find('Service')).toMatchObject({ spec: { ports: [{ port: 82 }] } });
  });

  it('what was rejected is not applied where nothing can take its place', () => {
    const { objects, keptBack } = wanted(v2, new Map());
    expect(objects.map(({ ref }) => ref.kind)).toEqual(['AnalysisTemplate']);
    expect(keptBack.map(({ ref }) => ref.kind).sort()).toEqual(['ConfigMap', 'Rollout', 'Service']);
  });
});
