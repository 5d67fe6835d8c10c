import { describe, expect, it } from 'vitest';
import type { HookRecord, HookRun } from '../../../../src/api/hooks.ts';
import type { KubeObject } from '../../../../src/api/k8s.ts';
import type { AgentIntent } from '../../../../src/application/intents.ts';
import { decideApplication, type AgentDecision } from '../../../../src/application/decide.ts';
import { Memory } from '../../../../src/application/memory.ts';
import { application, applied, config, declared, entryOf, NOW, seen, type WorldInput } from '../../seen.ts';

const app = application({ serviceAccountName: 'deployer' });
const OLD = 'b'.repeat(40);

const job = (annotations: Record<string, string> = {}, name = 'migrate'): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'shop', annotations: { 'argocd.argoproj.io/hook': 'PreSync', ...annotations } },
  spec: {},
});

const of = <K extends AgentIntent['do']>({ intents }: AgentDecision, kind: K): Extract<AgentIntent, { do: K }>[] =>
  intents.filter((intent): intent is Extract<AgentIntent, { do: K }> => intent.do === kind);

/** The server takes whatever it is asked to try. */
function decide(input: WorldInput, record?: HookRecord): AgentDecision {
  const memory = input.memory ?? new Memory();
  const status = {
    ...(record === undefined ? {} : { hooks: record }),
    ...(input.resources === undefined ? {} : { resources: [...input.resources] }),
  };
  for (let looks = 0; looks < 10; looks++) {
    const more = { status, ...input.more };
    const last = decideApplication(seen({ ...input, app: { ...app, ...input.app, status }, memory, more }));
    const checks = of(last, 'Check').flatMap(({ requests }) => requests);
    if (checks.length === 0) return last;
    for (const { key, fingerprint, body } of checks)
      memory.answer(key, fingerprint, { kind: 'accepted', object: body }, NOW);
  }
  throw new Error('it asks without end');
}

const declares = [config('a'), job()];

/** What is on record once the first decision is. */
function begun(input: WorldInput = { declares }): { record: HookRecord; run: HookRun } {
  const record = decide(input).status.hooks;
  const run = record?.runs[0];
  if (!record || !run) throw new Error('nothing was begun');
  return { record, run };
}

const withState = (record: HookRecord, change: Partial<HookRun>): HookRecord => ({
  ...record,
  runs: record.runs.map((run) => ({ ...run, ...change })),
});

const live = (run: HookRun, more: Partial<KubeObject> = {}): KubeObject => {
  const { metadata, ...rest } = applied(job({ 'sluice.dev/hook-run': run.mark }), app);
  return { ...rest, metadata: { ...metadata, uid: 'u1', creationTimestamp: '2026-01-01T00:00:00Z' }, ...more };
};

const ended = (type: 'Complete' | 'Failed'): Partial<KubeObject> => ({
  status: { conditions: [{ type, status: 'True' }] },
});

describe('a hook that is due', () => {
  it('is on record before anything is done, and nothing of its commit is written', () => {
    const first = decide({ declares });
    expect([first.recordAfter, of(first, 'Apply')]).toEqual([0, []]);
    expect(first.status.hooks?.runs).toMatchObject([{ phase: 'PreSync', name: 'migrate', state: 'Pending' }]);
    const { record, run } = begun();
    const second = decide({ declares }, record);
    expect(second.recordAfter).toBeUndefined();
    expect(of(second, 'CreateHook')).toMatchObject([
      { body: { metadata: { name: 'migrate', annotations: { 'sluice.dev/hook-run': run.mark } } } },
    ]);
    expect([second.accepted, of(second, 'Apply')]).toEqual([undefined, []]);
  });

  it('is the same run for every process, and another for another commit', () => {
    expect(begun().run.mark).toBe(begun().run.mark);
    expect(begun({ declares, commit: 'c'.repeat(40) }).run.mark).not.toBe(begun().run.mark);
  });

  it.each([
    ['an object that carries its mark is it', {}, { state: 'Running', uid: 'u1' }],
    ['one that has ended meanwhile is its end', ended('Complete'), { state: 'Succeeded', uid: 'u1' }],
    ['one that has failed is its end, too', ended('Failed'), { state: 'Failed', uid: 'u1' }],
  ])('finds its object again: %s', (_what, more, expected) => {
    const { record, run } = begun();
    const found = decide({ declares, live: [live(run, more)] }, record);
    expect(found.status.hooks?.runs[0]).toMatchObject(expected);
    expect([found.recordAfter, of(found, 'CreateHook')]).toEqual([0, []]);
  });

  it('lets the commit in when its success is on record, and not before', () => {
    const { record, run } = begun();
    const object = live(run, ended('Complete'));
    const before = decide({ declares, live: [object] }, withState(record, { state: 'Running', uid: 'u1' }));
    expect(before.recordAfter).toBe(0);
    const done = { state: 'Succeeded' as const, uid: 'u1', finishedAt: '2026-01-01T00:00:00Z' };
    const after = decide({ declares, live: [object] }, withState(record, done));
    expect(of(after, 'Apply')).toHaveLength(1);
    expect([after.recordAfter, after.accepted?.desired.length]).toEqual([undefined, 1]);
  });
});

