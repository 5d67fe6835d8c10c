// What every forge promises the agent, whichever API is behind it.
import { beforeEach, describe, expect, it } from 'vitest';
import { FORGES, forgeOf, type ForgeName } from '../../src/api/forges.ts';
import { createForge } from '../../src/forge/forge.ts';
import type { Forge, ForgeRepository, ForgeResult } from '../../src/ports/forge.ts';
import { HttpFailure } from '../../src/ports/http.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';
import { answer, FakeForge } from '../support/fake-forge.ts';
import { FakeRepository } from '../support/fake-git.ts';
import { DIALECTS } from '../support/forge-dialects.ts';

const BRANCHES = { head: 'sluice/revert-shop-1', base: 'main' };
const TEXT = { title: 'Revert web', body: 'Why.' };
const { signal } = new AbortController();

describe.each(FORGES)('%s', (name: ForgeName) => {
  const repository: ForgeRepository = {
    repoURL: DIALECTS[name].repoURL,
    forge: name,
    credentials: { username: 'ci', password: 'secret-token' },
    secret: { namespace: 'shop', name: 'shop-git' },
    timeoutMs: 60_000,
  };
  let fake: FakeForge;
  let git: FakeRepository;
  let forge: Forge;
  let tip: string;

  beforeEach(() => {
    const clock = new VirtualClock();
    git = new FakeRepository(clock);
    fake = new FakeForge(name, git, clock);
    forge = createForge({ http: fake, clock });
    const parent = git.commit('main', { 'a.yaml': 'bad\n' }, 'Bad');
    git.branches.set(BRANCHES.head, parent);
    tip = git.commit(BRANCHES.head, { 'a.yaml': 'good\n' }, 'Revert');
  });

  const value = <T>(result: ForgeResult<T>): T => {
    if (!result.ok) throw new Error(result.error.message);
    return result.value;
  };
  const open = async () => value(await forge.open(repository, { ...BRANCHES, ...TEXT }, signal));
  const failure = async () => {
    const result = await forge.look(repository, '1', signal);
    return result.ok ? undefined : result.error;
  };

  it('closes a pull request, and says why', async () => {
    await open();
    expect(value(await forge.close(repository, { id: '1', why: 'Fixed.' }, signal))).toBeUndefined();
    expect(fake.pulls).toMatchObject([{ state: 'closed', comments: ['Fixed.'], ...TEXT }]);
  });

  it('is known by its host', () => {
    expect(forgeOf(repository.repoURL, undefined)).toBe(name);
  });

  it('opens a pull request, finds it by its branch, and looks at it by its number', async () => {
    expect(value(await forge.find(repository, BRANCHES, signal))).toBeUndefined();
    const opened = await open();
    expect(fake.pulls).toMatchObject([{ ...BRANCHES, ...TEXT, state: 'open' }]);
    expect(opened).toMatchObject({ id: '1', state: 'open', conflicts: false, mergeCommit: undefined });
    expect(tip.startsWith(opened.head ?? 'nothing')).toBe(true);
    expect(opened.url.startsWith(`${repository.repoURL.replace(/\.git$/, '')}/`)).toBe(true);
    expect(opened.url.endsWith('/1')).toBe(true);
    expect(value(await forge.find(repository, BRANCHES, signal))).toEqual(opened);
    expect(value(await forge.look(repository, '1', signal))).toEqual(opened);
  });

  it('finds the newest of a branch, and none of a fork or for another branch', async () => {
    await open();
    await open();
    const [first] = fake.pulls;
    if (first) first.state = 'closed';
    fake.open({ ...BRANCHES, ...TEXT }).isFork = true;
    expect(value(await forge.find(repository, BRANCHES, signal))).toMatchObject({ id: '2', state: 'open' });
    expect(value(await forge.find(repository, { ...BRANCHES, base: 'release' }, signal))).toBeUndefined();
    expect(value(await forge.find(repository, { ...BRANCHES, head: 'sluice/other' }, signal))).toBeUndefined();
  });

  it('gives a pull request another text', async () => {
    await open();
    value(await forge.revise(repository, { id: '1', title: 'Revert web, api', body: 'Both.' }, signal));
    expect(fake.pulls).toMatchObject([{ title: 'Revert web, api', body: 'Both.', state: 'open' }]);
  });

  it('tells what was merged from what was closed, found or looked at', async () => {
    await open();
    const [pull] = fake.pulls;
    if (!pull) throw new Error('there is none');
    fake.merge(pull);
    const merged = value(await forge.look(repository, '1', signal));
    expect(merged.state).toBe('merged');
    // A shortened commit is none that a note can be kept on.
    expect(merged.mergeCommit).toBe(name === 'Bitbucket' ? undefined : pull.mergeCommit);
    pull.state = 'closed';
    expect(value(await forge.find(repository, BRANCHES, signal))).toMatchObject({ state: 'closed' });
  });

  it.skipIf(name === 'Bitbucket')('tells of conflicts', async () => {
    await open();
    fake.conflicts = true;
    expect(value(await forge.look(repository, '1', signal)).conflicts).toBe(true);
    expect(value(await forge.merge(repository, { id: '1', commit: tip }, signal))).toContain('conflicts');
    expect(fake.pulls[0]?.state).toBe('open');
  });

  it('merges once the checks have passed, and the branch is at the commit', async () => {
    await open();
    expect(value(await forge.merge(repository, { id: '1', commit: 'f'.repeat(40) }, signal))).toContain('by hand');
    fake.checks = 'running';
    value(await forge.merge(repository, { id: '1', commit: tip }, signal));
    value(await forge.merge(repository, { id: '1', commit: tip }, signal));
    expect(fake.pulls[0]?.state).toBe('open');
    const [pull] = fake.pulls;
    // Those that wait by themselves merge by themselves.
    const waits = pull?.scheduled === true;
    fake.checks = 'passed';
    if (pull) pull.scheduled = false;
    expect(value(await forge.merge(repository, { id: '1', commit: tip }, signal))).toBeUndefined();
    expect(pull?.state).toBe('merged');
    expect(waits).toBe(name !== 'GitHub' && name !== 'Bitbucket');
    expect(value(await forge.merge(repository, { id: '1', commit: tip }, signal))).toBeUndefined();
  });

  it('asks its own API alone, within limits, with the Secret named', async () => {
    await open();
    await forge.merge(repository, { id: '1', commit: tip }, signal);
    for (const request of fake.requests) {
      expect(request.url.href.startsWith(`${DIALECTS[name].api}/`)).toBe(true);
      expect(request).toMatchObject({ use: 'git', secrets: [repository.secret], deadlineMs: 15_000 });
      expect(request.url.href).not.toContain('secret-token');
      expect(request.body ?? '').not.toContain('secret-token');
    }
  });

  it('shortens a text that is longer than it takes', async () => {
    value(await forge.open(repository, { ...BRANCHES, title: 'x'.repeat(999), body: 'y'.repeat(999_999) }, signal));
    expect(fake.pulls[0]?.title).toHaveLength(240);
    expect(fake.pulls[0]?.body).toContain('in the message of the commit');
  });

  it.each([
    [401, 'AuthFailed', /spec\.source\.secretRef \(401\).*it takes/],
    [403, 'Forbidden', /does not allow it \(403\), saying "no way": it takes/],
    [404, 'NotFound', /does not know .*\(404\): it takes/],
    [422, 'Refused', /refused it \(422\), saying "no way"/],
    [503, 'Unreachable', /failed \(503\)/],
  ])('says what a %i means: %s', async (status, reason, message) => {
    fake.intercept = () => answer(status, { message: 'no way' });
    expect(await failure()).toMatchObject({ reason, message: expect.stringMatching(message) as string });
  });

  it.each([
    [429, { 'retry-after': '90' }, 90_000],
    [403, { 'retry-after': '7' }, 7_000],
    [429, {}, 60_000],
    [429, { 'retry-after': '999999' }, 3_600_000],
  ])('waits as long as it is asked to: %i %o', async (status, headers, retryAfterMs) => {
    fake.intercept = () => answer(status, {}, headers);
    expect(await failure()).toMatchObject({ reason: 'RateLimited', retryAfterMs });
  });

  it('follows no redirect, and says where it leads', async () => {
    fake.intercept = () => answer(301, {}, { location: 'https://elsewhere.example.com/secret' });
    expect((await failure())?.message).toContain('redirects to elsewhere.example.com, which is not followed');
    expect(fake.requests).toHaveLength(1);
  });

  it('takes a web page for a login, and an unknown form for an outage', async () => {
    fake.intercept = () => ({ status: 203, headers: { 'content-type': 'text/html' }, body: '<html>Sign in' });
    expect(await failure()).toMatchObject({ reason: 'AuthFailed' });
    fake.intercept = () => answer(200, { what: 'is this' });
    expect(await failure()).toMatchObject({ reason: 'Unreachable' });
  });

  it('tells what could not be asked', async () => {
    fake.intercept = () => {
      throw new HttpFailure('late', 'no answer within 15s');
    };
    expect(await failure()).toMatchObject({
      reason: 'Unreachable',
      message: expect.stringContaining('within 15s') as string,
    });
    fake.intercept = () => {
      throw new HttpFailure('refused', 'not among the hosts: --git-hosts');
    };
    expect(await failure()).toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining('--git-hosts') as string,
    });
  });

  it('asks nothing for a URL that is none of its repositories, or a number that is none', async () => {
    const result = await forge.find({ ...repository, repoURL: 'https://example.com/' }, BRANCHES, signal);
    expect(result.ok ? undefined : result.error.message).toContain('such as https://');
    expect((await forge.look(repository, '1/merge', signal)).ok).toBe(false);
    expect(fake.requests).toEqual([]);
  });
});
