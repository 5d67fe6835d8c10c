import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Application } from '../../src/api/application.ts';
import { ANNOTATIONS, APPLICATION_LABEL, POD_TEMPLATE_HASH, RESOURCES } from '../../src/api/names.ts';
import { GitError } from '../../src/git/types.ts';
import { FakeMirror } from '../support/fake-git.ts';
import { config, files, rolloutText, World } from './agent-world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.stop());

const imageOf = async (): Promise<string | undefined> =>
  (await world.rollout()).spec.template.spec?.containers[0]?.image;
const annotation = async (name: string): Promise<string | undefined> =>
  (await world.rollout()).metadata.annotations?.[name];
const ready = async () => (await world.status()).conditions?.find(({ type }) => type === 'Ready');

async function serving(spec: Parameters<World['application']>[0] = {}): Promise<string> {
  const v1 = world.repository.commit('main', files('web:1', 'one'), 'Release 1');
  await world.application(spec);
  await world.start();
  await world.promote('hash1');
  return v1;
}

/** Version 2 is pushed, and the controller rejects it. */
async function rejected(spec: Parameters<World['application']>[0] = {}): Promise<{ v1: string; v2: string }> {
  const v1 = await serving(spec);
  const v2 = world.repository.commit('main', files('web:2', 'two'), 'Release 2');
  await world.poll();
  expect(await imageOf()).toBe('web:2');
  await world.abort('hash2', 'hash1');
  return { v1, v2 };
}

const NAMESPACES = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

const askToSync = () =>
  world.client.patch(RESOURCES.applications, {
    name: 'shop',
    namespace: 'shop',
    type: 'merge',
    body: { metadata: { annotations: { 'sluice.dev/sync': 'now' } } },
  });

