import { describe, expect, it } from 'vitest';
import type { Application } from '../../../src/api/application.ts';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { objectKeyOf, type ObjectKey } from '../../../src/api/object-key.ts';
import { Memory } from '../../../src/application/memory.ts';
import { wantedObjects } from '../../../src/application/revert/wanted.ts';
import type { Seen } from '../../../src/application/seen.ts';
import { planPrune, type PrunePlan } from '../../../src/application/sync/prune.ts';
import { application, applied, config, declared, entryOf, NOW, seen, type WorldInput } from '../seen.ts';

const pruning = (sync: Application['spec']['sync'] = {}): Application =>
  application({ sync: { prune: true, ...sync } });

interface Case extends WorldInput {
  stays?: readonly KubeObject[];
  left: readonly KubeObject[];
  isIdle?: boolean;
}

/** What becomes of objects that are on record and that the newest commit does not declare. */
function prune({
  app = pruning(),
  stays = [config('stays')],
  left,
  isIdle = true,
  ...input
}: Case): PrunePlan & { seen: Seen } {
  const live = input.live ?? [...stays, ...left].map((object) => applied(object, app));
  const resources =
    input.resources ?? [...stays, ...left].map((object) => entryOf(applied(object, app), { hash: 'h' }));
  const world = seen({ app, live, resources, ...input });
  const newest = declared(stays, app);
  return {
    ...planPrune({ seen: world, declared: newest, wanted: wantedObjects(newest.desired, [], new Map()), isIdle }),
    seen: world,
  };
}

const deleted = ({ intents }: PrunePlan): string[] =>
  intents.flatMap((intent) =>
    intent.do === 'Delete' ? intent.objects.map(({ ref, uid }) => `${ref.name} ${uid}`) : [],
  );
const why = ({ resources }: PrunePlan, name: string): string =>
  resources.find((entry) => entry.name === name)?.message ?? '';

describe('What has left Git', () => {
  it('is deleted by the UID of the object that was applied', () => {
    expect(deleted(prune({ left: [config('old')] }))).toEqual(['old uid-ConfigMap-old']);
  });

  it('stays where sync.prune is off, where its annotation says so, and while the rest is not in place', () => {
    expect(why(prune({ app: application(), left: [config('old')] }), 'old')).toMatch(/sync.prune is off/);
    const kept = config('old');
    kept.metadata.annotations = { 'sluice.dev/prune': 'Disabled' };
    expect(why(prune({ left: [kept] }), 'old')).toMatch(/Disabled/);
    kept.metadata.annotations = { 'helm.sh/resource-policy': 'keep' };
    expect(why(prune({ left: [kept] }), 'old')).toBe('kept by the annotation helm.sh/resource-policy: keep');
    const early = prune({ left: [config('old')], isIdle: false });
    expect([deleted(early), why(early, 'old')]).toEqual([[], 'has left Git; deleted when the rest is in place']);
  });

  it('goes off the record without a deletion where it is gone, made anew by somebody, or another Application’s', () => {
    const old = config('old');
    const others = applied(old, application({}, 'other'));
    for (const live of [[], [applied(old, pruning(), { uid: 'another' })], [others], [{ ...old }]]) {
      const plan = prune({ left: [old], live, resources: [entryOf(applied(old, pruning()))] });
      expect([deleted(plan), why(plan, 'old')]).toEqual([[], '']);
    }
  });

  it('is never deleted where it is declared under another group or version of its kind', () => {
    const stays = { ...config('ing'), apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' };
    const left = { ...config('ing'), apiVersion: 'extensions/v1beta1', kind: 'Ingress' };
    const live = [stays, left].map((object) => applied(object, pruning(), { uid: 'the-same' }));
    const plan = prune({ stays: [stays], left: [left], live, resources: live.map((object) => entryOf(object)) });
    expect([deleted(plan), why(plan, 'ing')]).toEqual([[], 'is declared under another name of its kind, and stays']);
  });

  it('is handed over where another Application declares it', () => {
    const plan = prune({ left: [config('old')], more: { declaredElsewhere: () => 'shop/other' } });
    expect(plan.intents.map((intent) => intent.do)).toEqual(['Disown']);
    // On record until it is done.
    expect(why(plan, 'old')).toBe('has left Git; left to Application shop/other, which declares it');
  });

  it('stays while another Application may declare it, which is asked at once and soon again', () => {
    const other = 'sluice.dev/Application/shop/other' as ObjectKey;
    const plan = prune({ left: [config('old')], more: { doubt: () => ({ toLook: [other], unclear: [] }) } });
    expect(plan.intents).toEqual([{ do: 'Ask', applications: [other] }]);
    expect([deleted(plan), plan.dueAt]).toEqual([[], NOW + 1_000]);
  });

  it('is deleted in the reverse of the order of applying, one stage after the other', () => {
    const deployment: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
    };
    const plan = prune({ left: [config('old'), deployment] });
    expect(deleted(plan)).toEqual(['web uid-Deployment-web']);
    expect(why(plan, 'old')).toBe('has left Git; deleted when the rest is in place');
  });
});

