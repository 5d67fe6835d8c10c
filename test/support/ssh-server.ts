// An SSH server in this process that serves the repository of a Git server by the git binary, as sshd and a forge would.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import ssh2, { type Connection, type ParsedKey, type Server, type ServerChannel } from 'ssh2';
import { openSshKey } from '../../src/git/ssh/open-ssh-key.ts';
import type { SshCredentials } from '../../src/ports/source-reader.ts';
import type { GitServer } from './git-server.ts';

export interface SshServer {
  /** As `ssh://git@127.0.0.1:PORT/PATH/shop.git`. */
  url: string;
  port: number;
  /** With a key that is let in, and a known_hosts of this server. */
  credentials: SshCredentials;
  /** Its own key, as a line of known_hosts has it: `ssh-ed25519 AAAA…`. */
  hostKey: string;
  /** What was asked for so far, as `git-upload-pack '/…/shop.git'`, with the protocol that was asked for. */
  commands: string[];
  close(): Promise<void>;
}

export interface SshServerOptions {
  /** Private keys of the host. Default: one of ed25519. */
  hostKeys?: string[];
  /** Private key that is let in. Default: a new one. */
  userKey?: string;
  /** Answers a command by itself when it returns true. */
  intercept?: (command: string, channel: ServerChannel) => boolean;
}

/** A private key in OpenSSH's format. Not by the library: of three hundred keys that it makes, it cannot read one. */
export const newKey = (): string => openSshKey(generateKeyPairSync('ed25519').privateKey);
/** One in PEM. */
export const newPem = (type: 'pkcs1' | 'pkcs8'): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type, format: 'pem' }).toString();

function parsed(key: string): ParsedKey {
  const found = ssh2.utils.parseKey(key);
  if (found instanceof Error) throw found;
  return found;
}

/** Its public half, as a line of known_hosts or authorized_keys has it. */
export function publicLine(key: string): string {
  const found = parsed(key);
  return `${found.type} ${found.getPublicSSH().toString('base64')}`;
}

/** Starts one on the loopback address. */
export async function startSshServer(git: GitServer, options: SshServerOptions = {}): Promise<SshServer> {
  const { userKey = newKey(), hostKeys = [newKey()], intercept } = options;
  const allowed = parsed(userKey).getPublicSSH();
  const commands: string[] = [];
  const connections = new Set<Connection>();
  const server: Server = new ssh2.Server({ hostKeys }, (connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      if (context.method !== 'publickey' || !context.key.data.equals(allowed)) return context.reject(['publickey']);
      if (context.signature === undefined || context.blob === undefined) return context.accept();
      const isSigned = parsed(userKey).verify(context.blob, context.signature, context.hashAlgo) === true;
      return isSigned ? context.accept() : context.reject(['publickey']);
    });
    connection.on('session', (acceptSession) => {
      const session = acceptSession();
      let protocol = '';
      session.on('env', (accept: (() => void) | undefined, _reject, { key, val }) => {
        if (key === 'GIT_PROTOCOL') protocol = val;
        accept?.();
      });
      session.on('exec', (accept, _reject, { command }) => {
        commands.push(`${command}${protocol === '' ? '' : ` ${protocol}`}`);
        const channel = accept();
        if (intercept?.(command, channel) !== true) serve(command, protocol, channel);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const hostKey = publicLine(hostKeys[0] ?? '');
  return {
    url: `ssh://git@127.0.0.1:${port}${git.repository}`,
    port,
    hostKey,
    commands,
    credentials: { privateKey: userKey, knownHosts: `[127.0.0.1]:${port} ${hostKey}\n` },
    async close() {
      for (const connection of connections) connection.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What a shell would run. */
function serve(command: string, protocol: string, channel: ServerChannel): void {
  const env = { ...process.env, ...(protocol === '' ? {} : { GIT_PROTOCOL: protocol }) };
  const child = spawn('sh', ['-c', command], { env, stdio: 'pipe' });
  channel.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.once('close', (code) => {
    channel.exit(code ?? 1);
    channel.end();
  });
}