describe('syncing', () => {
  it('applies what the branch declares and says which commit', async () => {
    const v1 = await serving();
    expect(await world.config()).toEqual({ mode: 'one' });
    const { metadata } = await world.rollout();
    expect(metadata.labels?.[APPLICATION_LABEL]).toBe('shop');
    expect(JSON.parse(metadata.annotations?.[ANNOTATIONS.revision] ?? '{}')).toMatchObject({
      commit: v1,
      author: 'Ada',
      subject: 'Release 1',
      path: 'deploy/web.yaml',
    });
    expect(await world.status()).toMatchObject({ phase: 'Synced', revision: { commit: v1, subject: 'Release 1' } });
    expect(await ready()).toMatchObject({ status: 'True', reason: 'Synced' });
  });

  it('writes nothing when nothing has changed', async () => {
    await serving();
    await world.poll();
    world.writes = [];
    await world.poll();
    await world.poll();
    expect(world.writes).toEqual([]);
  });

  it('looks at once when a webhook hints, and passes the time of the push on', async () => {
    await serving();
    world.repository.commit('main', files('web:2', 'one'), 'Release 2');
    const receivedAt = world.clock.now();
    expect(world.agent.hint({ repoURL: 'https://GIT.example.com/shop', ref: 'refs/heads/main', receivedAt })).toBe(1);
    expect(world.agent.hint({ repoURL: 'https://git.example.com/other.git', receivedAt })).toBe(0);
    await world.run(50);
    expect(await imageOf()).toBe('web:2');
    expect(await annotation(ANNOTATIONS.receivedAt)).toBe(new Date(receivedAt).toISOString());
  });

  it('looks at once when somebody asks by an annotation, which it takes off', async () => {
    await serving();
    world.repository.commit('main', files('web:2', 'one'), 'Release 2');
    await world.run(50);
    expect(await imageOf()).toBe('web:1');
    await askToSync();
    await world.run(50);
    expect(await imageOf()).toBe('web:2');
    const app = await world.client.get(RESOURCES.applications, 'shop', 'shop');
    expect(app?.metadata.annotations ?? {}).not.toHaveProperty('sluice.dev/sync');
    await world.poll();
    world.writes = [];
    await world.poll();
    expect(world.writes).toEqual([]);
  });

  it('tries the same commit again when somebody asks, without a change in Git', async () => {
    world.repository.commit('main', { 'deploy/web.yaml': rolloutText('web:1') }, 'One');
    await world.application({
      source: { repoURL: 'https://git.example.com/shop.git', interval: '1h' },
      destination: { namespace: 'elsewhere' },
    });
    world.tenancy = { ...world.tenancy, clusterApplications: ['shop/shop'] };
    await world.start();
    expect((await world.status()).phase).toBe('Failed');
    await world.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } });
    await world.run(50);
    expect((await world.status()).phase).toBe('Failed');
    await askToSync();
    await world.run(2_000);
    expect((await world.status()).phase).toBe('Synced');
  });

  it('follows the newest tag of a range, and is told of a new one by a webhook', async () => {
    const first = world.repository.commit('main', files('web:1', 'one'), 'Release 1');
    world.repository.tags.set('v1.0.0', first);
    await world.application({ source: { repoURL: 'https://git.example.com/shop.git', targetRevision: '1.x' } });
    await world.start();
    expect(await imageOf()).toBe('web:1');
    const second = world.repository.commit('main', files('web:2', 'two'), 'Release 2');
    await world.poll();
    expect(await imageOf()).toBe('web:1');
    world.repository.tags.set('v1.1.0', second);
    const hint = { repoURL: 'https://git.example.com/shop', receivedAt: 0 };
    expect(world.agent.hint({ ...hint, ref: 'refs/heads/main' })).toBe(0);
    expect(world.agent.hint({ ...hint, ref: 'refs/tags/v1.1.0' })).toBe(1);
    await world.run(50);
    expect(await imageOf()).toBe('web:2');
    expect(await world.status()).toMatchObject({ phase: 'Synced', revision: { commit: second } });
  });

  it('stays at the commit that is named', async () => {
    const first = world.repository.commit('main', files('web:1', 'one'), 'Release 1');
    await world.application({ source: { repoURL: 'https://git.example.com/shop.git', targetRevision: first } });
    await world.start();
    world.repository.commit('main', files('web:2', 'two'), 'Release 2');
    await world.poll();
    expect(await imageOf()).toBe('web:1');
    expect(await world.status()).toMatchObject({ phase: 'Synced', revision: { commit: first } });
  });

  it('says so where there is no such revision', async () => {
    world.repository.commit('main', files('web:1', 'one'), 'Release 1');
    await world.application({ source: { repoURL: 'https://git.example.com/shop.git', targetRevision: '^3' } });
    await world.start();
    const ready = (await world.status()).conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ reason: 'SourceNotFound' });
    expect(ready?.message).toContain('there is no tag whose version is in the range ^3 in https://git.example.com');
  });

  it('looks only at the Application that a hint means', async () => {
    await serving();
    const hint = { repoURL: 'https://git.example.com/shop', receivedAt: 0 };
    expect(world.agent.hint({ ...hint, application: { namespace: 'other', name: 'shop' } })).toBe(0);
    expect(world.agent.hint({ ...hint, application: { namespace: 'shop', name: 'shop' } })).toBe(1);
  });

  it('neither acts on a hint nor remembers one while it does not lead', async () => {
    await serving();
    await world.stop();
    await world.start(Number.POSITIVE_INFINITY, true);
    world.repository.commit('main', files('web:2', 'one'), 'Release 2');
    expect(world.agent.hint({ repoURL: 'https://git.example.com/shop.git', receivedAt: 0 })).toBe(0);
    await world.run();
    expect(await imageOf()).toBe('web:1');
    world.lead();
    await world.run();
    expect(await imageOf()).toBe('web:2');
  });

  it('keeps the commit of a Rollout that a later commit does not touch', async () => {
    const v1 = await serving();
    const other = world.repository.commit(
      'main',
      { 'deploy/other.yaml': config('x').replace('web-config', 'other') },
      'Other',
    );
    await world.poll();
    expect(await world.config('other')).toEqual({ mode: 'x' });
    expect(JSON.parse((await annotation(ANNOTATIONS.revision)) ?? '{}')).toMatchObject({ commit: v1 });
    expect((await world.status()).revision?.commit).toBe(other);
  });

  it('keeps the last good commit when a file is malformed, and says where', async () => {
    const v1 = await serving();
    world.repository.commit('main', { 'deploy/web.yaml': 'kind: ConfigMap\n  bad: [\n' }, 'Broken');
    await world.poll();
    expect(await imageOf()).toBe('web:1');
    expect(await ready()).toMatchObject({
      status: 'False',
      reason: 'InvalidManifest',
      message: expect.stringMatching(/^deploy\/web\.yaml:\d+: /),
    });
    expect((await world.status()).revision?.commit).toBe(v1);
    world.repository.commit('main', files('web:2', 'two'), 'Mended');
    await world.poll();
    expect(await imageOf()).toBe('web:2');
    // It is applied, and its release is under way.
    expect(await ready()).toMatchObject({ status: 'False', reason: 'Progressing' });
    expect(await world.status()).toMatchObject({ phase: 'Synced', health: { status: 'Progressing' } });
  });

  it('goes on correcting drift while Git is unreachable', async () => {
    await serving();
    world.repository.failure = new GitError('unreachable', 'cannot reach git.example.com: ECONNREFUSED');
    await world.poll();
    expect(await ready()).toMatchObject({ status: 'False', reason: 'GitUnreachable' });
    await world.client.patch(RESOURCES.configMaps, {
      name: 'web-config',
      namespace: 'shop',
      type: 'merge',
      body: { data: { mode: 'hand' } },
    });
    await world.run();
    expect(await world.config()).toEqual({ mode: 'one' });
    expect((await world.status()).drift).toMatchObject([
      { kind: 'ConfigMap', fields: ['data.mode (by sluice)'], action: 'Corrected' },
    ]);
    world.repository.failure = undefined;
    await world.run(400_000);
    expect(await ready()).toMatchObject({ status: 'True' });
  });

  it('only reports drift where selfHeal is off', async () => {
    await serving({ sync: { selfHeal: false } });
    await world.client.patch(RESOURCES.configMaps, {
      name: 'web-config',
      namespace: 'shop',
      type: 'merge',
      body: { data: { mode: 'hand' } },
    });
    await world.run();
    expect(await world.config()).toEqual({ mode: 'hand' });
    expect(await world.status()).toMatchObject({ phase: 'OutOfSync', drift: [{ action: 'Reported' }] });
  });

  it('deletes what has left Git where prune is on, and not at all when nothing is left', async () => {
    await serving({ sync: { prune: true } });
    const other = { 'deploy/other.yaml': config('x').replace('web-config', 'other') };
    world.repository.commit('main', other, 'Add');
    await world.poll();
    world.repository.commit('main', { 'deploy/other.yaml': null }, 'Remove');
    await world.poll();
    expect(await world.config('other')).toBeUndefined();
    world.repository.commit('main', { 'deploy/web.yaml': null }, 'Remove all');
    await world.poll();
    expect(await world.config()).toEqual({ mode: 'one' });
    expect(await ready()).toMatchObject({ status: 'False', reason: 'SourceNotFound' });
  });

  it('tells of what it deleted, and not of what was gone already', async () => {
    await serving({ sync: { prune: true } });
    const [one, two] = ['one', 'two'].map((name) => config('x').replace('web-config', name));
    world.repository.commit('main', { 'deploy/one.yaml': one ?? '', 'deploy/two.yaml': two ?? '' }, 'Add');
    await world.poll();
    await world.stop();
    await world.client.delete(RESOURCES.configMaps, 'two', 'shop');
    world.repository.commit('main', { 'deploy/one.yaml': null, 'deploy/two.yaml': null }, 'Remove');
    await world.start();
    expect(world.events.filter(({ reason }) => reason === 'Pruned').map(({ message }) => message)).toEqual([
      'ConfigMap shop/one has left Git and was deleted',
    ]);
    expect((await world.status()).resources?.map(({ name }) => name)).not.toContain('two');
  });

  it('refuses a commit as a whole, with file and line, where the cluster would refuse one object', async () => {
    await serving();
    const bad = 'apiVersion: example.com/v1\nkind: Gadget\nmetadata: { name: g }\n';
    world.repository.commit('main', { ...files('web:2', 'two'), 'deploy/gadget.yaml': bad }, 'With a gadget');
    world.writes = [];
    await world.poll();
    expect(await imageOf()).toBe('web:1');
    expect(world.writes.filter((write) => !write.startsWith('patch applications'))).toEqual([]);
    const message = expect.stringMatching(/deploy\/gadget.yaml:1: the cluster does not serve Gadget/) as string;
    expect(await ready()).toMatchObject({ reason: 'InvalidManifest', message });
  });

  it('leaves the cluster alone while suspended', async () => {
    await serving({ suspend: true }).catch(() => undefined);
    expect(await world.config()).toBeUndefined();
    expect(await world.status()).toMatchObject({ phase: 'Suspended' });
  });
});

