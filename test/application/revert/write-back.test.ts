import { describe, expect, it } from 'vitest';
import type { Hold } from '../../../src/api/application.ts';
import { restoreFiles, type Target } from '../../../src/application/revert/write-back.ts';
import { dueWriteBacks, type WriteBackInput } from '../../../src/application/revert/write-back-plan.ts';
import { config, files, rolloutText } from '../agent-world.ts';
import { declare, holdOf, keyOf, NOW, snapshotIn, V1, V2, type Texts } from './declared.ts';

const start = Date.parse(NOW);
const filesOf = (texts: Texts) => new Map(Object.entries(texts));
const target = (rejected: Texts, stable: Texts, name = 'web'): Target => ({
  hold: holdOf(rejected, stable, name),
  snapshot: snapshotIn(stable, name),
});

function restore(targets: Target[], head: Texts, sourcePath = '') {
  const restored = restoreFiles({ targets, desired: declare(head), files: filesOf(head), sourcePath });
  return { ...restored, after: { ...head, ...Object.fromEntries(restored.changes) } };
}

const v1 = files('web:1', 'one');
const v2 = files('web:2', 'two');
const edit = (texts: Texts, from: string, to: string): Texts =>
  Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, text.replace(from, to)]));

describe('restoring files', () => {
  it('gives them the text they had', () => {
    expect(restore([target(v2, v1)], v2).after).toEqual(v1);
  });

  it.each<[string, string, string]>([
    ['replicas', 'replicas: 2', 'replicas: 5'],
    [
      'a label of the Rollout',
      'kind: Rollout\nmetadata: { name: web }',
      'kind: Rollout\nmetadata: { name: web, labels: { team: a } }',
    ],
    ['a comment above the template', '  template:', '  # mind the gap\n  template:'],
    ['a label of the configuration', 'name: web-config }\ndata', 'name: web-config, labels: { a: b } }\ndata'],
  ])('keeps %s that changed since', (_name, from, to) => {
    expect(restore([target(v2, v1)], edit(v2, from, to)).after).toEqual(edit(v1, from, to));
  });

  it('leaves the strategy alone where only the pods differ, and its knobs with it', () => {
    const knobs = (texts: Texts) => edit(texts, 'canary: { steps', 'canary: { maxSurge: 1, steps');
    expect(restore([target(v2, v1)], knobs(v2)).after).toEqual(knobs(v1));
  });

  it('puts the steps back that were rejected', () => {
    const steps = (texts: Texts) => edit(texts, 'setWeight: 10', 'setWeight: 90');
    expect(restore([target(steps(v2), v1)], steps(v2)).after).toEqual(v1);
  });

  it('takes flow style and JSON as a whole, unless they changed since', () => {
    const flow = (image: string, replicas = 2): Texts => ({
      'web.yaml': `{ apiVersion: sluice.dev/v1alpha1, kind: Rollout, metadata: { name: web }, spec: { replicas: ${replicas}, selector: {}, template: { image: ${image} }, strategy: { canary: {} } } }\n`,
    });
    expect(restore([target(flow('b'), flow('a'))], flow('b')).after).toEqual(flow('a'));
    const { failed, changes } = restore([target(flow('b'), flow('a'))], flow('b', 5));
    expect(failed).toMatchObject([
      { message: expect.stringContaining('web.yaml: Rollout shop/web was changed since') },
    ]);
    expect(changes.size).toBe(0);
  });

  it('understands other indentation', () => {
    const wide = (texts: Texts): Texts =>
      Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, text.replaceAll(/^ {2}/gm, '    ')]));
    expect(restore([target(wide(v2), v1)], wide(v2)).after).toEqual(wide(v1));
  });

  it('leaves a Service that Git declares otherwise by now', () => {
    const service = (port: number) =>
      `apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { ports: [{ port: ${port} }] }\n`;
    const with_ = (texts: Texts, port: number): Texts => ({
      ...edit(texts, 'canary: { ', 'canary: { stableService: s, '),
      's.yaml': service(port),
    });
    const broken = target(with_(v2, 2), with_(v1, 1));
    expect(restore([broken], with_(v2, 2)).after).toEqual(with_(v1, 1));
    expect(restore([broken], with_(v2, 3)).after).toEqual(with_(v1, 3));
  });

  it('does not take out what something else may use', () => {
    const uses = edit(v1, 'name: web-config } }]', 'name: extra } }]');
    const extra = { 'extra.yaml': config('x').replace('web-config', 'extra') };
    const job = { 'job.yaml': 'apiVersion: batch/v1\nkind: Job\nmetadata: { name: j }\nspec: { env: extra }\n' };
    const rejected = { ...uses, ...extra };
    const changed = edit(rejected, 'web:1', 'web:2');
    expect(restore([target(changed, v1)], changed).after).toMatchObject({ 'extra.yaml': null });
    expect(restore([target(changed, v1)], { ...changed, ...job }).after).toMatchObject(extra);
  });

  describe('of an item that was taken out of a list', () => {
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web-config' }, data: { mode: 'one' } };
    const rollout = (image: string) => ({
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web' },
      spec: {
        selector: {},
        template: { spec: { containers: [{ image, envFrom: [{ configMapRef: { name: 'web-config' } }] }] } },
        strategy: { canary: {} },
      },
    });
    const list = (...items: object[]) => `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items })}\n`;
    const at = (path: string, ...items: object[]): Texts => ({ [path]: list(...items) });

    it.each(['all.yaml', 'all.json'])('restores the list once, where it goes back as a whole (%s)', (path) => {
      const [before, after] = [at(path, config, rollout('a')), at(path, rollout('b'))];
      expect(restore([target(after, before)], after).after).toEqual(before);
    });

    it('leaves it to a person where others of the list stay', () => {
      const other = { ...config, metadata: { name: 'other' } };
      const before = { ...at('config.yaml', config, other), ...at('web.yaml', rollout('a')) };
      const after = { ...at('config.yaml', other), ...at('web.yaml', rollout('b')) };
      const { failed, changes } = restore([target(after, before)], after);
      expect(failed).toMatchObject([{ message: expect.stringContaining('ConfigMap other is still declared') }]);
      expect([...changes]).toEqual([]);
    });

    it('puts nothing into a file of JSON that declares something else by now', () => {
      const other = { ...config, metadata: { name: 'other' } };
      const json = (object: object): Texts => ({ 'config.json': `${JSON.stringify(object)}\n` });
      const before = { ...json(config), ...at('web.yaml', rollout('a')) };
      const after = { ...json(other), ...at('web.yaml', rollout('b')) };
      const { failed } = restore([target(after, before)], after);
      expect(failed).toMatchObject([{ message: expect.stringContaining('a file of JSON') }]);
    });
  });

  it('touches nothing outside the path of the source', () => {
    const { snapshot, hold } = target(v2, v1);
    const objects = snapshot.objects.map((each) => ({
      ...each,
      path: '.github/workflows/pwn.yml',
      key: keyOf('gone'),
    }));
    const { failed, changes } = restore([{ hold, snapshot: { ...snapshot, objects } }], v2, 'deploy');
    expect(failed).toMatchObject([{ message: expect.stringContaining('not below spec.source.path') }]);
    expect(changes.size).toBe(0);
  });

  it('is done where the files say so already', () => {
    expect(restore([target(v2, v1)], v1)).toMatchObject({ done: [{}], holds: [], failed: [] });
  });
});

