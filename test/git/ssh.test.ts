// Repositories over SSH: who is let in, whose key a host may show, and what is said where something is wrong.
import { execFileSync } from 'node:child_process';
import { createHmac, createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from 'kube-sandbox/virtual-clock';
import { openMirror, type MirrorOptions } from '../../src/git/mirror.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { SshCredentials } from '../../src/ports/source-reader.ts';
import { startGitServer, type GitServer } from '../support/git-server.ts';
import {
  newKey,
  newPem,
  publicLine,
  startSshServer,
  type SshServer,
  type SshServerOptions,
} from '../support/ssh-server.ts';

let directory: string;
let git: GitServer;
let closing: (() => Promise<void>)[];
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-ssh-'));
  git = await startGitServer();
  closing = [() => git.close()];
});
afterEach(async () => {
  for (const close of closing) await close();
  rmSync(directory, { recursive: true, force: true });
});

async function serve(options?: SshServerOptions): Promise<SshServer> {
  const server = await startSshServer(git, options);
  closing.unshift(() => server.close());
  return server;
}

const open = (
  { url, credentials }: SshServer,
  own: Partial<SshCredentials> = {},
  options: Partial<MirrorOptions> = {},
) => openMirror({ url, clock: systemClock, directory, credentials: { ...credentials, ...own }, ...options });

const keygen = (name: string): string => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)]);
  return readFileSync(join(directory, name), 'utf8');
};
/** The same key with a passphrase. */
const locked = (name: string, passphrase: string): string => {
  const file = join(directory, name);
  execFileSync('ssh-keygen', ['-q', '-p', '-a', '1', '-P', '', '-N', passphrase, '-f', file], { stdio: 'ignore' });
  return readFileSync(file, 'utf8');
};

describe('a conversation', () => {
  it('asks for version 2 where references are listed, and for the path as it is written', async () => {
    const oid = git.commit('main', { 'a.yaml': '1' }, 'First');
    const server = await serve();
    expect(await open(server).head('main')).toBe(oid);
    expect(server.commands).toEqual([`git-upload-pack '${git.repository}' version=2`]);
  });

  it.each([
    ['PEM', () => newPem('pkcs1')],
    ['PKCS#8', () => newPem('pkcs8')],
  ])('takes a key in %s', async (_, make) => {
    const oid = git.commit('main', { 'a.yaml': '1' }, 'First');
    const userKey = make();
    const older = createPrivateKey(userKey).export({ type: 'pkcs1', format: 'pem' }).toString();
    const server = await serve({ userKey: older });
    expect(await open(server, { privateKey: userKey }).head('main')).toBe(oid);
  });

  it('opens a key with its passphrase, and says when that is missing or wrong', async () => {
    const oid = git.commit('main', { 'a.yaml': '1' }, 'First');
    const userKey = keygen('ed25519');
    const privateKey = locked('ed25519', 'open sesame');
    const server = await serve({ userKey });
    expect(await open(server, { privateKey, passphrase: 'open sesame' }).head('main')).toBe(oid);
    const wrong = open(server, { privateKey, passphrase: 'guess-me' }).head('main');
    await expect(wrong).rejects.toMatchObject({ kind: 'auth', message: expect.stringContaining('does not open') });
    await expect(open(server, { privateKey }).head('main')).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringContaining('sshPassphrase'),
    });
  });

  it('is refused with a key that is not let in, and names its fingerprint', async () => {
    const server = await serve();
    await expect(open(server, { privateKey: newKey() }).head('main')).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringMatching(/does not accept the key SHA256:\S+ of the Secret/),
    });
  });

  it('tells a repository that is not there', async () => {
    const server = await serve();
    await expect(open({ ...server, url: `${server.url}x` }).head('main')).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('tells a key that may not push by the words of the server', async () => {
    const parent = git.commit('main', { 'a.yaml': '1' }, 'First');
    const server = await serve({
      intercept(command, channel) {
        if (!command.startsWith('git-receive-pack')) return false;
        channel.stderr.write('ERROR: The key you are authenticating with has been marked as read only.\n');
        channel.exit(1);
        channel.end();
        return true;
      },
    });
    const mirror = open(server);
    await mirror.fetch('main');
    const author = { name: 'S', email: 's@example.com' };
    const push = mirror.commitFiles({
      branch: 'main',
      parent,
      changes: new Map([['a.yaml', '2']]),
      message: 'R',
      author,
    });
    await expect(push).rejects.toMatchObject({ kind: 'auth', message: expect.stringContaining('read only') });
  });

  it('is given up at its limit of time, and at once when nobody waits', async () => {
    const clock = new VirtualClock();
    const server = await serve({ intercept: () => true });
    const gone = new AbortController();
    const late = open(server, {}, { clock }).head('main', { timeoutMs: 5000 });
    const left = open(server).head('main', { signal: gone.signal });
    await expect.poll(() => server.commands.length).toBe(2);
    gone.abort();
    await expect(left).rejects.toMatchObject({ kind: 'cancelled' });
    const failed = late.catch((error: unknown) => error);
    await clock.advance(5000);
    expect(await failed).toMatchObject({ kind: 'timeout' });
  });

  it('resolves names by the operator’s rules', async () => {
    const server = await serve();
    const egress = {
      check() {
        throw new Error('127.0.0.1 is not asked');
      },
      lookup: () => () => undefined,
    };
    await expect(open(server, {}, { egress }).head('main')).rejects.toMatchObject({
      kind: 'rejected-host',
      message: '127.0.0.1 is not asked',
    });
    expect(server.commands).toEqual([]);
  });
});