describe('a rejected revision', () => {
  it('goes back to the stable one together with its configuration, and is held', async () => {
    const { v1, v2 } = await rejected();
    expect(await imageOf()).toBe('web:1');
    expect(await world.config()).toEqual({ mode: 'one' });
    expect(JSON.parse((await annotation(ANNOTATIONS.revision)) ?? '{}')).toMatchObject({ commit: v1 });
    expect(JSON.parse((await annotation(ANNOTATIONS.held)) ?? '{}')).toMatchObject({
      rejected: { commit: v2 },
      stable: { commit: v1 },
    });
    const status = await world.status();
    expect(status.phase).toBe('Held');
    expect(status.message).toBe(`web held at ${v1.slice(0, 7)}: ${v2.slice(0, 7)} rejected, success-rate 0.82 < 0.95`);
    expect(status.holds).toMatchObject([{ rejected: { commit: v2 }, stable: { commit: v1 }, podHash: 'hash2' }]);
    await world.promote('hash1');
    await world.poll();
    expect(await imageOf()).toBe('web:1');
  });

  it('stays held in a new process, with Git gone', async () => {
    await rejected();
    await world.stop();
    world.mirror = new FakeMirror(world.repository);
    world.repository.failure = new GitError('unreachable', 'down');
    await world.start();
    await world.client.patch(RESOURCES.configMaps, {
      name: 'web-config',
      namespace: 'shop',
      type: 'merge',
      body: { data: { mode: 'hand' } },
    });
    await world.run(5_000);
    expect(await imageOf()).toBe('web:1');
    expect(await world.config()).toEqual({ mode: 'one' });
    expect((await world.status()).holds).toHaveLength(1);
  });

  it('is taken back in a new process that cannot reach Git', async () => {
    await serving();
    world.repository.commit('main', files('web:2', 'two'), 'Release 2');
    await world.poll();
    await world.stop();
    world.mirror = new FakeMirror(world.repository);
    world.repository.failure = new GitError('unreachable', 'down');
    await world.abort('hash2', 'hash1');
    await world.start();
    expect(await imageOf()).toBe('web:1');
    expect(await world.config()).toEqual({ mode: 'one' });
  });

  it('is left behind by a fix, which is applied at once', async () => {
    await rejected();
    world.repository.commit('main', files('web:3', 'two'), 'Fix');
    await world.poll();
    expect(await imageOf()).toBe('web:3');
    expect(await world.config()).toEqual({ mode: 'two' });
    expect(await annotation(ANNOTATIONS.held)).toBeUndefined();
    expect((await world.status()).holds).toEqual([]);
  });

  it('lets a commit around it through', async () => {
    await rejected();
    world.repository.commit('main', { 'deploy/other.yaml': config('x').replace('web-config', 'other') }, 'Other');
    await world.poll();
    expect(await world.config('other')).toEqual({ mode: 'x' });
    expect(await imageOf()).toBe('web:1');
  });

  it('is tried again when somebody says so, once', async () => {
    await rejected();
    await world.promote('hash1');
    const body = { metadata: { annotations: { 'sluice.dev/retry': 'true' } } };
    await world.client.patch(RESOURCES.rollouts, { name: 'web', namespace: 'shop', type: 'merge', body });
    await world.run();
    expect(await imageOf()).toBe('web:2');
    expect(await world.config()).toEqual({ mode: 'two' });
    expect(await annotation('sluice.dev/retry')).toBeUndefined();
    expect((await world.status()).holds).toEqual([]);
    await world.abort('hash2', 'hash1');
    expect(await imageOf()).toBe('web:1');
  });

  it('has nothing to go back to when it is the first, and the Application says so', async () => {
    world.repository.commit('main', files('web:1', 'one'), 'Release 1');
    await world.application();
    await world.start();
    await world.abort('hash1', '');
    expect(await imageOf()).toBe('web:1');
    const condition = (await world.status()).conditions?.find(({ type }) => type === 'RevertReady');
    expect(condition).toMatchObject({ status: 'False', reason: 'NothingToGoBackTo' });
  });
});

