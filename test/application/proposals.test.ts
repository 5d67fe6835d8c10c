// Going back by pull request: what is opened for a rejected commit, and what becomes of it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Application, Hold } from '../../src/api/application.ts';
import { RESOURCES } from '../../src/api/names.ts';
import { HttpFailure } from '../../src/ports/http.ts';
import { answer } from '../support/fake-forge.ts';
import { config, files, rolloutText, World } from './agent-world.ts';

const SOURCE = {
  repoURL: 'https://github.com/acme/shop.git',
  path: 'deploy',
  interval: '30s',
  secretRef: { name: 'shop-git' },
};
const TOKEN = 'ghp-very-secret';
type WriteBack = NonNullable<Application['spec']['writeBack']>;

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.client.create(RESOURCES.secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'shop-git', namespace: 'shop' },
    data: { username: Buffer.from('ci').toString('base64'), password: Buffer.from(TOKEN).toString('base64') },
  } as never);
});
afterEach(() => world.stop());

/** web:1 is stable and web:2 was rejected. */
async function rejected(writeBack: WriteBack = {}, source: Partial<Application['spec']['source']> = {}) {
  const v1 = world.repository.commit('main', files('web:1', 'one'), 'Release 1');
  await world.application({ source: { ...SOURCE, ...source }, writeBack: { onAbort: 'PullRequest', ...writeBack } });
  await world.start();
  await world.promote('hash1');
  const v2 = world.repository.commit('main', files('web:2', 'two'), 'Release 2');
  await world.poll();
  await world.abort('hash2', 'hash1');
  await world.run(2_000);
  await world.run();
  return { v1, v2 };
}

const image = async (): Promise<unknown> => (await world.rollout()).spec.template.spec?.containers[0]?.image;
const holds = async (): Promise<Hold[]> => (await world.status()).holds ?? [];
const writeBackOf = async (): Promise<Hold['writeBack']> => (await holds())[0]?.writeBack;
const ready = async () => (await world.status()).conditions?.find(({ type }) => type === 'WriteBackReady');
const only = () => {
  const [pull, ...more] = world.forge.pulls;
  if (!pull || more.length > 0) throw new Error(`there are ${world.forge.pulls.length} pull requests`);
  return pull;
};
const commitAt = (branch: string) => world.repository.commits.get(world.repository.branches.get(branch) ?? '')?.commit;
const open = () => world.forge.pulls.filter(({ state }) => state === 'open');
const textsOf = (reason: string): string[] =>
  world.events.filter((event) => event.reason === reason).map(({ message }) => message);
const filesAt = (branch: string): Record<string, string> =>
  Object.fromEntries(world.repository.commits.get(world.repository.branches.get(branch) ?? '')?.files ?? []);

/** A person merges what is open. */
async function merge(): Promise<void> {
  for (const pull of open()) world.forge.merge(pull);
  await world.poll();
  await world.run(31_000);
}

describe('an abort', () => {
  it('opens a pull request with the restoring commit on a branch of its own, and says why', async () => {
    const { v1, v2 } = await rejected();
    const { head, title, body, ...pull } = only();
    expect(pull).toMatchObject({ base: 'main', state: 'open' });
    expect(head).toMatch(new RegExp(`^sluice/revert-shop-${v2.slice(0, 12)}-[a-z0-9]+$`));
    expect(title).toBe(`Revert web to ${v1.slice(0, 7)}: success-rate 0.82 < 0.95`);
    expect(body).toContain('Rollout shop/web rejected what');
    expect(body).toContain('Reason: success-rate 0.82 < 0.95');
    expect(body).toContain(`Sluice-Rejected: ${v2}\n`);
    expect(filesAt(head)).toEqual(files('web:1', 'one'));
    expect(commitAt(head)).toMatchObject({ parents: [v2], subject: title });
    expect(world.repository.branches.get('main')).toBe(v2);
  });

  it('is on record with where it is, and the hold stays in force', async () => {
    await rejected();
    const url = 'https://github.com/acme/shop/pull/1';
    expect(await writeBackOf()).toMatchObject({ state: 'Proposed', id: '1', url });
    expect(await ready()).toMatchObject({
      status: 'True',
      reason: 'Proposed',
      message: expect.stringContaining(url) as string,
    });
    expect(await world.status()).toMatchObject({ phase: 'Held', message: expect.stringContaining(url) as string });
    expect(textsOf('Proposed')).toEqual([expect.stringContaining(`opened ${url}: files of web`)]);
    await world.run(600_000);
    expect(await image()).toBe('web:1');
    expect(world.forge.pulls).toHaveLength(1);
    expect(textsOf('Proposed')).toHaveLength(1);
  });

  it('tells the token to nobody', async () => {
    await rejected();
    for (const request of world.forge.requests) expect(request.headers?.['authorization']).toBe(`Bearer ${TOKEN}`);
    const told = JSON.stringify([world.forge.pulls, await world.status(), world.events]);
    expect(told).not.toContain(TOKEN);
  });

  it('is looked at no more often than the interval, and not at all when none is open', async () => {
    await rejected();
    const before = world.forge.requests.length;
    await world.run(300_000);
    const looks = world.forge.requests.length - before;
    expect(looks).toBeGreaterThan(5);
    expect(looks).toBeLessThanOrEqual(10);
    await merge();
    const after = world.forge.requests.length;
    await world.run(600_000);
    expect(world.forge.requests).toHaveLength(after);
  });

  it('writes nothing while nothing happens to it', async () => {
    await rejected();
    await world.run(60_000);
    world.writes = [];
    await world.run(600_000);
    expect(world.writes).toEqual([]);
  });
});