describe('the key of a host', () => {
  const told = async (server: SshServer, knownHosts: string) =>
    open(server, { knownHosts })
      .head('main')
      .then(
        () => 'let in',
        (error: unknown) => String(error),
      );

  it('is taken by any line of known_hosts that names it', async () => {
    const server = await serve();
    const { port, hostKey } = server;
    const salt = Buffer.from('a salt of some twenty');
    const hash = createHmac('sha1', salt).update(`[127.0.0.1]:${port}`).digest('base64');
    const lines = [
      `[127.0.0.1]:${port} ${hostKey} comment`,
      `# note\n\nother ${publicLine(newKey())}\n[127.0.0.*]:${port},x ${hostKey}`,
      `|1|${salt.toString('base64')}|${hash} ${hostKey}`,
      `127.0.0.1 ${hostKey}`,
      `[127.0.0.1]:${port} ${publicLine(newPem('pkcs1'))}\n[127.0.0.1]:${port} ${hostKey}`,
    ];
    for (const knownHosts of lines) expect(await told(server, knownHosts)).toBe('let in');
  });

  it('that has changed lets nothing through, and both are named', async () => {
    const server = await serve();
    const at = `[127.0.0.1]:${server.port}`;
    for (const other of [publicLine(newKey()), publicLine(newPem('pkcs1'))])
      expect(await told(server, `${at} ${other}`)).toMatch(/SHA256:.*somebody may stand in between/i);
    expect(server.commands).toEqual([]);
  });

  it('that is not known, is revoked, or is vouched for by an authority alone is refused', async () => {
    const server = await serve();
    const { port, hostKey } = server;
    const at = `[127.0.0.1]:${port}`;
    expect(await told(server, `example.com ${hostKey}`)).toContain(`ssh-keyscan -p ${port} 127.0.0.1`);
    expect(await told(server, `!${at},* ${hostKey}`)).toContain('no key');
    expect(await told(server, `@revoked * ${hostKey}\n${at} ${hostKey}`)).toContain('revokes');
    expect(await told(server, `@cert-authority * ${hostKey}`)).toContain('not supported');
    expect(server.commands).toEqual([]);
  });
});
