import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { announcePush, createGitServer } from '../../src/git/git-server.ts';
import type { GitServer, GitServerOptions, Push } from '../../src/git/git-server.ts';

const ENV = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

describe('git server', () => {
  let dir: string;
  let server: GitServer | undefined;
  let pushes: Push[];

  const start = async (more: Partial<GitServerOptions> = {}): Promise<GitServer> =>
    (server = await createGitServer({ dir: join(dir, 'served'), onPush: (push) => pushes.push(push), ...more }));
  /** The server answers from this very process, so the client must not block it. */
  const git = async (args: string[], cwd = dir): Promise<string> => {
    const { execFile } = await import('node:child_process');
    return new Promise((resolve, reject) =>
      execFile('git', args, { cwd, env: ENV }, (error, out, err) => (error ? reject(new Error(err)) : resolve(out))),
    );
  };
  const clone = async (url: string, name = 'work'): Promise<string> => {
    await git(['clone', '--quiet', url, name]);
    return join(dir, name);
  };
  const commit = (work: string, text: string): void => {
    writeFileSync(join(work, 'a.txt'), text);
    execFileSync('git', ['add', '.'], { cwd: work, env: ENV });
    execFileSync('git', ['commit', '--quiet', '-m', text.slice(0, 20)], { cwd: work, env: ENV });
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kube-sandbox-git-'));
    pushes = [];
  });
  afterEach(async () => {
    await server?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('takes a push to an empty repository and gives it back to the next clone', async () => {
    const url = (await start()).createRepository('shop');
    const work = await clone(url);
    commit(work, 'one');
    await git(['push', '--quiet', 'origin', 'HEAD:main'], work);
    const other = await clone(url, 'other');
    expect(readFileSync(join(other, 'a.txt'), 'utf8')).toBe('one');
  });

  it('tells of each push which refs it moved', async () => {
    const url = (await start()).createRepository('shop');
    const work = await clone(url);
    commit(work, 'one');
    await git(['push', '--quiet', 'origin', 'HEAD:main'], work);
    const head = (await git(['rev-parse', 'HEAD'], work)).trim();
    expect(pushes).toEqual([
      { repository: 'shop', url, updates: [{ ref: 'refs/heads/main', before: '0'.repeat(40), after: head }] },
    ]);
  });

  it('carries notes', async () => {
    const url = (await start()).createRepository('shop');
    const work = await clone(url);
    commit(work, 'one');
    await git(['notes', '--ref=audit', 'add', '-m', 'promoted'], work);
    await git(['push', '--quiet', 'origin', 'HEAD:main', 'refs/notes/audit'], work);
    const other = await clone(url, 'other');
    await git(['fetch', '--quiet', 'origin', 'refs/notes/*:refs/notes/*'], other);
    expect(await git(['notes', '--ref=audit', 'show'], other)).toBe('promoted\n');
  });

  it.each(['0', '1', '2'])('speaks protocol version %s', async (version) => {
    const url = (await start()).createRepository('shop');
    const work = await clone(url);
    commit(work, 'one');
    await git(['push', '--quiet', 'origin', 'HEAD:main'], work);
    const refs = await git(['-c', `protocol.version=${version}`, 'ls-remote', url]);
    expect(refs).toMatch(/\trefs\/heads\/main\n/);
  });

  it('takes long requests, which git compresses or sends in chunks', async () => {
    const url = (await start()).createRepository('shop');
    const work = await clone(url);
    for (let n = 0; n < 40; n++) commit(work, `${n} `.repeat(60_000));
    await git(['-c', 'http.postBuffer=65536', 'push', '--quiet', 'origin', 'HEAD:main'], work);
    const other = await clone(url, 'other');
    commit(work, 'later');
    await git(['push', '--quiet', 'origin', 'HEAD:main'], work);
    await git(['pull', '--quiet'], other);
    expect(readFileSync(join(other, 'a.txt'), 'utf8')).toBe('later');
  });

  it('refuses a push that is no fast-forward without force, and tells nobody', async () => {
    const url = (await start()).createRepository('shop');
    const work = await clone(url);
    commit(work, 'one');
    await git(['push', '--quiet', 'origin', 'HEAD:main'], work);
    const other = await clone(url, 'other');
    commit(other, 'two');
    await git(['push', '--quiet', 'origin', 'HEAD:main'], other);
    commit(work, 'three');
    // News of a push come behind its answer.
    await expect.poll(() => pushes.length).toBe(2);
    await expect(git(['push', '--quiet', 'origin', 'HEAD:main'], work)).rejects.toThrow(/rejected/);
    expect(pushes).toHaveLength(2);
  });

  it('asks for the password when there is one', async () => {
    const { url } = await start({ credentials: { username: 'ada', password: 'secret' } });
    (server as GitServer).createRepository('shop');
    await expect(git(['ls-remote', `${url}/shop.git`])).rejects.toThrow(/could not read Username|Authentication/);
    await expect(git(['ls-remote', `${url.replace('//', '//ada:wrong@')}/shop.git`])).rejects.toThrow(/Authentication/);
    expect(await git(['ls-remote', `${url.replace('//', '//ada:secret@')}/shop.git`])).toBe('');
  });

  it('knows no repository outside its directory', async () => {
    const { url } = await start();
    spawnSync('git', ['init', '--quiet', '--bare', join(dir, 'secret.git')], { env: ENV });
    for (const path of ['nothing.git', '%2e%2e/secret.git', '..%2fsecret.git'])
      expect((await fetch(`${url}/${path}/info/refs?service=git-upload-pack`)).status).toBe(404);
  });

  it('commits files upon those that are there, whatever their names and texts', async () => {
    const git = await start();
    const url = git.createRepository('shop');
    const odd = 'deploy/a "b" \\ ü.yaml';
    git.commit('shop', { branch: 'main', files: { [odd]: 'ü\n\nno end', gone: 'x', kept: '' }, message: 'One' });
    const author = { name: 'Bob', email: 'bob@example.com' };
    const head = git.commit('shop', { branch: 'main', files: { gone: null, new: 'y' }, message: 'Two\n\nwhy', author });
    const work = await clone(url);
    const show = (...args: string[]): string => execFileSync('git', args, { cwd: work, env: ENV, encoding: 'utf8' });
    expect(show('ls-tree', '-rz', '--name-only', 'HEAD').split('\0').filter(Boolean)).toEqual([odd, 'kept', 'new']);
    expect(readFileSync(join(work, odd), 'utf8')).toBe('ü\n\nno end');
    expect(show('log', '--format=%H %an %s').split('\n')).toEqual([
      `${head} Bob Two`,
      expect.stringMatching(/ Ada One$/),
      '',
    ]);
    expect(show('log', '-1', '--format=%B').trim()).toBe('Two\n\nwhy');
    expect(pushes).toEqual([]);
  });

  it('leaves a request to who intercepts it', async () => {
    const git = await start({
      intercept: (request, response) => {
        if (request.method !== 'GET') return false;
        response.writeHead(503).end();
        return true;
      },
    });
    const refs = `${git.createRepository('shop')}/info/refs?service=git-upload-pack`;
    expect((await fetch(refs)).status).toBe(503);
    expect((await fetch(refs, { method: 'POST' })).status).toBe(404);
  });

  it('announces a push to a webhook with a signature over the very body', async () => {
    const seen: { signature: string | undefined; body: string }[] = [];
    let status = 202;
    const hook = createServer((request, response) => {
      let body = '';
      request.on('data', (piece) => (body += String(piece)));
      request.on('end', () => {
        seen.push({ signature: request.headers['x-hub-signature-256'] as string | undefined, body });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    const target = { url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/webhook`, secret: 'hush' };
    const update = { ref: 'refs/heads/main', before: '0'.repeat(40), after: '1'.repeat(40) };
    const push = { repository: 'shop', url: 'http://git.example.com/shop.git', updates: [update] };
    await announcePush(target, push);
    const [{ signature, body } = { signature: '', body: '' }] = seen;
    expect(signature).toBe(`sha256=${createHmac('sha256', 'hush').update(body).digest('hex')}`);
    expect(JSON.parse(body)).toEqual({ ...update, repository: { name: 'shop', clone_url: push.url } });
    status = 401;
    await expect(announcePush(target, push)).rejects.toThrow('the webhook answered 401');
    await new Promise((resolve) => hook.close(resolve));
  });
});