describe('a pull request', () => {
  it('that is merged ends the hold, as a pushed commit does', async () => {
    const { v2 } = await rejected();
    await merge();
    expect(await holds()).toEqual([]);
    await world.promote('hash1');
    await world.poll();
    expect(await world.status()).toMatchObject({ phase: 'Synced' });
    expect(filesAt('main')).toEqual(files('web:1', 'one'));
    expect(await ready()).toMatchObject({ status: 'True', reason: 'Ready' });
    expect(world.repository.notes.get(v2)).toContain('Aborted: Rollout shop/web');
    expect(world.forge.pulls).toHaveLength(1);
  });

  it('that is closed leaves the hold, which says so, and is not opened again', async () => {
    await rejected();
    const [pull] = world.forge.pulls;
    if (pull) pull.state = 'closed';
    await world.run(31_000);
    const said = 'https://github.com/acme/shop/pull/1 was closed without being merged';
    expect(await writeBackOf()).toMatchObject({ state: 'Closed' });
    expect(await ready()).toMatchObject({
      status: 'False',
      reason: 'Closed',
      message: `${said}: what is held stays held`,
    });
    expect((await world.status()).message).toContain(said);
    expect(textsOf('ProposalClosed')).toEqual([`${said}: web stays held`]);
    const before = world.forge.requests.length;
    await world.run(600_000);
    expect(world.forge.requests).toHaveLength(before);
    expect(await image()).toBe('web:1');
    world.repository.commit('main', files('web:3', 'three'), 'Fix');
    await world.poll();
    expect(await image()).toBe('web:3');
    expect(await holds()).toEqual([]);
  });

  it('is not needed any more when somebody fixes the branch meanwhile', async () => {
    await rejected();
    world.repository.commit('main', files('web:3', 'three'), 'Fix');
    await world.poll();
    expect(await image()).toBe('web:3');
    expect(await holds()).toEqual([]);
    await world.run();
    const before = world.forge.requests.length;
    await world.run(600_000);
    expect(world.forge.requests).toHaveLength(before);
  });

  it('is built anew on its branch when the base has moved and it cannot be merged any more', async () => {
    await rejected();
    const [pull] = world.forge.pulls;
    const before = world.repository.branches.get(pull?.head ?? '');
    const moved = world.repository.commit(
      'main',
      { 'deploy/other.yaml': config('x').replace('web-config', 'other') },
      'Other',
    );
    await world.poll();
    await world.run(31_000);
    expect(world.repository.branches.get(pull?.head ?? '')).toBe(before);
    world.forge.conflicts = true;
    await world.run(62_000);
    world.forge.conflicts = false;
    const tip = world.repository.branches.get(pull?.head ?? '') ?? '';
    expect(world.repository.commits.get(tip)?.commit.parents).toEqual([moved]);
    expect(await writeBackOf()).toMatchObject({ state: 'Proposed', id: '1', commit: tip, base: moved });
    expect(world.forge.pulls).toHaveLength(1);
    const commits = world.repository.commits.size;
    world.forge.conflicts = true;
    await world.run(300_000);
    expect(world.repository.commits.size).toBe(commits);
  });

  it('is left to people once they have put commits on its branch', async () => {
    await rejected({ autoMerge: false });
    const [pull] = world.forge.pulls;
    const theirs = world.repository.commit(
      pull?.head ?? '',
      { 'deploy/more.yaml': config('x').replace('web', 'more') },
      'More',
    );
    world.repository.commit('main', { 'README.md': 'hello\n' }, 'Readme');
    world.forge.conflicts = true;
    await world.poll();
    await world.run(120_000);
    expect(world.repository.branches.get(pull?.head ?? '')).toBe(theirs);
    expect((await writeBackOf())?.message).toContain('commits of others');
  });

  it('names all Rollouts that one commit broke, whenever they were rejected', async () => {
    await rejected({}, {});
    const both = {
      'deploy/api.yaml': `${config('one').replace('web-config', 'api-config')}---\n${rolloutText('api:1', 'api')}`,
    };
    expect(world.forge.pulls).toHaveLength(1);
    world.repository.commit('main', { ...both, ...files('web:1', 'one') }, 'Both');
    await world.poll();
    await world.promote('hash1');
    await world.promote('api1', 'api');
    const bad = world.repository.commit(
      'main',
      { ...files('web:4', 'four'), 'deploy/api.yaml': (both['deploy/api.yaml'] ?? '').replace('api:1', 'api:4') },
      'Both bad',
    );
    await world.poll();
    await world.abort('hash4', 'hash1');
    await world.run(20_000);
    await world.run();
    expect(world.forge.pulls).toHaveLength(2);
    await world.controllerSays(
      { phase: 'Degraded', abort: true, currentPodHash: 'api4', stableRS: 'api1', message: 'too slow' },
      'api',
    );
    await world.run(20_000);
    await world.run();
    expect(world.forge.pulls).toHaveLength(2);
    const pull = world.forge.pulls[1];
    expect(pull?.head).toContain(bad.slice(0, 12));
    expect(pull?.title).toBe(`Revert web, api: ${bad.slice(0, 7)} was rejected`);
    expect(filesAt(pull?.head ?? '')).toEqual({ ...files('web:1', 'one'), ...both });
    expect((await holds()).map(({ writeBack }) => writeBack?.id)).toEqual(['2', '2']);
  });
});

