// Holds, returns and snapshots, through an agent between a cluster and a repository.
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANNOTATIONS, RESOURCES } from '../../../src/api/names.ts';
import type { KubeObject, Resource } from '../../../src/api/k8s.ts';
import { GitError } from '../../../src/git/types.ts';
import { shortHash } from '../../../src/rollout/hash.ts';
import { FakeMirror } from '../../support/fake-git.ts';
import { files, rolloutText, World } from '../agent-world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.stop());

const imageOf = async (): Promise<string | undefined> =>
  (await world.rollout()).spec.template.spec?.containers[0]?.image;
const annotation = async (name: string): Promise<string | undefined> =>
  (await world.rollout()).metadata.annotations?.[name];
const condition = async (type: string) => (await world.status()).conditions?.find((each) => each.type === type);
const secret = (name = 'sluice-stable-web') => world.client.get(RESOURCES.secrets, name, 'shop');
const replicas = (count: number) => ({ image: (text: string) => text.replace('replicas: 2', `replicas: ${count}`) });

async function releasing(spec: Parameters<World['application']>[0] = {}): Promise<{ v1: string; v2: string }> {
  const v1 = world.repository.commit('main', files('web:1', 'one'), 'Release 1');
  await world.application(spec);
  await world.start();
  await world.promote('hash1');
  const v2 = world.repository.commit('main', files('web:2', 'two'), 'Release 2');
  await world.poll();
  expect(await imageOf()).toBe('web:2');
  return { v1, v2 };
}

/** As `kubectl delete rollout web`: what belongs to it goes as well. */
async function lose(): Promise<void> {
  await world.client.delete(RESOURCES.rollouts, 'web', 'shop');
  await world.run();
}

describe('a Rollout that is deleted in the middle of a release', () => {
  it('comes back at its stable revision, then goes through its steps', async () => {
    const { v1 } = await releasing();
    await lose();
    expect(await imageOf()).toBe('web:1');
    expect(await world.config()).toEqual({ mode: 'one' });
    expect(JSON.parse((await annotation(ANNOTATIONS.revision)) ?? '{}')).toMatchObject({ commit: v1 });
    expect(await world.status()).toMatchObject({
      phase: 'OutOfSync',
      message: `web comes back at ${v1.slice(0, 7)} first`,
      returns: [{ rollout: { namespace: 'shop', name: 'web' }, stable: { commit: v1 } }],
    });
    await world.poll();
    expect(await imageOf()).toBe('web:1');
    await world.promote('hash1');
    expect(await imageOf()).toBe('web:2');
    expect(await world.config()).toEqual({ mode: 'two' });
    expect(await world.status()).toMatchObject({ phase: 'Synced' });
    expect((await world.status()).returns).toBeUndefined();
    expect(world.events.map(({ reason }) => reason)).toContain('Returned');
  });

  it('comes back held when it was held', async () => {
    const { v1 } = await releasing();
    await world.abort('hash2', 'hash1');
    expect(await imageOf()).toBe('web:1');
    await lose();
    expect(await imageOf()).toBe('web:1');
    expect(JSON.parse((await annotation(ANNOTATIONS.held)) ?? '{}')).toMatchObject({ stable: { commit: v1 } });
    await world.promote('hash1');
    await world.poll();
    expect(await imageOf()).toBe('web:1');
    expect(await world.status()).toMatchObject({ phase: 'Held' });
  });

  it.each(Array.from({ length: 7 }, (_, writes) => writes))(
    'comes back so in a process that dies after %i writes, and in the next',
    async (writes) => {
      await releasing();
      await world.stop();
      await world.client.delete(RESOURCES.rollouts, 'web', 'shop');
      await world.start(writes);
      await world.run(2_000);
      await world.stop();
      const between = await world.client.get(RESOURCES.rollouts, 'web', 'shop');
      expect(JSON.stringify(between?.spec ?? {})).not.toContain('web:2');
      await world.start();
      expect(await imageOf()).toBe('web:1');
      await world.promote('hash1');
      expect(await imageOf()).toBe('web:2');
    },
  );

  it('comes back at the commit on record when its snapshot went with its namespace', async () => {
    await releasing();
    await world.stop();
    await world.client.delete(RESOURCES.secrets, 'sluice-stable-web', 'shop');
    await world.client.delete(RESOURCES.rollouts, 'web', 'shop');
    await world.start();
    expect(await imageOf()).toBe('web:1');
    await world.promote('hash1');
    expect(await imageOf()).toBe('web:2');
  });
});

