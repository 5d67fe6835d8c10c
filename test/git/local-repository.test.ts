// The repository of a checkout, as it is on disk: what a revision means in every form that Git gives it.
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRepository, type LocalRepository } from '../../src/git/local-repository.ts';
import { foldersOf, placeOf } from '../../src/git/repository-folders.ts';
import { Checkout } from '../cli/checkouts.ts';

function opened(root: string): LocalRepository {
  const repository = openRepository(root);
  if (repository === undefined) throw new Error(`${root} is no repository`);
  return repository;
}

describe('a repository on disk', () => {
  let at: Checkout;
  let commits: string[];
  beforeEach(() => {
    at = new Checkout({ 'a/x.yaml': 'x: 1\n' }).init();
    commits = [at.git('rev-parse', 'HEAD')];
    for (const subject of ['Second', 'Third']) {
      at.write({ 'a/x.yaml': `x: ${subject}\n` });
      commits.unshift(at.commit(subject));
    }
  });
  afterEach(() => at.remove());

  const oidOf = async (revision: string, root = at.root): Promise<string> => (await opened(root).commit(revision)).oid;

  it.each([
    ['HEAD', 0],
    ['@', 0],
    ['main', 0],
    ['refs/heads/main', 0],
    ['HEAD~2', 2],
    ['HEAD^', 1],
    ['main^^', 2],
    ['main~1^', 2],
    ['v1', 2],
    ['light', 1],
    ['team/web', 1],
    ['origin/main', 1],
  ])('knows %s', async (revision, age) => {
    at.git('tag', '-a', 'v1', '-m', 'First', commits[2] ?? '');
    at.git('tag', 'light', commits[1] ?? '');
    at.git('branch', 'team/web', commits[1] ?? '');
    at.git('update-ref', 'refs/remotes/origin/main', commits[1] ?? '');
    expect(await oidOf(revision)).toBe(commits[age]);
    at.git('pack-refs', '--all');
    at.git('gc', '--quiet');
    expect(await oidOf(revision)).toBe(commits[age]);
  });

  it('knows a commit by its id, and by its beginning', async () => {
    expect(await oidOf(commits[1] ?? '')).toBe(commits[1]);
    expect(await oidOf((commits[1] ?? '').slice(0, 9))).toBe(commits[1]);
  });

  it.each([['none'], ['HEAD~9'], ['../../etc/passwd'], ['a b'], ['0000000000000000000000000000000000000001'], ['']])(
    'says that there is no %j here',
    async (revision) => {
      await expect(oidOf(revision)).rejects.toThrow(/no revision|there is no|not in this repository/);
    },
  );

  it('knows the second parent of a merge', async () => {
    at.git('switch', '--quiet', '-c', 'other', commits[2] ?? '');
    at.write({ other: '' });
    const other = at.commit('Other');
    at.git('switch', '--quiet', 'main');
    at.git('merge', '--quiet', '--no-ff', '-m', 'Merge', 'other');
    expect(await oidOf('HEAD^2')).toBe(other);
    expect(await oidOf('HEAD^1')).toBe(commits[0]);
  });

  it('reads a worktree: its own HEAD, and the branches and objects of all', async () => {
    at.git('worktree', 'add', '--quiet', '-b', 'side', 'tree', commits[1] ?? '');
    const tree = join(at.root, 'tree');
    expect(await oidOf('HEAD', tree)).toBe(commits[1]);
    expect(await oidOf('main', tree)).toBe(commits[0]);
    at.git('-C', 'tree', 'checkout', '--quiet', '--detach', commits[2] ?? '');
    expect(await oidOf('HEAD', tree)).toBe(commits[2]);
    expect(placeOf(join(tree, 'a'))).toEqual({ root: tree, path: 'a' });
  });

  it('finds the commit that two branches have in common', async () => {
    at.git('switch', '--quiet', '-c', 'side', 'HEAD~1');
    at.write({ b: '' });
    at.commit('Side');
    const repository = opened(at.root);
    const [main, side] = [await repository.commit('main'), await repository.commit('side')];
    expect((await repository.mergeBase(main, side)).oid).toBe(commits[1]);
    at.git('checkout', '--quiet', '--orphan', 'apart');
    at.commit('Apart');
    await expect(repository.mergeBase(main, await repository.commit('apart'))).rejects.toThrow('no commit in common');
  });

  it('takes the branch that the remote calls its own for the default one', async () => {
    const repository = opened(at.root);
    expect(await repository.defaultBranch()).toBe('main');
    at.git('update-ref', 'refs/remotes/origin/trunk', 'HEAD');
    at.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk');
    expect(await repository.defaultBranch()).toBe('origin/HEAD');
    at.git('branch', '-m', 'main', 'mine');
    at.git('symbolic-ref', '--delete', 'refs/remotes/origin/HEAD');
    await expect(repository.defaultBranch()).rejects.toThrow('--from HEAD');
  });

  it('says what a clone without its history lacks', async () => {
    const clone = new Checkout();
    try {
      clone.git('clone', '--quiet', '--depth=1', `file://${at.root}`, 'shallow');
      await expect(oidOf('HEAD~1', join(clone.root, 'shallow'))).rejects.toThrow('git fetch --unshallow');
    } finally {
      clone.remove();
    }
  });

  it('refuses forms of a repository that it cannot read', () => {
    writeFileSync(join(at.root, '.git/objects/info/alternates'), '/elsewhere\n');
    expect(() => foldersOf(at.root)).toThrow('borrows objects of another repository');
    appendFileSync(join(at.root, '.git/config'), '[extensions]\n\tobjectFormat = sha256\n');
    expect(() => foldersOf(at.root)).toThrow('SHA-256');
  });

  it('leaves out what Git ignores, in whichever file that is said, but for what is tracked', async () => {
    at.write({ '.gitignore': '*.log\n/out/\n', 'a/.gitignore': 'local*\n!local.keep\n' });
    at.write({ 'a/x.log': '', 'a/local.yaml': '', 'a/local.keep': '', 'out/a': '', 'a/tracked.log': '', mine: '' });
    appendFileSync(join(at.root, '.git/info/exclude'), 'mine\n');
    at.git('add', '--force', 'a/tracked.log');
    const { working, ignored } = opened(at.root);
    const names = async (folder: string): Promise<string[]> => (await working.tree(folder)).map(({ name }) => name);
    expect(await names('')).toEqual(['.gitignore', 'a']);
    expect(await names('a')).toEqual(['.gitignore', 'local.keep', 'tracked.log', 'x.yaml']);
    expect([...ignored].sort()).toEqual(['a/local.yaml', 'a/x.log', 'mine', 'out']);
  });
});