describe('write-back', () => {
  const COMMIT = { writeBack: { onAbort: 'Commit' } } as const;

  it('restores the files in a commit that says why, and the hold ends', async () => {
    const { v1, v2 } = await rejected(COMMIT);
    await world.run(2_000);
    const head = world.repository.commits.get(world.repository.branches.get('main') ?? '');
    expect(head?.commit.parents).toEqual([v2]);
    expect(Object.fromEntries(head?.files ?? [])).toEqual(files('web:1', 'one'));
    expect(head?.commit.subject).toBe(`Revert web to ${v1.slice(0, 7)}: success-rate 0.82 < 0.95`);
    expect(head?.commit.message).toContain(`\nSluice-Rejected: ${v2}\n`);
    expect((await world.status()).holds).toEqual([]);
    expect(await annotation(ANNOTATIONS.held)).toBeUndefined();
    expect(await imageOf()).toBe('web:1');
    const commits = world.repository.commits.size;
    await world.promote('hash1');
    await world.poll();
    expect(world.repository.commits.size).toBe(commits);
    expect(await world.status()).toMatchObject({ phase: 'Synced', revision: { commit: head?.commit.oid } });
  });

  it('is built anew when the branch moved under the push', async () => {
    world.repository.beforePush = () => world.repository.commit('main', { 'README.md': 'hello\n' }, 'Readme');
    await rejected(COMMIT);
    await world.run(5_000);
    const head = world.repository.commits.get(world.repository.branches.get('main') ?? '');
    expect(Object.fromEntries(head?.files ?? [])).toEqual({ ...files('web:1', 'one'), 'README.md': 'hello\n' });
  });

  it('is not tried where a tag is followed: the hold stays, and says which field to change', async () => {
    const first = world.repository.commit('main', files('web:1', 'one'), 'Release 1');
    world.repository.tags.set('v1.0.0', first);
    await world.application({
      source: { repoURL: 'https://git.example.com/shop.git', targetRevision: '1.x' },
      ...COMMIT,
    });
    await world.start();
    await world.promote('hash1');
    const second = world.repository.commit('main', files('web:2', 'two'), 'Release 2');
    world.repository.tags.set('v1.1.0', second);
    await world.poll();
    await world.abort('hash2', 'hash1');
    await world.run(60_000);
    expect(await imageOf()).toBe('web:1');
    expect(world.repository.branches.get('main')).toBe(second);
    const { holds, conditions } = await world.status();
    expect(holds).toMatchObject([{ writeBack: { state: 'Disabled' } }]);
    expect(conditions?.find(({ type }) => type === 'WriteBackReady')).toMatchObject({
      status: 'False',
      reason: 'NoBranch',
      message: expect.stringContaining('targetRevision 1.x is no branch'),
    });
    const third = world.repository.commit('main', files('web:3', 'three'), 'Release 3');
    world.repository.tags.set('v1.2.0', third);
    await world.poll();
    expect(await imageOf()).toBe('web:3');
    expect((await world.status()).holds).toEqual([]);
  });

  it('is given up when the branch declares something else by then', async () => {
    world.repository.beforePush = () => world.repository.commit('main', files('web:3', 'three'), 'Fix');
    await rejected(COMMIT);
    await world.run(5_000);
    expect(await imageOf()).toBe('web:3');
    expect((await world.status()).holds).toEqual([]);
  });

  it('does not matter to the hold when it fails', async () => {
    await serving(COMMIT);
    world.repository.commit('main', files('web:2', 'two'), 'Release 2');
    await world.poll();
    world.repository.failure = new GitError('unreachable', 'down');
    await world.abort('hash2', 'hash1');
    expect(await imageOf()).toBe('web:1');
    expect((await world.status()).holds).toMatchObject([{ writeBack: { state: 'Pending' } }]);
    world.repository.failure = undefined;
    await world.run(60_000);
    expect((await world.status()).holds).toEqual([]);
  });

  it('leaves notes on the rejected, the restored and the promoted commit, each once', async () => {
    const { v1, v2 } = await rejected(COMMIT);
    await world.run(5_000);
    await world.promote('hash1');
    await world.poll();
    const head = world.repository.branches.get('main') ?? '';
    expect(world.repository.notes.get(v1)?.match(/^Promoted: /gm)).toHaveLength(1);
    expect(world.repository.notes.get(v2)?.match(/^Aborted: /gm)).toHaveLength(1);
    expect(world.repository.notes.get(v2)).toContain('Reason: success-rate 0.82 < 0.95');
    expect(world.repository.notes.get(head)).toContain('Restored: Rollout shop/web');
  });
});

