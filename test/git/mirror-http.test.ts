// What only shows over a real connection: credentials, broken servers and mirrors, and trees that mean harm.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMirror, type MirrorOptions } from '../../src/git/mirror.ts';
import { SOURCE_LIMITS } from '../../src/ports/source-budget.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { commitFolder } from '../support/bare-repository.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';
import { startGitServer, type GitServer, type GitServerOptions } from '../support/git-server.ts';

let directory: string;
let servers: GitServer[] = [];
let mirrors: { close(): void }[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-mirror-'));
});
afterEach(async () => {
  for (const mirror of mirrors) mirror.close();
  for (const server of servers) await server.close();
  mirrors = [];
  servers = [];
  rmSync(directory, { recursive: true, force: true });
});

async function serve(options?: GitServerOptions): Promise<GitServer> {
  const server = await startGitServer(options);
  servers.push(server);
  return server;
}

function open(url: string, options: Partial<MirrorOptions> = {}) {
  const mirror = openMirror({ url, clock: systemClock, directory, ...options });
  mirrors.push(mirror);
  return mirror;
}

describe('a process that does not lead any more', () => {
  it('pushes nothing, though it was about to', async () => {
    let leads = true;
    const server = await serve({
      // It stands still between asking where the branch is and sending its commit.
      intercept: (request) => {
        if (request.url?.includes('service=git-receive-pack')) leads = false;
        return false;
      },
    });
    const parent = server.commit('main', { 'a.yaml': '1' }, 'First');
    const mirror = open(server.url, { mayPush: () => leads });
    await mirror.fetch('main');
    const author = { name: 'Sluice', email: 'sluice@example.com' };
    const changes = new Map([['a.yaml', '0']]);
    await expect(
      mirror.commitFiles({ branch: 'main', parent, changes, message: 'Revert', author }),
    ).rejects.toMatchObject({
      kind: 'unreachable',
      message: 'this process does not lead any more, and pushes nothing',
    });
    await expect(mirror.addNotes(new Map([[parent, [{ title: 'x', text: 'x' }]]]), author)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    expect(server.git('for-each-ref', '--format=%(refname) %(objectname)')).toBe(`refs/heads/main ${parent}`);
  });
});

describe('a commit of ours', () => {
  const begin = async () => {
    const server = await serve();
    const parent = server.commit('main', { 'deploy/a.yaml': '1', 'other.yaml': '1' }, 'First');
    const mirror = open(server.url);
    await mirror.fetch('main');
    const commit = (
      changes: Record<string, string | null>,
      more: { below?: string; name?: string; email?: string } = {},
    ) =>
      mirror.commitFiles({
        branch: 'main',
        parent,
        changes: new Map(Object.entries(changes)),
        message: 'Revert\0\n\nWhy.\n\n',
        below: more.below,
        author: { name: more.name ?? 'Sluice', email: more.email ?? 'sluice@example.com' },
      });
    return { server, parent, commit };
  };

  it.each([
    'other.yaml',
    'deployer.yaml',
    'deploy/../other.yaml',
    '../x',
    '/etc/passwd',
    'deploy//a.yaml',
    'deploy/./a.yaml',
    'deploy/.git/hooks/post-checkout',
    'deploy/.github/workflows/pwn.yml',
    'deploy/.gitlab-ci.yml',
    'deploy/.GIT/config',
    'deploy/a\\b.yaml',
    'deploy/a\nb.yaml',
    '',
  ])('writes only below the folder it is told: not %j', async (path) => {
    const { server, parent, commit } = await begin();
    await expect(commit({ 'deploy/a.yaml': '2', [path]: 'x' }, { below: 'deploy' })).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('refusing to write'),
    });
    expect(server.git('rev-parse', 'main')).toBe(parent);
  });

  it('never writes the folder of Git, nor over a link or a folder', async () => {
    const { server, commit } = await begin();
    await expect(commit({ '.git/config': 'x' })).rejects.toMatchObject({ kind: 'rejected' });
    await expect(commit({ deploy: 'x' })).rejects.toMatchObject({ message: 'deploy is not a file' });
    await expect(commit({ 'other.yaml/x': 'x' })).rejects.toMatchObject({ message: 'other.yaml is not a folder' });
    await commit({ 'deploy/a.yaml': '2' }, { below: './deploy/' });
    expect(server.git('show', 'main:deploy/a.yaml')).toBe('2');
    expect(server.git('fsck', '--strict', '--no-dangling')).toBe('');
  });

  it('has an author of one line, whatever the Application calls them', async () => {
    const { server, commit } = await begin();
    const name = 'Eve <root@example.com> 0 +0000\ncommitter Mallory';
    await commit({ 'deploy/a.yaml': '2' }, { name, email: 'e@x>\n\nforged' });
    expect(server.git('log', '-1', '--format=%an|%ae|%cn|%s|%b', 'main')).toBe(
      'Eve root@example.com 0 +0000 committer Mallory|e@xforged|Eve root@example.com 0 +0000 committer Mallory|Revert|Why.',
    );
    expect(server.git('fsck', '--strict', '--no-dangling')).toBe('');
    await expect(commit({ 'deploy/a.yaml': '3' }, { name: '<>\n' })).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('writeBack.author needs a name and an email'),
    });
  });

  it('leaves what it does not touch as it is, odd names and modes too', async () => {
    const server = await serve();
    const parent = commitFolder(server, {
      'a.sh': { mode: '100755', text: 'x' },
      deploy: { 'a.yaml': '1' },
      l: { link: 'a.sh' },
      m: { submodule: true },
    });
    const mirror = open(server.url);
    await mirror.fetch('main');
    const before = server.git('ls-tree', 'main');
    const author = { name: 'S', email: 's@example.com' };
    await mirror.commitFiles({
      branch: 'main',
      parent,
      changes: new Map([['deploy/a.yaml', '2']]),
      message: 'R',
      author,
    });
    const rest = (listing: string): string[] => listing.split('\n').filter((line) => !line.endsWith('deploy'));
    expect(rest(server.git('ls-tree', 'main'))).toEqual(rest(before));
  });
});