describe('a pull request that nothing is held for any more', () => {
  const fix = async (): Promise<void> => {
    world.repository.commit('main', files('web:3', 'three'), 'Fix');
    await world.poll();
    await world.run();
  };

  it('is closed with a comment that says why, once somebody has fixed the branch', async () => {
    await rejected();
    await fix();
    expect(world.forge.pulls).toMatchObject([
      {
        state: 'closed',
        comments: [expect.stringMatching(/^main declares something else for web by now.*Sluice closes/)],
      },
    ]);
    expect(await ready()).toMatchObject({ status: 'True', reason: 'Ready' });
    expect((await world.status()).withdrawals).toBeUndefined();
    const before = world.forge.requests.length;
    await world.run(600_000);
    expect(world.forge.requests).toHaveLength(before);
  });

  it('is closed where what was rejected is to be tried again', async () => {
    await rejected();
    await world.client.patch(RESOURCES.rollouts, {
      name: 'web',
      namespace: 'shop',
      type: 'merge',
      body: { metadata: { annotations: { 'sluice.dev/retry': 'true' } } },
    });
    await world.run();
    await world.run();
    expect(await holds()).toEqual([]);
    expect(world.forge.pulls).toMatchObject([{ state: 'closed', comments: [expect.stringContaining('tried again')] }]);
  });

  it('is closed once the forge lets it, by whichever process is there', async () => {
    await rejected();
    world.forge.intercept = ({ method }) => (method === 'GET' ? undefined : answer(500));
    await fix();
    expect((await ready())?.message).toContain('could not be closed');
    expect((await world.status()).withdrawals).toMatchObject([{ id: '1' }]);
    await world.stop();
    await world.start();
    world.forge.intercept = () => undefined;
    await world.run(61_000);
    expect(world.forge.pulls).toMatchObject([{ state: 'closed' }]);
    expect((await world.status()).withdrawals).toBeUndefined();
  });

  it('is left to people who have put commits on its branch', async () => {
    await rejected();
    world.repository.commit(only().head, { 'deploy/more.yaml': config('x').replace('web', 'more') }, 'More');
    await fix();
    await world.run(600_000);
    expect(only()).toMatchObject({ state: 'open' });
    expect(only().comments).toBeUndefined();
    expect((await world.status()).withdrawals).toBeUndefined();
  });

  it('is not taken for one of another repository that has its number', async () => {
    await rejected();
    world.forge.intercept = () => answer(500);
    await fix();
    world.forge.intercept = ({ url, method }) =>
      url.pathname.startsWith('/repos/acme/other/') && method === 'GET'
        ? answer(200, {
            number: 1,
            state: 'open',
            created_at: '2026-01-01T00:00:00Z',
            head: { sha: world.forge.shaOf(only().head) },
          })
        : undefined;
    await world.client.patch(RESOURCES.applications, {
      name: 'shop',
      namespace: 'shop',
      type: 'merge',
      body: { spec: { source: { repoURL: 'https://github.com/acme/other.git' } } },
    });
    const before = world.forge.requests.filter(({ method }) => method !== 'GET').length;
    await world.run(600_000);
    expect(world.forge.requests.filter(({ method }) => method !== 'GET')).toHaveLength(before);
  });
});