describe('what a Rollout drives', () => {
  const service =
    'apiVersion: v1\nkind: Service\nmetadata: { name: web-stable }\nspec: { selector: { app: web }, ports: [{ port: 80 }] }\n';
  const driving = (image: string): string =>
    rolloutText(image).replace('canary: { ', 'canary: { stableService: web-stable, canaryService: web-canary, ');
  const selector = async (): Promise<unknown> => {
    const live = await world.client.get(RESOURCES.services, 'web-stable', 'shop');
    return (live?.spec as { selector?: unknown } | undefined)?.selector;
  };

  it('keeps the pod hash that the controller put into a Service', async () => {
    world.repository.commit(
      'main',
      { 'deploy/web.yaml': `${config('one')}---\n${driving('web:1')}---\n${service}` },
      'Release 1',
    );
    await world.application();
    await world.start();
    expect(await selector()).toEqual({ app: 'web' });
    const body = { spec: { selector: { [POD_TEMPLATE_HASH]: 'hash1' } } };
    await world.client.patch(RESOURCES.services, { name: 'web-stable', namespace: 'shop', type: 'merge', body });
    await world.run();
    expect(await selector()).toEqual({ app: 'web', [POD_TEMPLATE_HASH]: 'hash1' });
    expect((await world.status()).drift).toBeUndefined();
    const changed = service.replace('port: 80', 'port: 81');
    world.repository.commit(
      'main',
      { 'deploy/web.yaml': `${config('one')}---\n${driving('web:1')}---\n${changed}` },
      'Port',
    );
    await world.poll();
    expect(await selector()).toEqual({ app: 'web', [POD_TEMPLATE_HASH]: 'hash1' });
    await world.client.patch(RESOURCES.services, {
      name: 'web-stable',
      namespace: 'shop',
      type: 'merge',
      body: { spec: { selector: { app: 'other' } } },
    });
    await world.run();
    expect(await selector()).toEqual({ app: 'web', [POD_TEMPLATE_HASH]: 'hash1' });
  });
});