describe('credentials', () => {
  it('are sent, and a wrong one is called so without being shown', async () => {
    const server = await serve({ basic: 'bot:s3cret' });
    const oid = server.commit('main', { 'a.yaml': '1' }, 'First');
    const right = open(server.url, { credentials: { username: 'bot', password: 's3cret' } });
    expect(await right.head('main')).toBe(oid);
    const wrong = open(server.url, { credentials: { username: 'bot', password: 'guess-me' } });
    const failure = await wrong.head('main').catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'auth' });
    expect(String(failure)).not.toContain('guess-me');
    await expect(open(server.url).fetch('main')).rejects.toMatchObject({ kind: 'auth' });
  });

  it('do not follow a redirect', async () => {
    const seen: (string | undefined)[] = [];
    const target = await serve({
      intercept: (request) => {
        seen.push(request.headers.authorization);
        return false;
      },
    });
    const server = await serve({
      intercept: (_request, response) => {
        response.writeHead(302, { location: `${target.url}/info/refs` }).end();
        return true;
      },
    });
    const mirror = open(server.url, { credentials: { bearerToken: 'token' } });
    await expect(mirror.head('main')).rejects.toMatchObject({
      message: expect.stringContaining(`redirects to ${target.url}`),
    });
    expect(seen).toEqual([]);
  });
});