describe('autoMerge', () => {
  it('has the forge merge it at a later look, and the hold ends', async () => {
    await rejected({ autoMerge: true });
    expect(open()).toHaveLength(1);
    await world.run(62_000);
    expect(world.forge.pulls).toMatchObject([{ state: 'merged' }]);
    await world.poll();
    expect(await holds()).toEqual([]);
  });

  it('says what it waits for', async () => {
    world.forge.checks = 'running';
    await rejected({ autoMerge: true });
    await world.run(31_000);
    expect((await writeBackOf())?.message).toContain('it waits for its checks');
    world.forge.checks = 'passed';
    await world.run(62_000);
    expect(world.forge.pulls).toMatchObject([{ state: 'merged' }]);
  });

  it('tells what the forge refuses, and tries again later and later', async () => {
    world.forge.intercept = ({ url }) =>
      url.pathname.endsWith('/merge') ? answer(403, { message: 'Resource not accessible' }) : undefined;
    await rejected({ autoMerge: true });
    await world.run(31_000);
    expect((await ready())?.message).toContain(
      'not merged yet: GitHub at api.github.com does not allow it (403), saying "Resource not',
    );
    const tries = () => world.forge.requests.filter(({ url }) => url.pathname.endsWith('/merge')).length;
    await world.run(600_000);
    expect(tries()).toBeLessThan(8);
    world.forge.intercept = () => undefined;
    await world.run(400_000);
    expect(world.forge.pulls).toMatchObject([{ state: 'merged' }]);
  });

  it('never merges what is not ours', async () => {
    await rejected({ autoMerge: true });
    world.repository.commit(world.forge.pulls[0]?.head ?? '', { 'deploy/web.yaml': 'theirs' }, 'More');
    await world.run(300_000);
    expect(world.forge.pulls).toMatchObject([{ state: 'open' }]);
  });
});

