// What every GitMirror promises: run by the mirror that speaks to a real server, and by the one in memory that scenarios use.
import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCommit } from '../../src/git/objects.ts';
import { openMirror } from '../../src/git/mirror.ts';
import { PushRejected, type GitMirror } from '../../src/git/types.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { FakeMirror, FakeRepository } from '../support/fake-git.ts';
import { startGitServer } from '../support/git-server.ts';
import { startSshServer } from '../support/ssh-server.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

interface World {
  mirror: GitMirror;
  /** A further mirror of the same repository, with nothing in it: that of another process. */
  another(): GitMirror;
  tag(name: string, commit: string, annotated?: 'annotated'): void;
  commit(branch: string, files: Record<string, string | null>, message: string): string;
  /** The newest text of a file on the server, and the note of a commit. */
  show(branch: string, path: string): string;
  note(commit: string): string;
  rewrite(branch: string, files: Record<string, string>, message: string): string;
  close(): Promise<void>;
}

const realWorld = (): Promise<World> => worldOf('http');
const sshWorld = (): Promise<World> => worldOf('ssh');

async function worldOf(scheme: 'http' | 'ssh'): Promise<World> {
  const server = await startGitServer();
  const ssh = scheme === 'ssh' ? await startSshServer(server) : undefined;
  const directory = mkdtempSync(join(tmpdir(), 'sluice-mirror-'));
  const at = { url: ssh?.url ?? server.url, credentials: ssh?.credentials, clock: systemClock };
  const mirror = openMirror({ ...at, directory });
  return {
    mirror,
    another: () => openMirror({ ...at, directory: join(directory, 'another') }),
    tag: (name, commit, annotated) => void server.git('tag', ...(annotated ? ['-a', '-m', name] : []), name, commit),
    commit: (branch, files, message) => server.commit(branch, files, message),
    show: (branch, path) => server.git('show', `${branch}:${path}`),
    note: (commit) => server.git('notes', '--ref=sluice', 'show', commit),
    rewrite(branch, files, message) {
      server.git('update-ref', '-d', `refs/heads/${branch}`);
      return server.commit(branch, files, message);
    },
    async close() {
      mirror.close();
      rmSync(directory, { recursive: true, force: true });
      await ssh?.close();
      await server.close();
    },
  };
}

async function fakeWorld(): Promise<World> {
  const repository = new FakeRepository(new VirtualClock());
  return {
    mirror: new FakeMirror(repository),
    another: () => new FakeMirror(repository),
    tag: (name, commit) => void repository.tags.set(name, commit),
    commit: (branch, files, message) => repository.commit(branch, files, message),
    show: (branch, path) =>
      repository.commits
        .get(repository.branches.get(branch) ?? '')
        ?.files.get(path)
        ?.trim() ?? '',
    note: (commit) => repository.notes.get(commit)?.trim() ?? '',
    rewrite(branch, files, message) {
      repository.branches.delete(branch);
      return repository.commit(branch, files, message);
    },
    close: async () => undefined,
  };
}

const AUTHOR = { name: 'Sluice', email: 'sluice@example.com' };