describe('a server in trouble', () => {
  it('is called unreachable when nothing listens', async () => {
    const server = await startGitServer();
    await server.close();
    await expect(open(server.url).head('main')).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('is given up after the time limit', async () => {
    const server = await serve({ intercept: () => true });
    await expect(open(server.url).head('main', { timeoutMs: 50 })).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('is let go of at once when nobody waits any more', async () => {
    const gone = new AbortController();
    const server = await serve({
      intercept: () => {
        gone.abort();
        return true;
      },
    });
    const call = { signal: gone.signal, timeoutMs: 300_000 };
    await expect(open(server.url).head('main', call)).rejects.toMatchObject({ kind: 'cancelled' });
    await expect(open(server.url).fetch('main', call)).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('is given up when it falls silent in the middle of its answer', async () => {
    const clock = new VirtualClock();
    const server = await serve({
      intercept: (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
        response.write('001e# service=git-upload-pack\n');
        return true;
      },
    });
    let failure: unknown;
    const head = open(server.url, { clock }).head('main', { timeoutMs: 300_000 });
    void head.catch((error: unknown) => (failure = error));
    await expect.poll(() => server.requests.length).toBe(1);
    await expect
      .poll(async () => {
        await clock.advance(46_000);
        return failure;
      })
      .toMatchObject({ kind: 'timeout', message: expect.stringContaining('within 45 s') });
  });

  it('may not send without end', async () => {
    const server = await serve({
      intercept: (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
        const line = Buffer.alloc(2 ** 20, 0x61);
        const more = (): void => {
          while (!response.destroyed && response.write(line));
        };
        response.on('drain', more);
        more();
        return true;
      },
    });
    await expect(open(server.url).head('main')).rejects.toMatchObject({ kind: 'too-large', limit: 'packBytes' });
  });

  it('may have a history that is too large: its newest commit alone is taken', async () => {
    const server = await serve();
    for (let i = 1; i <= 4; i++)
      server.commit(
        'main',
        { 'a.txt': Array.from({ length: 400 }, (_, n) => `${n * 7919 * i}`).join(' ') },
        `Commit ${i}`,
      );
    const limits = { ...SOURCE_LIMITS, packObjects: 6 };
    const commit = await open(server.url, { limits }).fetch('main');
    expect(commit.subject).toBe('Commit 4');
  });

  it('is told apart from one that has no such repository, and from one that is no Git server', async () => {
    const server = await serve();
    await expect(open(`${server.url}x`).head('main')).rejects.toMatchObject({ kind: 'not-found' });
    const page = await serve({
      intercept: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>');
        return true;
      },
    });
    await expect(open(page.url).head('main')).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('may not send more than the limit', async () => {
    const server = await serve();
    server.commit('main', { 'a.txt': Array.from({ length: 3000 }, (_, i) => `${i * 7919}`).join(' ') }, 'Large');
    await expect(
      open(server.url, { limits: { ...SOURCE_LIMITS, packBytes: 4000 } }).fetch('main'),
    ).rejects.toMatchObject({ kind: 'too-large' });
  });

  it('may have a HEAD that names a branch which does not exist', async () => {
    const server = await serve();
    const oid = server.commit('main', { 'a.yaml': '1' }, 'First');
    server.git('symbolic-ref', 'HEAD', 'refs/heads/nowhere');
    expect(await open(server.url).fetch('main')).toMatchObject({ oid });
  });

  it('refuses a push by a hook, and its branch stays', async () => {
    const server = await serve();
    const parent = server.commit('main', { 'a.yaml': '1' }, 'First');
    const mirror = open(server.url);
    await mirror.fetch('main');
    writeFileSync(join(server.repository, 'hooks', 'pre-receive'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const author = { name: 'S', email: 's@example.com' };
    const push = mirror.commitFiles({
      branch: 'main',
      parent,
      changes: new Map([['a.yaml', '2']]),
      message: 'R',
      author,
    });
    await expect(push).rejects.toMatchObject({ kind: 'rejected' });
    expect(await mirror.head('main')).toBe(parent);
  });
});

describe('the mirror on disk', () => {
  it('is cloned anew when it is damaged', async () => {
    const server = await serve();
    const oid = server.commit('main', { 'a.yaml': 'one\n' }, 'First');
    await open(server.url).fetch('main');
    const packs = join(directory, readdirSync(directory)[0] ?? '', 'objects', 'pack');
    for (const file of readdirSync(packs)) writeFileSync(join(packs, file), 'garbage');
    const mirror = open(server.url);
    const files = await mirror.files(oid, '').catch(() => undefined);
    expect(files).toBeUndefined();
    await mirror.fetch('main');
    expect((await mirror.files(oid, '')).map((file) => file.path)).toEqual(['a.yaml']);
  });

  it('serves what it has without the server', async () => {
    const server = await serve();
    const oid = server.commit('main', { 'a.yaml': 'one\n' }, 'First');
    await open(server.url).fetch('main');
    await server.close();
    servers = [];
    const mirror = open(server.url);
    expect(await mirror.commit(oid)).toMatchObject({ subject: 'First' });
    expect(await mirror.read((await mirror.files(oid, ''))[0]?.oid ?? '')).toBe('one\n');
  });

  it('takes a part of a long history and still pushes onto it', async () => {
    const server = await serve();
    for (let i = 1; i <= 6; i++) server.commit('main', { 'a.yaml': `${i}\n` }, `Commit ${i}`);
    const mirror = open(server.url, { depth: 2 });
    const head = await mirror.fetch('main');
    const author = { name: 'S', email: 's@example.com' };
    await mirror.commitFiles({
      branch: 'main',
      parent: head.oid,
      changes: new Map([['a.yaml', '0\n']]),
      message: 'R',
      author,
    });
    expect(server.git('show', 'main:a.yaml')).toBe('0');
    expect(server.git('rev-list', '--count', 'main')).toBe('7');
    const next = server.commit('main', { 'b.yaml': '1\n' }, 'After');
    expect(await mirror.fetch('main')).toMatchObject({ oid: next });
  });

  it('fetches a new commit with two requests', async () => {
    const server = await serve();
    server.commit('main', { 'a.yaml': '1' }, 'First');
    const mirror = open(server.url);
    await mirror.fetch('main');
    server.commit('main', { 'a.yaml': '2' }, 'Second');
    server.requests.length = 0;
    await mirror.fetch('main');
    expect(server.requests).toEqual(['GET /shop.git/info/refs', 'POST /shop.git/git-upload-pack']);
  });
});

describe('a tree that means harm', () => {
  /** A commit whose tree has the given raw entries. */
  function commitTree(server: GitServer, entries: [mode: string, name: string][]): string {
    const git = (args: string[], input?: string | Buffer): string =>
      execFileSync('git', args, { cwd: server.repository, input, encoding: 'utf8' }).trim();
    const blob = git(['hash-object', '-w', '--stdin'], 'x');
    const empty = git(['hash-object', '-w', '-t', 'tree', '--stdin'], '');
    const target = (mode: string): string => (mode === '40000' ? empty : blob);
    const raw = entries.map(([mode, name]) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(target(mode), 'hex')]),
    );
    const tree = git(['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], Buffer.concat(raw));
    const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.com'];
    const oid = git([...identity, 'commit-tree', tree, '-m', 'Harm']);
    git(['update-ref', 'refs/heads/main', oid]);
    return oid;
  }

  it('yields nothing but its regular files', async () => {
    const server = await serve();
    commitTree(server, [
      ['100644', '.gitmodules'],
      ['100644', '__proto__'],
      ['120000', 'link.yaml'],
      ['100644', 'ok.yaml'],
      ['160000', 'submodule'],
    ]);
    const mirror = open(server.url);
    const { oid } = await mirror.fetch('main');
    expect((await mirror.files(oid, '')).map((file) => file.path)).toEqual(['ok.yaml']);
    expect(await mirror.files(oid, '..')).toEqual([]);
  });

  it('is refused as a whole when a name would leave it, and the mirror stays', async () => {
    const server = await serve();
    const good = server.commit('main', { 'a.yaml': '1' }, 'First');
    const mirror = open(server.url);
    await mirror.fetch('main');
    commitTree(server, [['100644', '..']]);
    const { oid } = await mirror.fetch('main');
    await expect(mirror.files(oid, '')).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('..'),
    });
    expect((await mirror.files(good, '')).map((file) => file.path)).toEqual(['a.yaml']);
  });
});