describe('a process that dies', () => {
  it.each(Array.from({ length: 14 }, (_, writes) => writes))(
    'after %i writes leaves nothing that another cannot finish',
    async (writes) => {
      const v1 = world.repository.commit('main', files('web:1', 'one'), 'Release 1');
      await world.application({ writeBack: { onAbort: 'Commit' } });
      await world.start();
      await world.promote('hash1');
      world.repository.commit('main', files('web:2', 'two'), 'Release 2');
      await world.poll();
      await world.stop();
      await world.start(writes);
      const { metadata, status } = await world.rollout();
      expect(status?.currentPodHash).toBe('hash1');
      await world.abort('hash2', 'hash1');
      await world.run(3_000);
      await world.stop();
      await world.start();
      await world.run(3_000);
      expect(metadata.uid).toBe((await world.rollout()).metadata.uid);
      expect(await imageOf()).toBe('web:1');
      expect(await world.config()).toEqual({ mode: 'one' });
      await world.promote('hash1');
      await world.poll();
      const head = world.repository.commits.get(world.repository.branches.get('main') ?? '');
      expect(Object.fromEntries(head?.files ?? [])).toEqual(files('web:1', 'one'));
      expect(head?.commit.parents.length).toBe(1);
      expect(world.repository.commits.size).toBe(3);
      expect(await world.status()).toMatchObject({ phase: 'Synced', holds: [] });
      expect(JSON.parse((await annotation(ANNOTATIONS.revision)) ?? '{}')).toMatchObject({ commit: v1 });
    },
  );
});