it('a Rollout whose stable revision is what Git declares simply comes back', async () => {
  world.repository.commit('main', files('web:1', 'one'), 'Release 1');
  await world.application();
  await world.start();
  await world.promote('hash1');
  await lose();
  expect(await imageOf()).toBe('web:1');
  expect(await world.status()).toMatchObject({ phase: 'Synced' });
});

it('a snapshot stays while its Rollout is declared, and goes once the Rollout has left Git and is gone', async () => {
  await releasing({ sync: { prune: true } });
  await world.client.delete(RESOURCES.rollouts, 'web', 'shop');
  expect(await secret()).toBeDefined();
  await world.run();
  const other = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: other }\n';
  world.repository.commit('main', { 'deploy/web.yaml': null, 'deploy/other.yaml': other }, 'Remove');
  await world.poll();
  await world.poll();
  expect(await world.client.get(RESOURCES.rollouts, 'web', 'shop')).toBeUndefined();
  expect(await secret()).toBeUndefined();
  expect((await world.status()).stable).toEqual([]);
});

describe('a rejected revision stays rejected', () => {
  it('while other fields of it change, which are applied', async () => {
    const { v1, v2 } = await releasing();
    await world.abort('hash2', 'hash1');
    await world.promote('hash1');
    const more = files('web:2', 'two');
    more['deploy/web.yaml'] = replicas(5)
      .image(more['deploy/web.yaml'] ?? '')
      .replace('name: web }\nspec', 'name: web, labels: { team: a } }\nspec');
    world.repository.commit('main', more, 'More');
    await world.poll();
    expect(await imageOf()).toBe('web:1');
    expect(await world.rollout()).toMatchObject({ spec: { replicas: 5 }, metadata: { labels: { team: 'a' } } });
    expect(await world.status()).toMatchObject({
      phase: 'Held',
      message: `web held at ${v1.slice(0, 7)}: ${v2.slice(0, 7)} rejected, success-rate 0.82 < 0.95`,
    });
    world.repository.commit('main', files('web:2', 'two'), 'Fewer');
    await world.poll();
    expect((await world.rollout()).spec.replicas).toBe(2);
    expect(await imageOf()).toBe('web:1');
  });

  it('when its status is of an earlier version', async () => {
    await releasing();
    await world.abort(shortHash((await world.rollout()).spec.template), 'hash1');
    await world.stop();
    const { holds = [] } = await world.status();
    const old = holds.map(({ trial: _trial, ...hold }) => hold);
    await world.record({ holds: old });
    const more = files('web:2', 'two');
    more['deploy/web.yaml'] = replicas(5).image(more['deploy/web.yaml'] ?? '');
    world.repository.commit('main', more, 'More');
    await world.start();
    await world.poll();
    expect(await imageOf()).toBe('web:1');
    expect((await world.rollout()).spec.replicas).toBe(5);
    expect((await world.status()).holds).toMatchObject([{ trial: holds[0]?.trial }]);
  });
});

