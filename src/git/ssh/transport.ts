// Git over SSH: one connection and one command for each conversation, with the key of the Secret and nothing of this machine's.
import { createConnection, type Socket } from 'node:net';
import ssh2, {
  type Client,
  type ClientChannel,
  type ConnectConfig,
  type ParsedKey,
  type PublicKeyAuthMethod,
} from 'ssh2';
import { repositoryUrl, type SshPlace } from '../../api/repository-url.ts';
import type { SshCredentials } from '../../ports/source-reader.ts';
import { Exchange } from '../exchange.ts';
import {
  allow,
  cancelled,
  connectionError,
  tooMuch,
  type Conversation,
  type Opening,
  type Transport,
  type TransportOptions,
} from '../transport.ts';
import { GitError, type GitCall } from '../types.ts';
import { clientError, withoutGreeting } from './failure.ts';
import { flushSeeker } from './greeting.ts';
import { hostCheck, type HostCheck } from './host-key.ts';
import { fingerprint } from './known-hosts.ts';
import { readPrivateKey } from './private-key.ts';

interface SshOptions extends Omit<TransportOptions, 'credentials'> {
  place: SshPlace;
  credentials: SshCredentials | undefined;
}

const NO_KEY = 'a repository over SSH takes a Secret with sshPrivateKey and known_hosts in spec.source.secretRef';
/** Of what a server writes for people. */
const MOST_WORDS = 4096;

/** What is offered besides the types of host keys: nothing of SHA-1, no compression, which a stranger could blow up. */
const ALGORITHMS = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
  ],
  cipher: ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com', 'aes256-ctr', 'aes128-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} satisfies ConnectConfig['algorithms'];

/** Conversations with one repository over SSH. */
export function sshTransport(options: SshOptions): Transport {
  return async (opening, call) => {
    const url = repositoryUrl(options.url);
    if (url === undefined) throw new GitError('not-found', `${options.url} is no URL of a repository over SSH`);
    allow(url, options.egress);
    if (options.credentials === undefined) throw new GitError('auth', NO_KEY);
    if (call.signal?.aborted) throw cancelled(url.host);
    const { host, port } = options.place;
    const check = hostCheck(options.credentials.knownHosts, host, port);
    const key = readPrivateKey(options.credentials);
    const connection = new Connection({ options, url, check, key, call });
    try {
      return await connection.open(opening);
    } catch (error) {
      connection.end();
      throw error;
    }
  };
}

interface Given {
  options: SshOptions;
  url: URL;
  check: HostCheck;
  key: ParsedKey;
  call: GitCall;
}

class Connection implements Conversation {
  greeting: Buffer = Buffer.alloc(0);
  readonly #given: Given;
  readonly #socket: Socket;
  readonly #client: Client = new ssh2.Client();
  #channel: ClientChannel | undefined;
  #exchange: Exchange<Buffer> | undefined;
  #refusal: GitError | undefined;
  #words = '';
  /** The command ended and said how, so that its answer is whole. */
  #exited = false;
  #pieces: Buffer[] = [];
  #size = 0;
  #maxBytes = 0;
  #isGreeted: ReturnType<typeof flushSeeker> | undefined = flushSeeker();

  constructor(given: Given) {
    this.#given = given;
    const { options, url } = given;
    const { host, port } = options.place;
    const lookup = options.egress?.lookup(url, 'git');
    this.#socket = createConnection({ host, port, noDelay: true, ...(lookup ? { lookup } : {}) });
    this.#socket.on('error', (error) => this.#fail(connectionError(url.host, error)));
    this.#client.on('error', (error) => this.#fail(this.#explained(error)));
    this.#client.on('close', () => this.#closed());
  }