it('leaves an object to the Application that declared it first', async () => {
  await serving();
  await world.application({ source: { repoURL: 'https://git.example.com/shop.git', path: 'deploy' } }, 'copy');
  await world.run();
  const copy = await world.client.get<Application>(RESOURCES.applications, 'copy', 'shop');
  expect(copy?.status?.phase).toBe('Failed');
  expect(copy?.status?.message).toContain('Application shop/shop declares it as well');
  expect((await world.status()).phase).toBe('Synced');
});

it('says what the cluster refuses', async () => {
  world.repository.commit('main', { 'deploy/web.yaml': rolloutText('web:1') }, 'One');
  await world.application({
    source: { repoURL: 'https://git.example.com/shop.git', interval: '30s' },
    destination: { namespace: 'nowhere' },
  });
  await world.start();
  expect(await ready()).toMatchObject({ reason: 'InvalidManifest', message: expect.stringContaining('nowhere') });
});

it('remembers every note it wrote', async () => {
  const { v1, v2 } = await rejected({ writeBack: { onAbort: 'Commit' } });
  await world.run(2_000);
  const head = world.repository.branches.get('main') ?? '';
  const notes = (await world.status()).notes?.map(({ commit, outcome }) => [commit, outcome]);
  expect(notes).toEqual([
    [v1, 'Promoted'],
    [v2, 'Aborted'],
    [head, 'Restored'],
  ]);
});

it('writes the notes later when Git was gone, also when the hold has ended by then', async () => {
  await serving();
  const v2 = world.repository.commit('main', files('web:2', 'two'), 'Release 2');
  await world.poll();
  world.repository.failure = new GitError('unreachable', 'down');
  await world.abort('hash2', 'hash1');
  world.repository.failure = undefined;
  world.repository.commit('main', files('web:3', 'three'), 'Fix');
  await world.run(400_000);
  expect(await imageOf()).toBe('web:3');
  expect(world.repository.notes.get(v2)).toContain('Aborted: Rollout shop/web');
  const condition = (await world.status()).conditions?.find(({ type }) => type === 'WriteBackReady');
  expect(condition?.status).toBe('True');
});
