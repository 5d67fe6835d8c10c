// Reading by child processes: the same answers as in this process, and a child that is killed at its limits takes nobody along.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMirrors } from '../../src/git/mirrors.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { ReadRequest, SourceReader } from '../../src/ports/source-reader.ts';
import { createSourcePool, type SourcePoolOptions } from '../../src/source/child-pool.ts';
import { inProcessReader } from '../../src/source/in-process.ts';
import { commitFolder } from '../support/bare-repository.ts';
import { startGitServer, type GitServer, type GitServerOptions } from '../support/git-server.ts';

const NEVER = new AbortController().signal;
const AUTHOR = { name: 'Sluice', email: 'sluice@example.com' };
const MIB = 2 ** 20;
const map = (name: string): string => `# ${name}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;

let directory: string;
let closing: (() => Promise<void>)[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-pool-'));
  closing = [];
});
afterEach(async () => {
  for (const close of closing) await close();
  rmSync(directory, { recursive: true, force: true });
});

async function serve(options?: GitServerOptions): Promise<GitServer> {
  const server = await startGitServer(options);
  closing.push(() => server.close());
  return server;
}

function pool(options: Partial<SourcePoolOptions> = {}): SourceReader {
  const reader = createSourcePool({ clock: systemClock, directory, ...options });
  closing.unshift(() => reader.close());
  return reader;
}

const requestTo = (server: GitServer, more: Partial<ReadRequest> = {}): ReadRequest => ({
  repoURL: server.url,
  revision: 'main',
  path: '',
  ...more,
});

const refused = (hostname: string): Error =>
  Object.assign(new Error(`${hostname} is not allowed`), { code: 'EGRESS_REFUSED' });

/** Children of this process, by their command line. */
function children(): string[] {
  const lines = execFileSync('ps', ['-o', 'args=', '--ppid', String(process.pid)], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes('source-worker'));
}

const pids = (): number[] =>
  execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('source-worker'))
    .map((line) => Number.parseInt(line, 10));

describe('a child', () => {
  it('answers as this process does: contents, failures and limits', async () => {
    const server = await serve({ basic: 'bot:s3cret' });
    const credentials = { username: 'bot', password: 's3cret' };
    const mirrors = createMirrors({ clock: systemClock, directory: join(directory, 'here') });
    const here = inProcessReader({ clock: systemClock, mirrorFor: (repository) => mirrors.mirrorFor(repository) });
    const there = pool();
    const both = async (more: Partial<ReadRequest> = {}): Promise<void> => {
      const request = requestTo(server, { credentials, ...more });
      expect(await there.read(request, NEVER)).toEqual(await here.read(request, NEVER));
    };
    commitFolder(server, {
      d: {
        'a.yaml': `${map('a')}---\n${map('b')}`,
        'c.json': '{"apiVersion":"v1","kind":"X","metadata":{"name":"c"}}',
      },
    });
    await both({ path: 'd' });
    await both({ path: 'e' });
    await both({ credentials: { username: 'bot', password: 'no' } });
    commitFolder(server, { 'a.yaml': Array.from({ length: 6000 }, (_, n) => map(`m${n}`)).join('---\n') });
    await both();
  });

  it('pushes commits and notes for its parent, and asks whether it still may', async () => {
    let leads = true;
    const server = await serve();
    const reader = pool({ mayPush: () => leads });
    const request = requestTo(server);
    const parent = commitFolder(server, { d: { 'a.yaml': map('a') } });
    await reader.read(request, NEVER);
    const commit = { ...request, branch: 'main', parent, below: 'd', message: 'Revert', author: AUTHOR };
    const pushed = await reader.commitFiles({ ...commit, changes: new Map([['d/a.yaml', map('z')]]) }, NEVER);
    expect(pushed).toEqual({ ok: true, value: server.git('rev-parse', 'main') });
    const sections = new Map([[parent, [{ title: 'Aborted', text: 'Aborted\n' }]]]);
    expect(await reader.addNotes({ ...request, sections, author: AUTHOR }, NEVER)).toMatchObject({ ok: true });
    expect(server.git('notes', '--ref=sluice', 'show', parent)).toBe('Aborted');
    leads = false;
    const late = new Map([[parent, [{ title: 'Late', text: 'Late\n' }]]]);
    expect(await reader.addNotes({ ...request, sections: late, author: AUTHOR }, NEVER)).toMatchObject({
      error: { message: 'this process does not lead any more, and pushes nothing' },
    });
  });

  it('knows nothing of its parent: no secret is in its command line or environment', async () => {
    process.env['SLUICE_TEST_SECRET'] = 'hunter2-env';
    const server = await serve({ basic: 'bot:hunter2-git' });
    commitFolder(server, { 'a.yaml': map('a') });
    const reader = pool();
    await reader.read(requestTo(server, { credentials: { username: 'bot', password: 'hunter2-git' } }), NEVER);
    const shown = execFileSync('ps', ['eww', '-o', 'args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
    const workers = shown.split('\n').filter((line) => line.includes('source-worker'));
    expect(workers).toHaveLength(1);
    expect(workers.join()).not.toContain('hunter2');
    delete process.env['SLUICE_TEST_SECRET'];
  });

  it('is killed at its limit of memory, which is told, and the repository rests for a while', async () => {
    const large = await serve();
    const good = await serve();
    commitFolder(large, { 'a.yaml': map('a'), 'b.bin': Buffer.alloc(24 * MIB, 7) });
    commitFolder(good, { 'a.yaml': map('a') });
    const reader = pool({ memoryBytes: 70 * MIB });
    expect(await reader.read(requestTo(large), NEVER)).toMatchObject({
      error: {
        reason: 'SourceTooLarge',
        limit: 'memory',
        message: 'reading this repository took more than 70 MiB of memory; make it smaller, or raise --source-memory',
        retryAfterMs: 60_000,
      },
    });
    const before = large.requests.length;
    expect(await reader.read(requestTo(large), NEVER)).toMatchObject({ error: { limit: 'memory' } });
    expect(large.requests).toHaveLength(before);
    const roomy = pool();
    expect(await roomy.read(requestTo(good), NEVER)).toMatchObject({ ok: true });
  });

  it.each([
    [
      'SIGKILL',
      'the process that read this repository was killed (SIGKILL) by something outside; the kernel does so when memory runs out; it is tried again',
    ],
    ['SIGTERM', 'the process that read this repository was killed (SIGTERM) by something outside; it is tried again'],
    ['SIGABRT', 'the process that read this repository was killed (SIGABRT) by something outside; it is tried again'],
  ] as const)(
    'that somebody kills by %s is not told as one that took too much, and is tried again',
    async (signal, message) => {
      const waiting: Socket[] = [];
      const silent = createServer((socket) => {
        waiting.push(socket);
        for (const pid of pids()) process.kill(pid, signal);
      });
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      closing.push(() => {
        for (const socket of waiting) socket.destroy();
        return new Promise((resolve) => void silent.close(() => resolve()));
      });
      const { port } = silent.address() as { port: number };
      const reader = pool();
      const request = { repoURL: `http://127.0.0.1:${port}/x.git`, revision: 'main', path: '', head: 'a'.repeat(40) };
      const failure = { ok: false, error: { reason: 'ReaderKilled', message } };
      expect(await reader.read(request, NEVER)).toEqual(failure);
      // The commit is not to blame: nothing of it is remembered.
      expect(await reader.read(request, NEVER)).toEqual(failure);
      expect(waiting).toHaveLength(2);
    },
  );

  it('ends when there is no work, and when its parent closes', async () => {
    const server = await serve();
    commitFolder(server, { 'a.yaml': map('a') });
    const brief = pool({ restMs: { last: 1, more: 1 } });
    await brief.read(requestTo(server), NEVER);
    await expect.poll(children, { timeout: 30_000 }).toEqual([]);
    const lasting = pool();
    await lasting.read(requestTo(server), NEVER);
    expect(children()).toHaveLength(1);
    await lasting.close();
    await expect.poll(children, { timeout: 30_000 }).toEqual([]);
  });

  it('does not list references: an idle fleet has no children', async () => {
    const server = await serve();
    const oid = commitFolder(server, { 'a.yaml': map('a') });
    expect(await pool().head(requestTo(server), NEVER)).toEqual({ ok: true, value: oid });
    expect(children()).toEqual([]);
  });

  it('resolves names as its parent says', async () => {
    const server = await serve();
    commitFolder(server, { 'a.yaml': map('a') });
    const asked: string[] = [];
    const repoURL = server.url.replace('127.0.0.1', 'git.example.test');
    const reader = pool({
      egress: {
        check(url) {
          if (url.hostname === '127.0.0.1') throw new Error('127.0.0.1 is a loopback address');
        },
        lookup: () => (hostname, options, done) => {
          asked.push(hostname);
          if (hostname === 'bad.example.test') return done(refused(hostname), '', 0);
          return options.all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
        },
      },
    });
    expect(await reader.read(requestTo(server, { repoURL }), NEVER)).toMatchObject({ ok: true });
    expect(asked).toContain('git.example.test');
    const bad = repoURL.replace('git.example', 'bad.example');
    for (const call of [
      reader.read(requestTo(server, { repoURL: bad }), NEVER),
      reader.head(requestTo(server, { repoURL: bad }), NEVER),
    ])
      expect(await call).toMatchObject({
        error: { message: 'bad.example.test is not allowed' },
      });
    for (const call of [reader.read(requestTo(server), NEVER), reader.head(requestTo(server), NEVER)])
      expect(await call).toMatchObject({ error: { message: '127.0.0.1 is a loopback address' } });
  });

  it('is let go of when the caller does not want the answer any more', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      // A server that reads nothing does not notice that the other side has gone.
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void silent.close(() => resolve()));
    });
    const { port } = silent.address() as { port: number };
    const gone = new AbortController();
    const request = { repoURL: `http://127.0.0.1:${port}/x.git`, revision: 'main', path: '' };
    const reader = pool({ slots: 1 });
    const asked = reader.read(request, gone.signal);
    silent.once('connection', () => gone.abort());
    expect(await asked).toMatchObject({ error: { reason: 'Cancelled' } });
    const server = await serve();
    commitFolder(server, { 'a.yaml': map('a') });
    expect(await reader.read(requestTo(server), NEVER)).toMatchObject({ ok: true });
  });

  it('leaves one folder for a repository, whatever its time limits, and none for a token that has gone', async () => {
    const server = await serve();
    commitFolder(server, { 'a.yaml': map('a') });
    const reader = pool({ max: 1 });
    for (const timeoutMs of [1000, 2000]) await reader.read(requestTo(server, { timeoutMs }), NEVER);
    for (const bearerToken of ['one', 'two', 'three'])
      await reader.read(requestTo(server, { credentials: { bearerToken } }), NEVER);
    expect(readdirSync(directory)).toHaveLength(1);
  });
});