describe('a hook that runs', () => {
  const at = (objects: KubeObject[], memory = new Memory()): HookRun | undefined => {
    const { record } = begun();
    const input = { declares, live: objects, memory };
    return decide(input, withState(record, { state: 'Running', uid: 'u1' })).status.hooks?.runs[0];
  };

  it('has failed where its object is gone, or is another one', () => {
    expect(at([])).toMatchObject({
      state: 'Failed',
      message: expect.stringContaining('gone before its end') as string,
    });
    const { metadata, ...rest } = live(begun().run);
    const other = { ...rest, metadata: { ...metadata, uid: 'u2' } };
    expect(at([other])).toMatchObject({
      state: 'Failed',
      message: expect.stringContaining('another object') as string,
    });
  });

  it('has ended as a watch has shown, though its object is gone', () => {
    const memory = new Memory();
    memory.sawHook(live(begun().run, ended('Complete')));
    expect(at([], memory)?.state).toBe('Succeeded');
  });

  it('is not known while its watch is not ready', () => {
    const { record } = begun();
    const pending = { live: () => ({ state: 'pending' as const }) };
    const running = withState(record, { state: 'Running', uid: 'u1' });
    expect(decide({ declares, more: pending }, running).status.hooks?.runs[0]?.state).toBe('Running');
  });
});

describe('what has the name of a hook', () => {
  const { record, run } = begun();
  const earlier = { ...run, mark: 'earlier' };
  const deletes = (object: KubeObject, policy?: string): string[] => {
    const named = [config('a'), policy === undefined ? job() : job({ 'sluice.dev/hook-delete-policy': policy })];
    const of_ = begun({ declares: named }).record;
    return of(decide({ declares: named, live: [object] }, of_), 'DeleteHook').map(({ uid }) => uid);
  };

  it('is deleted by its UID where it is an earlier run of ours, and the policy says so', () => {
    expect(deletes(live(earlier))).toEqual(['u1']);
    expect(deletes(live(earlier), 'HookFailed')).toEqual([]);
  });

  it.each([
    ['it carries no mark of a hook', { annotations: { 'sluice.dev/owner': 'shop/shop/uid-shop' } }],
    [
      'it is another Application’s',
      { annotations: { 'sluice.dev/owner': 'shop/other/1', 'sluice.dev/hook-run': 'x' } },
    ],
    ['it is a person’s', { annotations: {} }],
  ])('stays where %s, and what is in the way is told', (_why, more) => {
    const { metadata, ...rest } = live(earlier);
    const object = { ...rest, metadata: { ...metadata, ...more } };
    expect(deletes(object)).toEqual([]);
    const { status } = decide({ declares, live: [object] }, record);
    expect([status.phase, status.conditions?.[0]?.reason]).toEqual(['Failed', 'HookBlocked']);
  });

  it('is asked to go once', () => {
    const memory = new Memory();
    memory.hooksDeleted.add('u1');
    expect(of(decide({ declares, live: [live(earlier)], memory }, record), 'DeleteHook')).toEqual([]);
  });
});

describe('a newer commit', () => {
  it('ends what is unfinished by its UID before its own hooks are begun', () => {
    const { record, run } = begun({ declares, commit: OLD });
    const running = withState(record, { state: 'Running', uid: 'u1' });
    const newer = [config('a', { v: '2' }), job({}, 'other')];
    const first = decide({ declares: newer, live: [live(run)] }, running);
    expect([first.recordAfter, first.status.hooks?.runs]).toEqual([0, []]);
    expect(first.status.hooks?.ending).toMatchObject([{ name: 'migrate', uid: 'u1' }]);
    const second = decide({ declares: newer, live: [live(run)] }, first.status.hooks);
    expect([of(second, 'DeleteHook'), of(second, 'CreateHook')]).toMatchObject([[{ uid: 'u1' }], []]);
    const third = decide({ declares: newer }, first.status.hooks);
    expect(third.status.hooks?.runs).toMatchObject([{ name: 'other', state: 'Pending' }]);
  });

  it('that declares what is applied already runs nothing', () => {
    const a = applied(config('a'), app);
    const hash = declared([config('a')], app).desired[0]?.hash ?? '';
    const { record } = begun({ declares: [config('a', { v: '2' }), job()], commit: OLD });
    const resources = [entryOf(a, { hash })];
    const { status } = decide({ declares, live: [a], resources }, { ...record, runs: [] });
    expect(status.hooks).toMatchObject({ runs: [], finishedAt: expect.any(String) as string });
  });
});

describe('a retry', () => {
  const asked = { ...app, metadata: { ...app.metadata, annotations: { 'sluice.dev/retry': 'true' } } };

  it('has what failed run again, once for each time that it is asked for', () => {
    const { record, run } = begun();
    const failed = withState(record, { state: 'Failed', uid: 'u1' });
    const first = decide({ app: asked, declares }, failed);
    expect(of(first, 'EndHookRetry')).toHaveLength(1);
    expect(first.status.hooks).toMatchObject({ attempt: 2, retrying: true, runs: [{ state: 'Pending' }] });
    expect(first.status.hooks?.runs[0]?.mark).not.toBe(run.mark);
    const again = withState(first.status.hooks ?? record, { state: 'Failed', uid: 'u2' });
    expect(decide({ app: asked, declares }, again).status.hooks?.attempt).toBe(2);
    expect(decide({ declares }, again).status.hooks?.retrying).toBeUndefined();
  });
});