describe('a forge that does not', () => {
  it('answer: the hold stays, it is told, and tried until it does', async () => {
    world.forge.intercept = () => {
      throw new HttpFailure('unreachable', 'ECONNREFUSED');
    };
    await rejected();
    expect(await image()).toBe('web:1');
    expect(await writeBackOf()).toMatchObject({
      state: 'Pending',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(await ready()).toMatchObject({ status: 'False', reason: 'WriteBackFailed' });
    await world.run(600_000);
    expect(world.forge.requests.length).toBeLessThan(12);
    world.forge.intercept = () => undefined;
    await world.run(310_000);
    expect(await writeBackOf()).toMatchObject({ state: 'Proposed' });
    expect(await ready()).toMatchObject({ status: 'True', reason: 'Proposed' });
  });

  it('answer is no trouble any more once somebody has fixed the branch', async () => {
    world.forge.intercept = () => answer(500);
    await rejected();
    expect(await ready()).toMatchObject({ status: 'False', reason: 'WriteBackFailed' });
    world.repository.commit('main', files('web:3', 'three'), 'Fix');
    await world.poll();
    expect(await ready()).toMatchObject({ status: 'True', reason: 'Ready' });
  });

  it('allow it: the message names the right that is missing', async () => {
    world.forge.intercept = ({ method }) =>
      method === 'POST' ? answer(403, { message: 'not accessible' }) : undefined;
    await rejected();
    expect((await ready())?.message).toMatch(
      /\(403\), saying "not accessible": it takes a fine-grained token with .*"Pull requests"/,
    );
    world.forge.intercept = () => undefined;
    await world.run(61_000);
    await world.run();
    expect(await writeBackOf()).toMatchObject({ state: 'Proposed' });
    expect(world.forge.pulls).toHaveLength(1);
  });

  it('answer looks: what is on record stays', async () => {
    await rejected();
    world.forge.intercept = () => answer(500);
    await world.run(31_000);
    expect(await writeBackOf()).toMatchObject({ state: 'Proposed' });
    expect((await ready())?.message).toContain('could not be looked at: GitHub at api.github.com failed (500)');
    world.forge.intercept = () => undefined;
    await world.run(62_000);
    expect(await ready()).toMatchObject({ status: 'True', reason: 'Proposed' });
  });

  it('have a free hand for a while is left alone for as long', async () => {
    world.forge.intercept = () => answer(429, {}, { 'retry-after': '1200' });
    await rejected();
    const before = world.forge.requests.length;
    await world.run(1_100_000);
    expect(world.forge.requests).toHaveLength(before);
    world.forge.intercept = () => undefined;
    await world.run(110_000);
    expect(await writeBackOf()).toMatchObject({ state: 'Proposed' });
  });
});

describe('before anything is rejected it is told that no pull request can be opened', () => {
  async function serving(source: Application['spec']['source']): Promise<void> {
    world.repository.commit('main', files('web:1', 'one'), 'Release 1');
    await world.application({ source, writeBack: { onAbort: 'PullRequest' } });
    await world.start();
  }

  it('where the forge cannot be told from the host', async () => {
    await serving({ ...SOURCE, repoURL: 'https://git.example.com/acme/shop.git' });
    expect(await ready()).toMatchObject({
      status: 'False',
      reason: 'ForgeUnknown',
      message: expect.stringContaining('spec.writeBack.forge') as string,
    });
  });

  it('without credentials', async () => {
    const { secretRef: _none, ...source } = SOURCE;
    await serving(source);
    expect(await ready()).toMatchObject({
      status: 'False',
      reason: 'NoCredentials',
      message: expect.stringContaining('secretRef') as string,
    });
  });

  it('and where it is rejected all the same, the hold stays and nothing is asked', async () => {
    await rejected({}, { repoURL: 'https://git.example.com/acme/shop.git' });
    expect(await image()).toBe('web:1');
    expect(await writeBackOf()).toEqual({ state: 'Pending' });
    expect(world.forge.requests).toEqual([]);
  });
});

describe('a process that dies', () => {
  it.each(Array.from({ length: 16 }, (_, writes) => writes))(
    'after %i writes leaves one pull request in the end',
    async (writes) => {
      world.repository.commit('main', files('web:1', 'one'), 'Release 1');
      await world.application({ source: SOURCE, writeBack: { onAbort: 'PullRequest' } });
      await world.start();
      await world.promote('hash1');
      const v2 = world.repository.commit('main', files('web:2', 'two'), 'Release 2');
      await world.poll();
      await world.stop();
      await world.start(writes);
      await world.abort('hash2', 'hash1');
      await world.run(3_000);
      await world.stop();
      await world.start();
      await world.run(3_000);
      await world.run();
      expect(world.forge.pulls).toMatchObject([{ state: 'open', base: 'main' }]);
      expect([...world.repository.branches.keys()].filter((name) => name.startsWith('sluice/'))).toHaveLength(1);
      expect(filesAt(world.forge.pulls[0]?.head ?? '')).toEqual(files('web:1', 'one'));
      expect(await writeBackOf()).toMatchObject({ state: 'Proposed', id: '1' });
      expect(world.repository.branches.get('main')).toBe(v2);
      await merge();
      expect(await holds()).toEqual([]);
    },
  );

  it('does not open again what was closed before it could be put on record', async () => {
    const { v2 } = await rejected();
    await world.stop();
    const [pull] = world.forge.pulls;
    if (pull) pull.state = 'closed';
    const before = (await world.status()).holds?.map((hold) => ({ ...hold, writeBack: { state: 'Pending' } }));
    await world.record({ holds: before });
    await world.start();
    await world.run(3_000);
    expect(world.forge.pulls).toHaveLength(1);
    expect(await writeBackOf()).toMatchObject({ state: 'Closed', id: '1' });
    expect(world.repository.branches.get('main')).toBe(v2);
  });
});