  async open({ service, second, maxBytes }: Opening): Promise<Conversation> {
    this.#maxBytes = maxBytes;
    this.greeting = await this.#exchanged(() => {
      const command = `${service} '${this.#given.options.place.path.replaceAll(/['!]/g, (sign) => `'\\${sign}'`)}'`;
      const env = second ? { GIT_PROTOCOL: 'version=2' } : {};
      this.#client.on('ready', () =>
        this.#client.exec(command, { env }, (error, channel) => {
          if (error) return this.#fail(this.#explained(error));
          this.#listen(channel);
        }),
      );
      this.#connect();
    });
    return this;
  }

  ask(body: Buffer, maxBytes: number): Promise<Buffer> {
    this.#maxBytes = maxBytes;
    return this.#exchanged(() => {
      if (this.#channel === undefined || this.#socket.destroyed) return this.#closed();
      this.#channel.end(body);
    });
  }

  end(): void {
    this.#exchange = undefined;
    this.#client.end();
    this.#socket.destroySoon();
  }

  #connect(): void {
    const { options, check, key } = this.#given;
    const { user: username } = options.place;
    const withKey: PublicKeyAuthMethod = { type: 'publickey', username, key };
    const config: ConnectConfig = {
      sock: this.#socket,
      readyTimeout: 0,
      username,
      authHandler: [withKey],
      algorithms: { ...ALGORITHMS, serverHostKey: check.algorithms },
      hostVerifier: (shown: Buffer) => {
        this.#refusal = check.refusal(shown);
        return this.#refusal === undefined;
      },
    };
    this.#client.connect(config);
  }

  #listen(channel: ClientChannel): void {
    this.#channel = channel;
    channel.on('data', (piece: Buffer) => this.#take(piece));
    channel.stderr.on('data', (piece: Buffer) => {
      this.#exchange?.alive();
      if (this.#words.length < MOST_WORDS) this.#words += piece.toString('utf8');
    });
    channel.on('exit', () => (this.#exited = true));
    channel.on('error', (error: Error) => this.#fail(this.#explained(error)));
    channel.on('close', () => this.#ended());
  }

  #take(piece: Buffer): void {
    this.#exchange?.alive();
    this.#size += piece.byteLength;
    if (this.#size > this.#maxBytes) return this.#fail(tooMuch(this.#given.url.host, this.#maxBytes));
    this.#pieces.push(piece);
    if (this.#isGreeted?.(piece) === true) this.#finish();
  }

  /** The command is over: its answer is whole, or it never had one. */
  #ended(): void {
    const { url, key } = this.#given;
    const isAnswer = this.#isGreeted === undefined;
    if (this.#size === 0 && (this.#words !== '' || !isAnswer))
      return this.#fail(withoutGreeting(url.host, this.#words, fingerprint(key.getPublicSSH())));
    if (isAnswer && !this.#exited && this.#socket.destroyed) return this.#closed();
    this.#finish();
  }

  #closed(): void {
    this.#fail(
      new GitError('unreachable', `${this.#given.url.host} closed the connection before its answer was whole`),
    );
  }

  #finish(): void {
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    this.#isGreeted = undefined;
    this.#exchange?.done(whole);
  }

  #fail(error: GitError): void {
    this.#exchange?.failed(this.#refusal ?? error);
    this.#socket.destroy();
  }

  #explained(error: Error & { level?: string | undefined }): GitError {
    const { url, key, check } = this.#given;
    if (/no matching host key/i.test(error.message)) return check.otherTypes();
    return clientError(url.host, error, fingerprint(key.getPublicSSH()));
  }

  /** One exchange: what `begin` starts, until it is done, has failed or is broken off. */
  #exchanged(begin: () => void): Promise<Buffer> {
    const { options, url, call } = this.#given;
    const exchange = new Exchange<Buffer>({
      clock: options.clock,
      host: url.host,
      call,
      broken: (error) => this.#fail(error),
    });
    this.#exchange = exchange;
    if (call.signal?.aborted) this.#fail(cancelled(url.host));
    else begin();
    return exchange.result;
  }
}