describe('what is due', () => {
  const names = ['web', ...Array.from({ length: 29 }, (_, i) => `app-${i}`)];
  const all = (image: string): Texts =>
    Object.fromEntries(names.map((name) => [`deploy/${name}.yaml`, rolloutText(`${image}`, name)]));
  const holdsAt = (times: Record<string, string>): Hold[] =>
    Object.entries(times).map(([name, since]) => ({ ...holdOf(all('b'), all('a'), name), since }));
  const snapshots = new Map(names.map((name) => [keyOf(name), snapshotIn(all('a'), name)]));
  const plan = (holds: Hold[], more: Partial<WriteBackInput> = {}) =>
    dueWriteBacks({
      holds,
      snapshots,
      head: { commit: 'h', desired: declare(all('b')), files: filesOf(all('b')) },
      sourcePath: 'deploy',
      undecided: () => false,
      proposes: false,
      isStale: () => false,
      now: start + 60_000,
      ...more,
    });

  it('is to be reverted by hand where it was rendered, and nothing is written into what it was rendered from', () => {
    const head = { commit: 'h', desired: declare(all('b')), rendered: 'Kustomize' };
    const files = new Map([
      ['base/web.yaml', 'b'],
      ['o/kustomization.yaml', 'x'],
    ]);
    const filesAt = (commit: string) =>
      commit === V1.commit ? new Map([...files, ['base/web.yaml', 'a']]) : undefined;
    const { pushes, settled } = plan(holdsAt({ web: NOW }), { head: { ...head, files, filesAt } });
    expect(pushes).toEqual([]);
    expect(settled).toMatchObject([
      {
        writeBack: {
          state: 'Failed',
          message:
            'the manifests are rendered by Kustomize, whose input Sluice does not change: revert it by hand, what changed since 1111111: base/web.yaml',
        },
      },
    ]);
    const unknown = plan(holdsAt({ web: NOW }), { head: { ...head, files } });
    expect(unknown.settled[0]?.writeBack.message).toContain(`revert it by hand, git revert ${V2.commit}`);
  });

  it('is one commit for what one commit broke', () => {
    const { pushes, settled } = plan(holdsAt(Object.fromEntries(names.map((name) => [name, NOW]))));
    expect(pushes).toHaveLength(1);
    expect(pushes[0]?.holds).toHaveLength(30);
    expect(Object.fromEntries(pushes[0]?.changes ?? [])).toEqual(all('a'));
    expect(settled).toEqual([]);
  });

  it('is a commit each for what different commits broke', () => {
    const [one, two] = holdsAt({ web: NOW, 'app-0': NOW });
    if (!one || !two) throw new Error('two holds');
    const other = { ...two, rejected: { commit: 'c'.repeat(40) } };
    expect(plan([one, other]).pushes.map(({ rejected }) => rejected)).toEqual([one.rejected.commit, 'c'.repeat(40)]);
  });

  it('waits a moment for company, longer while others are still undecided, and not for ever', () => {
    const holds = holdsAt({ web: NOW, 'app-0': '2026-01-01T00:00:04Z' });
    const at = (ms: number, undecided: boolean) => plan(holds, { now: start + ms, undecided: () => undecided });
    expect(at(5_000, false)).toMatchObject({ pushes: [], dueAt: start + 5_500 });
    expect(at(5_500, false).pushes).toHaveLength(1);
    expect(at(5_000, true)).toMatchObject({ pushes: [], dueAt: start + 9_000 });
    const late = holdsAt({ web: NOW, 'app-0': '2026-01-01T00:00:29Z' });
    expect(plan(late, { now: start + 30_000, undecided: () => true }).pushes).toHaveLength(1);
  });

  it('is nothing for holds that are pushed, disabled or without a stable revision', () => {
    const [hold] = holdsAt({ web: NOW });
    if (!hold) throw new Error('a hold');
    for (const state of ['Pushed', 'Disabled', 'Failed'] as const)
      expect(plan([{ ...hold, writeBack: { state } }]).pushes).toEqual([]);
    expect(plan([hold], { snapshots: new Map() })).toEqual({ pushes: [], settled: [], dueAt: undefined });
  });

  it('closes a hold whose files say already what they should', () => {
    const head = { commit: 'h', desired: declare(all('a')), files: filesOf(all('a')) };
    expect(plan(holdsAt({ web: NOW }), { head })).toMatchObject({
      pushes: [],
      settled: [{ writeBack: { state: 'Pushed', commit: 'h' } }],
    });
  });

  it('restores what it can where one of several cannot be', () => {
    const shared = `${rolloutText('b', 'web')}`;
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${shared.trimEnd().replaceAll('\n', '\n  ')}\n- { apiVersion: v1, kind: ConfigMap, metadata: { name: x } }\n`;
    const texts = { ...all('b'), 'deploy/web.yaml': list };
    const { pushes, settled } = plan(holdsAt({ web: NOW, 'app-0': NOW }), {
      head: { commit: 'h', desired: declare(texts), files: filesOf(texts) },
    });
    expect(pushes.map(({ holds }) => holds.map(({ rollout }) => rollout.name))).toEqual([['app-0']]);
    expect(settled).toMatchObject([
      { writeBack: { state: 'Failed', message: expect.stringContaining('shares a document') } },
    ]);
  });
});
