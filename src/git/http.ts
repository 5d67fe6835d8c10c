// Smart HTTP for the Git library: one request at a time to one host, credentials bound to that host, no redirects, limits on time and
// size, and errors that a person can act on and that hold no secret.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git';
import type { Clock } from '../ports/clock.ts';
import { GitError, type GitCredentials } from './types.ts';

export interface GitHttpOptions {
  /** URL of the repository; credentials are sent to its origin only. */
  url: string;
  credentials?: GitCredentials | undefined;
  clock: Clock;
  /** Limit of one exchange, whole answer included, in milliseconds. */
  timeoutMs: number;
  /** Largest answer taken, in bytes. */
  maxBytes: number;
  /** Asked in the last moment before a push is sent. */
  mayPush?: (() => boolean) | undefined;
}

const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

/** The `Authorization` header for credentials. */
export function authorization(credentials: GitCredentials): string {
  if ('bearerToken' in credentials) return `Bearer ${credentials.bearerToken}`;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

/** A transport for isomorphic-git that speaks to one repository. */
export function gitHttpClient(options: GitHttpOptions): HttpClient {
  const origin = new URL(options.url).origin;
  return {
    async request(request) {
      const url = new URL(request.url);
      if (url.origin !== origin)
        throw new GitError('rejected', `refusing to talk to ${url.host}: not the repository's host`);
      const headers: Record<string, string> = { ...request.headers };
      if (options.credentials) headers['authorization'] = authorization(options.credentials);
      const body = await exchangeBody(request);
      if (isPush(url) && options.mayPush?.() === false)
        throw new GitError('unreachable', 'this process does not lead any more, and pushes nothing');
      const response = await exchange(url, { method: request.method ?? 'GET', headers, body }, options);
      const usable = isRefListing(url) ? withHead(response.body) : response.body;
      return { url: request.url, statusCode: 200, statusMessage: 'OK', headers: response.headers, body: once(usable) };
    },
  };
}

interface Outgoing {
  method: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

interface Incoming {
  headers: Record<string, string>;
  body: Buffer;
}

function exchange(url: URL, outgoing: Outgoing, options: GitHttpOptions): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const call = (secure ? httpsRequest : httpRequest)(url, {
      method: outgoing.method,
      agent: secure ? agents.https : agents.http,
      headers: outgoing.body
        ? { ...outgoing.headers, 'content-length': String(outgoing.body.byteLength) }
        : outgoing.headers,
    });
    const cancel = options.clock.after(options.timeoutMs, () => {
      call.destroy(new GitError('timeout', `${url.host} gave no answer within ${options.timeoutMs / 1000} s`));
    });
    const settle = (finish: () => void): void => {
      cancel();
      finish();
    };
    call.once('error', (error) => settle(() => reject(connectionError(url, error))));
    call.once('response', (message) => {
      answer(url, message, options.maxBytes).then(
        (incoming) => settle(() => resolve(incoming)),
        (error: unknown) => {
          call.destroy();
          settle(() => reject(connectionError(url, error)));
        },
      );
    });
    call.end(outgoing.body);
  });
}

async function answer(url: URL, message: IncomingMessage, maxBytes: number): Promise<Incoming> {
  const status = message.statusCode ?? 0;
  if (status !== 200) {
    message.resume();
    throw statusError(url, status, message.headers.location);
  }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    size += piece.byteLength;
    if (size > maxBytes) {
      throw new GitError(
        'too-large',
        `${url.host} sent more than ${Math.round(maxBytes / 2 ** 20)} MiB; the repository is too large`,
      );
    }
    pieces.push(piece);
  }
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
  return { headers, body: Buffer.concat(pieces) };
}

function statusError(url: URL, status: number, location: string | undefined): GitError {
  if (status === 401)
    return new GitError('auth', `${url.host} refused the credentials (401); check the Secret of secretRef`);
  if (status === 403) return new GitError('auth', `${url.host} forbids access (403); the credentials lack the right`);
  if (status === 404) return new GitError('not-found', `there is no repository at this URL on ${url.host} (404)`);
  if (status >= 300 && status < 400) {
    const target = location === undefined ? 'elsewhere' : withoutSecrets(new URL(location, url));
    return new GitError('not-found', `${url.host} redirects to ${target}; give that URL as repoURL`);
  }
  return new GitError('unreachable', `${url.host} answered ${status}`);
}

function withoutSecrets(url: URL): string {
  return `${url.origin}${url.pathname.replace(/\/info\/refs$/, '')}`;
}

function connectionError(url: URL, error: unknown): GitError {
  if (error instanceof GitError) return error;
  const reason = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  return new GitError('unreachable', `cannot reach ${url.host}: ${reason}`);
}

async function exchangeBody(request: GitHttpRequest): Promise<Buffer | undefined> {
  if (request.body === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of request.body as AsyncIterable<Uint8Array>) pieces.push(piece);
  return Buffer.concat(pieces);
}

function once(body: Buffer): NonNullable<GitHttpResponse['body']> {
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    yield body;
  }
  return pieces();
}

const isPush = (url: URL): boolean => url.pathname.endsWith('/git-receive-pack');

const isRefListing = (url: URL): boolean =>
  url.pathname.endsWith('/info/refs') && url.searchParams.get('service') === 'git-upload-pack';

/**
 * Adds a HEAD to a listing of references that has none: the library insists on one, and a server whose HEAD names a branch that does
 * not exist sends none. Which commit it names does not matter, since branches are always fetched by name.
 */
function withHead(listing: Buffer): Buffer {
  const text = listing.toString('latin1');
  const first = /[0-9a-f]{4}([0-9a-f]{40}) (refs\/[^\0\n]*)/.exec(text);
  if (!first || / HEAD[\0\n]/.test(text) || !text.endsWith('0000')) return listing;
  const line = `${first[1]} HEAD\n`;
  const packet = (line.length + 4).toString(16).padStart(4, '0') + line;
  return Buffer.from(`${text.slice(0, -4)}${packet}0000`, 'latin1');
}