describe('A commit that declares nothing', () => {
  it('deletes nothing, unless that is allowed', () => {
    const refused = prune({ stays: [], left: [config('a')] });
    expect([refused.refusedEmpty, deleted(refused)]).toEqual([true, []]);
    expect(deleted(prune({ app: pruning({ allowEmpty: true }), stays: [], left: [config('a')] }))).toHaveLength(1);
  });
});

describe('More deletions at once than sync.pruneLimit', () => {
  const many = Array.from({ length: 8 }, (_, index) => config(`old-${index}`));

  it('are refused as a whole, with the annotation that allows them', () => {
    const plan = prune({ left: many });
    expect(deleted(plan)).toEqual([]);
    expect(why(plan, 'old-0')).toMatch(/sluice.dev\/confirm-prune=aaaaaaa/);
  });

  it('are carried out for the commit that somebody confirmed, and for no other', () => {
    const app = pruning();
    app.metadata.annotations = { 'sluice.dev/confirm-prune': 'aaaaaaa' };
    expect(deleted(prune({ app, left: many }))).toHaveLength(8);
    app.metadata.annotations = { 'sluice.dev/confirm-prune': 'bbbbbbb' };
    expect(deleted(prune({ app, left: many }))).toEqual([]);
  });

  it('are measured by the limit that the Application sets', () => {
    expect(deleted(prune({ app: pruning({ pruneLimit: 100 }), left: many }))).toHaveLength(8);
    expect(deleted(prune({ app: pruning({ pruneLimit: 0 }), left: many.slice(0, 4) }))).toHaveLength(4);
  });
});

describe('A Namespace or a definition that has left Git', () => {
  const app = application({ sync: { prune: true } }, 'wide');
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } };
  const key = objectKeyOf(namespace);
  const uid = 'uid-Namespace-team';

  it('is looked into before it is deleted', () => {
    const plan = prune({ app, left: [namespace] });
    expect(plan.intents).toMatchObject([{ do: 'Inspect', key }]);
  });

  it('stays while it holds anything, and says what', () => {
    const memory = new Memory();
    memory.inspected.set(key, { at: NOW, uid, holds: 'Deployment team/web' });
    const plan = prune({ app, left: [namespace], memory });
    expect([deleted(plan), why(plan, 'team')]).toEqual([
      [],
      'has left Git, but still holds Deployment team/web; it is kept',
    ]);
  });

  it('goes when it is empty, by an answer that is fresh', () => {
    const memory = new Memory();
    memory.inspected.set(key, { at: NOW, uid, holds: '' });
    expect(deleted(prune({ app, left: [namespace], memory }))).toHaveLength(1);
    memory.inspected.set(key, { at: NOW - 3_000, uid, holds: '' });
    expect(prune({ app, left: [namespace], memory }).intents).toMatchObject([{ do: 'Inspect' }]);
  });
});

describe('A Rollout that has left Git', () => {
  const rollout: KubeObject = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { matchLabels: { app: 'web' } } },
  };
  const deployment: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', generation: 1 },
    spec: { replicas: 2, template: { metadata: { labels: { app: 'web' } } } },
  };
  const app = pruning();
  const old = (more: object = {}): KubeObject => ({
    ...applied(rollout, app, {
      annotations: { 'sluice.dev/owner': 'shop/shop/uid-shop', 'sluice.dev/retire': 'shop/shop' },
    }),
    ...more,
  });

  it('first hands back what it drives', () => {
    expect(prune({ left: [rollout] }).intents).toMatchObject([{ do: 'Retire', uid: 'uid-Rollout-web' }]);
    const plan = prune({ left: [rollout], live: [old()], stays: [], app: pruning({ allowEmpty: true }) });
    expect([deleted(plan), why(plan, 'web')]).toEqual([[], 'has left Git; hands back what it drives']);
  });

  it('serves until the workload that takes its place is available', () => {
    const at = (available: number): PrunePlan => {
      const live = [
        old({ status: { retired: true } }),
        {
          ...applied(deployment, app, { generation: 1 }),
          status: { observedGeneration: 1, availableReplicas: available, updatedReplicas: 2 },
        },
      ];
      return prune({ stays: [deployment], left: [rollout], live });
    };
    expect([deleted(at(1)), why(at(1), 'web')]).toEqual([
      [],
      'has left Git; its pods serve until Deployment shop/web is available',
    ]);
    expect(deleted(at(2))).toEqual(['web uid-Rollout-web']);
  });
});

it('Nothing is deleted while Git cannot be read', () => {
  const old = config('old');
  const world = seen({ app: pruning(), live: [applied(old, pruning())], resources: [entryOf(old)] });
  const plan = planPrune({ seen: world, declared: undefined, wanted: { objects: [], keptBack: [] }, isIdle: true });
  expect([plan.intents, plan.resources]).toEqual([[], world.status.resources]);
});