describe('a snapshot that somebody else wrote', () => {
  const binding: Resource = {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    plural: 'clusterrolebindings',
    kind: 'ClusterRoleBinding',
    namespaced: false,
  };
  const pwn = [
    {
      object: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'planted' } },
      path: '.github/workflows/pwn.yml',
      text: 'on: push\n',
      hash: 'x',
    },
  ];

  async function plant(data: Record<string, string>): Promise<void> {
    await world.stop();
    await world.client.patch(RESOURCES.secrets, {
      name: 'sluice-stable-web',
      namespace: 'shop',
      type: 'merge',
      body: { data },
    });
  }

  it('is neither applied nor pushed, is told, and is read anew from Git', async () => {
    const { v1 } = await releasing({ writeBack: { onAbort: 'Commit' } });
    await plant({ snapshot: gzipSync(JSON.stringify(pwn)).toString('base64') });
    await world.start();
    await world.abort('hash2', 'hash1');
    await world.run(5_000);
    expect(await imageOf()).toBe('web:1');
    expect(await world.config()).toEqual({ mode: 'one' });
    expect(await world.client.get(binding, 'planted')).toBeUndefined();
    const head = world.repository.commits.get(world.repository.branches.get('main') ?? '');
    expect(Object.fromEntries(head?.files ?? [])).toEqual(files('web:1', 'one'));
    expect(JSON.parse((await secret())?.metadata.annotations?.[ANNOTATIONS.revision] ?? '{}')).toMatchObject({
      commit: v1,
    });
  });

  it('is told where Git cannot mend it, and what was rejected is not applied again', async () => {
    await releasing();
    await world.abort('hash2', 'hash1');
    await plant({ snapshot: gzipSync(JSON.stringify(pwn)).toString('base64') });
    world.mirror = new FakeMirror(world.repository);
    world.repository.failure = new GitError('unreachable', 'down');
    await world.start();
    expect(await imageOf()).toBe('web:1');
    expect(await condition('RevertReady')).toMatchObject({ status: 'False', reason: 'SnapshotNotAuthentic' });
  });

  it('is not believed either when it is an earlier one of the same Rollout', async () => {
    world.repository.commit('main', files('web:0', 'zero'), 'Release 0');
    await world.application();
    await world.start();
    await world.promote('hash0');
    const old = (await secret()) as KubeObject & { data: Record<string, string> };
    world.repository.commit('main', files('web:1', 'one'), 'Release 1');
    await world.poll();
    await world.promote('hash1');
    world.repository.commit('main', files('web:2', 'two'), 'Release 2');
    await world.poll();
    await plant(old.data);
    await world.client.delete(RESOURCES.rollouts, 'web', 'shop');
    await world.start();
    expect(await imageOf()).toBe('web:1');
  });
});

it('an immutable ConfigMap goes back, too', async () => {
  world.repository.commit('main', files('web:1', 'one'), 'Release 1');
  await world.application();
  await world.start();
  await world.promote('hash1');
  const fixed = files('web:2', 'two');
  fixed['deploy/web.yaml'] = (fixed['deploy/web.yaml'] ?? '').replace('data: { mode', 'immutable: true\ndata: { mode');
  world.repository.commit('main', fixed, 'Release 2');
  await world.poll();
  expect(await world.config()).toEqual({ mode: 'two' });
  await world.abort('hash2', 'hash1');
  expect(await world.config()).toEqual({ mode: 'one' });
  expect(await imageOf()).toBe('web:1');
  expect(await world.status()).toMatchObject({ phase: 'Held' });
});

describe('what one commit broke', () => {
  const names = Array.from({ length: 30 }, (_, at) => `app-${at}`);
  const all = (image: string): Record<string, string> =>
    Object.fromEntries(names.map((name) => [`deploy/${name}.yaml`, rolloutText(image, name)]));
  const status = (hash: string) => ({
    abort: true,
    phase: 'Degraded' as const,
    currentPodHash: hash,
    stableRS: 'hash1',
    message: 'bad',
  });
  const notesOf = (commit = ''): string => world.repository.notes.get(commit) ?? '';

  it('is answered by one commit that names each Rollout, and says so in one note each', async () => {
    world.repository.commit('main', all('web:1'), 'Release 1');
    await world.application({ writeBack: { onAbort: 'Commit' } });
    await world.start();
    for (const name of names) await world.promote('hash1', name);
    const v2 = world.repository.commit('main', all('web:2'), 'Release 2');
    await world.poll();
    for (const name of names) await world.controllerSays(status('hash2'), name);
    await world.run(3_000);
    expect(world.repository.commits.size).toBe(3);
    const head = world.repository.commits.get(world.repository.branches.get('main') ?? '');
    expect(head?.commit.parents).toEqual([v2]);
    expect(Object.fromEntries(head?.files ?? [])).toEqual(all('web:1'));
    expect(head?.commit.message.match(/^Sluice-Rollout: /gm)).toHaveLength(30);
    await world.run(1_000);
    expect((await world.status()).holds).toEqual([]);
    expect(notesOf(head?.commit.oid).match(/^Restored: /gm)).toHaveLength(30);
    expect(notesOf(v2).match(/^Aborted: /gm)).toHaveLength(30);
  });
});
