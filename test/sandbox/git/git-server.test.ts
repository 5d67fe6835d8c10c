import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import {
  startGitServer,
  type GitServer,
  type GitServerOptions,
  type Push,
} from '../../../src/sandbox/git/git-server.ts';

const run = promisify(execFile);
const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function served(options: Partial<GitServerOptions> = {}): Promise<{ server: GitServer; dir: string }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sluice-git-'));
  cleanUps.push(() => rm(dir, { recursive: true, force: true }));
  const server = await startGitServer({ dir, ...options });
  cleanUps.push(() => server.close());
  return { server, dir };
}

const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];

async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const { stdout } = await run('git', [...identity, ...args], { cwd, env });
  return stdout.trim();
}

async function pushed(url: string, dir: string, text: string): Promise<string> {
  const work = path.join(dir, `work-${text}`);
  await git(dir, 'clone', '-q', url, work);
  await writeFile(path.join(work, 'file'), text);
  await git(work, 'checkout', '-q', '-B', 'main');
  await git(work, 'add', '.');
  await git(work, 'commit', '-q', '-m', text);
  await git(work, 'push', '-q', 'origin', 'main');
  return work;
}

describe("the sandbox's Git server", () => {
  it('can be cloned from, pushed to and fetched from with the git binary', async () => {
    const { server, dir } = await served();
    const work = await pushed(server.url, dir, 'one');
    const other = path.join(dir, 'other');
    await git(dir, 'clone', '-q', server.url, other);
    expect(await git(other, 'log', '--format=%s')).toBe('one');
    await git(work, 'notes', '--ref=sluice', 'add', '-m', 'promoted');
    await git(work, 'push', '-q', 'origin', 'refs/notes/sluice');
    await git(other, 'fetch', '-q', 'origin', '+refs/notes/*:refs/notes/*');
    expect(await git(other, 'notes', '--ref=sluice', 'show')).toBe('promoted');
  });

  it('takes a push that git sends in several compressed requests', async () => {
    const { server, dir } = await served();
    const work = await pushed(server.url, dir, 'small');
    const noise = Array.from({ length: 60_000 }, (_, i) => ((i * 2654435761) >>> 0).toString(36)).join('\n');
    await writeFile(path.join(work, 'large'), noise.repeat(4));
    await git(work, 'add', '.');
    await git(work, 'commit', '-q', '-m', 'large');
    await git(work, '-c', 'http.postBuffer=65536', 'push', '-q', 'origin', 'main');
    expect(await git(server.repository, 'log', '-1', '--format=%s', 'main')).toBe('large');
  });

  it('tells of each push that moved a branch, once it is in', async () => {
    const pushes: Push[] = [];
    const { server, dir } = await served({ onPush: (push) => pushes.push(push) });
    const work = await pushed(server.url, dir, 'one');
    expect(pushes).toEqual([
      { repoURL: server.url, ref: 'refs/heads/main', commit: await git(work, 'rev-parse', 'HEAD') },
    ]);
  });

  it('refuses who does not know the password', async () => {
    const { server, dir } = await served({ credentials: { username: 'ada', password: 'secret' } });
    await expect(git(dir, 'ls-remote', server.url)).rejects.toThrow();
    await expect(git(dir, 'ls-remote', server.url.replace('http://', 'http://ada:secret@'))).resolves.toBe('');
  });

  it('answers 404 for a repository that is not there', async () => {
    const { server } = await served();
    const response = await fetch(server.url.replace('shop.git', 'other.git/info/refs?service=git-upload-pack'));
    expect(response.status).toBe(404);
  });
});