describe.each([
  ['the mirror over HTTP', realWorld],
  ['the mirror over SSH', sshWorld],
  ['the mirror in memory', fakeWorld],
])('%s', (_name, open) => {
  let world: World;
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world.close());

  it('tells the head of a branch without fetching, and that there is none', async () => {
    expect(await world.mirror.head('main')).toBeUndefined();
    const oid = world.commit('main', { 'a.yaml': 'a: 1\n' }, 'First');
    expect(await world.mirror.head('main')).toBe(oid);
    expect(await world.mirror.head('mai')).toBeUndefined();
    expect(await world.mirror.commit(oid)).toBeUndefined();
  });

  it('fetches a branch and says who committed what', async () => {
    const first = world.commit('main', { 'a.yaml': 'a: 1\n' }, 'First');
    const oid = world.commit('main', { 'a.yaml': 'a: 2\n' }, 'Second\n\nWith a body.');
    const commit = await world.mirror.fetch('main');
    expect(commit).toMatchObject({
      oid,
      parents: [first],
      subject: 'Second',
      author: { name: 'Ada', email: 'ada@example.com' },
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    const { ref, listed, ...itself } = commit;
    expect([ref, listed]).toEqual(['refs/heads/main', oid]);
    expect(await world.mirror.commit(oid)).toEqual(itself);
  });

  it('gives a commit as it was signed, and nothing that is not here', async () => {
    const oid = world.commit('main', { 'a.yaml': 'a: 1\n' }, 'First');
    expect(await world.mirror.signed(oid)).toBeUndefined();
    const { tree } = await world.mirror.fetch('main');
    const signed = await world.mirror.signed(oid);
    expect(signed?.type).toBe('commit');
    expect(parseCommit(oid, signed?.bytes ?? new Uint8Array())).toMatchObject({ tree, subject: 'First' });
    expect(await world.mirror.signed('f'.repeat(40))).toBeUndefined();
    expect(await world.mirror.signed('main')).toBeUndefined();
  });

  it.each(['plain', 'annotated'] as const)('finds and fetches a tag that is %s', async (kind) => {
    const first = world.commit('main', { 'a.yaml': 'a: 1\n' }, 'First');
    world.commit('main', { 'a.yaml': 'a: 2\n' }, 'Second');
    world.tag('v1.0.0', first, kind === 'annotated' ? kind : undefined);
    expect(await world.mirror.head('v1.0.0')).toBe(first);
    expect(await world.mirror.fetch('v1.0.0')).toMatchObject({ oid: first, ref: 'refs/tags/v1.0.0' });
    expect(await world.mirror.fetch('v1.0.0')).toMatchObject({ oid: first });
    expect((await world.mirror.files(first, '')).map(({ path }) => path)).toEqual(['a.yaml']);
  });

  it('follows the newest tag of a range', async () => {
    const first = world.commit('main', { 'a.yaml': 'a: 1\n' }, 'First');
    world.tag('v1.9.0', first, 'annotated');
    expect(await world.mirror.fetch('1.x')).toMatchObject({ oid: first, ref: 'refs/tags/v1.9.0' });
    const second = world.commit('main', { 'a.yaml': 'a: 2\n' }, 'Second');
    world.tag('v1.10.0', second);
    world.tag('v2.0.0', second);
    expect(await world.mirror.head('1.x')).toBe(second);
    expect(await world.mirror.fetch('1.x')).toMatchObject({ oid: second, ref: 'refs/tags/v1.10.0' });
    await expect(world.mirror.fetch('^3')).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('fetches one commit by its id, also one that no branch is at', async () => {
    const first = world.commit('main', { 'a.yaml': 'a: 1\n' }, 'First');
    world.commit('main', { 'a.yaml': 'a: 2\n' }, 'Second');
    expect(await world.mirror.head(first)).toBe(first);
    for (let time = 0; time < 2; time++) expect(await world.mirror.fetch(first)).toMatchObject({ oid: first });
    expect(await world.mirror.read((await world.mirror.files(first, 'a.yaml'))[0]?.oid ?? '')).toBe('a: 1\n');
  });

  it('refuses a commit that is nowhere', async () => {
    world.commit('main', { 'a.yaml': 'a: 1\n' }, 'First');
    await expect(world.mirror.fetch('f'.repeat(40))).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('refuses a branch that is not there', async () => {
    world.commit('main', { 'a.yaml': 'a: 1\n' }, 'First');
    await expect(world.mirror.fetch('other')).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('lists the files below a path and reads them', async () => {
    const files = {
      'deploy/web.yaml': 'web\n',
      'deploy/x/api.yaml': 'api\n',
      'deployer.yaml': 'no\n',
      'README.md': 'no\n',
    };
    world.commit('main', files, 'First');
    const { oid } = await world.mirror.fetch('main');
    const found = await world.mirror.files(oid, 'deploy');
    expect(found.map((file) => file.path)).toEqual(['deploy/web.yaml', 'deploy/x/api.yaml']);
    expect(await Promise.all(found.map((file) => world.mirror.read(file.oid)))).toEqual(['web\n', 'api\n']);
    expect((await world.mirror.files(oid, '')).length).toBe(4);
    expect(await world.mirror.files(oid, 'nowhere')).toEqual([]);
  });

  it('commits files onto the head of a branch', async () => {
    world.commit('main', { 'd/web.yaml': 'v2\n', 'd/gone.yaml': 'x\n', 'keep.yaml': 'k\n' }, 'First');
    const head = await world.mirror.fetch('main');
    const changes = new Map([
      ['d/web.yaml', 'v1 é\n'],
      ['d/gone.yaml', null],
      ['new/deep/file.yaml', 'n\n'],
    ] as const);
    const oid = await world.mirror.commitFiles({
      branch: 'main',
      parent: head.oid,
      changes,
      message: 'Revert\n\nWhy.\n',
      author: AUTHOR,
    });
    expect(await world.mirror.head('main')).toBe(oid);
    expect(world.show('main', 'd/web.yaml')).toBe('v1 é');
    expect(world.show('main', 'new/deep/file.yaml')).toBe('n');
    expect((await world.mirror.files(oid, '')).map((file) => file.path)).toEqual([
      'd/web.yaml',
      'keep.yaml',
      'new/deep/file.yaml',
    ]);
    expect(await world.mirror.fetch('main')).toMatchObject({
      oid,
      parents: [head.oid],
      author: AUTHOR,
      subject: 'Revert',
    });
  });

  it('refuses to push onto a branch that has moved', async () => {
    world.commit('main', { 'a.yaml': '1' }, 'First');
    const { oid } = await world.mirror.fetch('main');
    const newer = world.commit('main', { 'a.yaml': '2' }, 'Second');
    const push = world.mirror.commitFiles({
      branch: 'main',
      parent: oid,
      changes: new Map([['a.yaml', '0']]),
      message: 'R',
      author: AUTHOR,
    });
    await expect(push).rejects.toBeInstanceOf(PushRejected);
    expect(await world.mirror.head('main')).toBe(newer);
  });

  it('puts a commit on a branch of its own by force, and on no other', async () => {
    world.commit('main', { 'a.yaml': '1' }, 'First');
    const { oid } = await world.mirror.fetch('main');
    const revert = (text: string, publishAs: string): Promise<string> =>
      world.mirror.commitFiles({
        branch: 'main',
        parent: oid,
        publishAs,
        changes: new Map([['a.yaml', text]]),
        message: 'R',
        author: AUTHOR,
      });
    const first = await revert('0', 'sluice/revert-1');
    expect(await world.mirror.head('sluice/revert-1')).toBe(first);
    const second = await revert('00', 'sluice/revert-1');
    expect(await world.mirror.head('sluice/revert-1')).toBe(second);
    expect(world.show('sluice/revert-1', 'a.yaml')).toBe('00');
    expect((await world.mirror.commit(second))?.parents).toEqual([oid]);
    expect(await world.mirror.head('main')).toBe(oid);
    await expect(revert('0', 'release')).rejects.toMatchObject({ kind: 'rejected' });
    expect(await world.mirror.head('release')).toBeUndefined();
  });

  it('follows a branch that was rewritten', async () => {
    world.commit('main', { 'a.yaml': '1' }, 'First');
    await world.mirror.fetch('main');
    const fresh = world.rewrite('main', { 'b.yaml': '2' }, 'Anew');
    expect(await world.mirror.fetch('main')).toMatchObject({ oid: fresh, parents: [] });
    expect((await world.mirror.files(fresh, '')).map((file) => file.path)).toEqual(['b.yaml']);
  });

  it('adds to the notes of commits, each section once, whoever wrote the others', async () => {
    const first = world.commit('main', { 'a.yaml': '1' }, 'First');
    const second = world.commit('main', { 'a.yaml': '2' }, 'Second');
    await world.mirror.fetch('main');
    const section = (title: string, more = '') => [{ title, text: `${title}\n${more}` }];
    await world.mirror.addNotes(
      new Map([
        [first, section('Promoted')],
        [second, section('Aborted', 'Reason: one\n')],
      ]),
      AUTHOR,
    );
    const another = world.another();
    await another.fetch('main');
    await another.addNotes(new Map([[second, section('Restored')]]), AUTHOR);
    await world.mirror.addNotes(new Map([[second, section('Aborted', 'Reason: two\n')]]), AUTHOR);
    expect(world.note(first)).toBe('Promoted');
    expect(world.note(second)).toBe('Aborted\nReason: one\n\nRestored');
  });
});
