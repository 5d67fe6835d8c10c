// HTTP to one Git server: one exchange at a time to one host, credentials bound to that host, no redirects, limits on time, silence and
// size, and errors that a person can act on and that hold no secret.
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../ports/clock.ts';
import { authorizationOf } from '../ports/source-reader.ts';
import { GitError, type GitCall, type GitCredentials } from './types.ts';

/** Where requests may go. `check` throws for a URL that is not allowed; `lookup` resolves its name to allowed addresses only. */
export interface GitEgress {
  check(url: URL, use: 'git'): void;
  lookup(url: URL, use: 'git'): LookupFunction;
}

/** Code of an error of `lookup` that says so. */
const EGRESS_REFUSED = 'EGRESS_REFUSED';

export interface GitHttpOptions {
  /** URL of the repository; requests and credentials go to its origin only. */
  url: string;
  credentials?: GitCredentials | undefined;
  clock: Clock;
  egress?: GitEgress | undefined;
}

export interface GitHttpRequest {
  /** Behind the URL of the repository, as `/info/refs?service=git-upload-pack`. */
  path: string;
  headers?: Record<string, string>;
  /** Sent by POST where there is one. */
  body?: Buffer;
  /** Largest answer taken, in bytes. */
  maxBytes: number;
}

export interface GitHttpResponse {
  /** In lower case, without parameters. */
  contentType: string;
  body: Buffer;
}

export type GitHttp = (request: GitHttpRequest, call: GitCall) => Promise<GitHttpResponse>;

const DEFAULT_TIMEOUT_MS = 60_000;
/** A server that sends nothing for this long is given up before the time limit. */
const SILENCE_MS = 45_000;

const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

/** What speaks HTTP to one repository. */
export function gitHttp(options: GitHttpOptions): GitHttp {
  const base = options.url.replace(/\/+$/, '');
  return async (request, call) => {
    const url = new URL(`${base}${request.path}`);
    allow(url, options.egress);
    if (call.signal?.aborted) throw cancelled(url);
    return new Exchange(url, request, options, call).run();
  };
}

function allow(url: URL, egress: GitEgress | undefined): void {
  try {
    egress?.check(url, 'git');
  } catch (error) {
    throw new GitError('rejected-host', error instanceof Error ? error.message : String(error));
  }
}

const cancelled = (url: URL): GitError => new GitError('cancelled', `the request to ${url.host} was broken off`);

class Exchange {
  readonly #url: URL;
  readonly #request: GitHttpRequest;
  readonly #options: GitHttpOptions;
  readonly #call: GitCall;
  readonly #timeoutMs: number;
  #silence: (() => void) | undefined;

  constructor(url: URL, request: GitHttpRequest, options: GitHttpOptions, call: GitCall) {
    this.#url = url;
    this.#request = request;
    this.#options = options;
    this.#call = call;
    this.#timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  run(): Promise<GitHttpResponse> {
    const { clock } = this.#options;
    const { signal } = this.#call;
    return new Promise((resolve, reject) => {
      const sent = this.#open();
      const abort = (): void => void sent.destroy(cancelled(this.#url));
      const cancel = clock.after(this.#timeoutMs, () => sent.destroy(this.#tooSlow(this.#timeoutMs)));
      this.#listen(sent);
      signal?.addEventListener('abort', abort, { once: true });
      const settle = (finish: () => void): void => {
        cancel();
        this.#silence?.();
        signal?.removeEventListener('abort', abort);
        finish();
      };
      const fail = (error: unknown): void => {
        sent.destroy();
        settle(() => reject(connectionError(this.#url, error)));
      };
      sent.once('error', fail);
      sent.once('response', (message) => {
        this.#answer(message, sent).then((response) => settle(() => resolve(response)), fail);
      });
      sent.end(this.#request.body);
    });
  }

  #open(): ClientRequest {
    const { credentials, egress } = this.#options;
    const { body, headers } = this.#request;
    const secure = this.#url.protocol === 'https:';
    return (secure ? httpsRequest : httpRequest)(this.#url, {
      method: body ? 'POST' : 'GET',
      agent: secure ? agents.https : agents.http,
      ...(egress ? { lookup: egress.lookup(this.#url, 'git') } : {}),
      headers: {
        'user-agent': 'git/sluice',
        ...headers,
        ...(body ? { 'content-length': String(body.byteLength) } : {}),
        ...(credentials ? { authorization: authorizationOf(credentials) } : {}),
      },
    });
  }

  /** Begins to wait for the next sign of life. */
  #listen(sent: ClientRequest): void {
    this.#silence?.();
    this.#silence = undefined;
    if (this.#timeoutMs <= SILENCE_MS) return;
    this.#silence = this.#options.clock.after(SILENCE_MS, () => sent.destroy(this.#tooSlow(SILENCE_MS)));
  }

  #tooSlow(ms: number): GitError {
    return new GitError('timeout', `${this.#url.host} gave no answer within ${ms / 1000} s`);
  }

  async #answer(message: IncomingMessage, sent: ClientRequest): Promise<GitHttpResponse> {
    const status = message.statusCode ?? 0;
    if (status !== 200) throw statusError(this.#url, status, message.headers.location);
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of message as AsyncIterable<Buffer>) {
      this.#listen(sent);
      size += piece.byteLength;
      if (size > this.#request.maxBytes) throw this.#tooMuch();
      pieces.push(piece);
    }
    const contentType = (message.headers['content-type'] ?? '').split(';')[0] ?? '';
    return { contentType: contentType.trim().toLowerCase(), body: Buffer.concat(pieces) };
  }

  #tooMuch(): GitError {
    const max = this.#request.maxBytes;
    const size = max >= 2 ** 20 ? `${Math.round(max / 2 ** 20)} MiB` : `${max} bytes`;
    const message = `${this.#url.host} sent more than ${size} (limit packBytes); keep large files out of the repository that is deployed from`;
    return new GitError('too-large', message, 'packBytes');
  }
}

function statusError(url: URL, status: number, location: string | undefined): GitError {
  if (status === 401)
    return new GitError('auth', `${url.host} refused the credentials (401); check the Secret of secretRef`);
  if (status === 403) return new GitError('auth', `${url.host} forbids access (403); the credentials lack the right`);
  if (status === 404) return new GitError('not-found', `there is no repository at this URL on ${url.host} (404)`);
  if (status >= 300 && status < 400) {
    const target =
      location !== undefined && URL.canParse(location, url.href) ? withoutSecrets(new URL(location, url)) : '';
    return new GitError('not-found', `${url.host} redirects to ${target || 'elsewhere'}; give that URL as repoURL`);
  }
  return new GitError('unreachable', `${url.host} answered ${status}`);
}

const withoutSecrets = (url: URL): string => `${url.origin}${url.pathname.replace(/\/info\/refs$/, '')}`.slice(0, 300);

function connectionError(url: URL, error: unknown): GitError {
  if (error instanceof GitError) return error;
  const refused = error instanceof Error && (error as NodeJS.ErrnoException).code === EGRESS_REFUSED;
  if (refused) return new GitError('rejected-host', error.message);
  const reason = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  return new GitError('unreachable', `cannot reach ${url.host}: ${reason}`);
}
