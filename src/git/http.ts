// HTTP to one Git server: one exchange at a time to one host, credentials bound to that host, no redirects, limits on time, silence and
// size, and errors that a person can act on and that hold no secret.
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { authorizationOf, type HttpCredentials } from '../ports/source-reader.ts';
import { Exchange } from './exchange.ts';
import { PacketReader } from './pkt-line.ts';
import { allow, cancelled, connectionError, tooMuch, type Transport, type TransportOptions } from './transport.ts';
import { GitError, type GitCall } from './types.ts';

interface HttpOptions extends Omit<TransportOptions, 'credentials'> {
  credentials?: HttpCredentials | undefined;
}

interface GitHttpRequest {
  /** Behind the URL of the repository, as `/info/refs?service=git-upload-pack`. */
  path: string;
  headers?: Record<string, string>;
  /** Sent by POST where there is one. */
  body?: Buffer;
  /** Largest answer taken, in bytes. */
  maxBytes: number;
}

interface GitHttpResponse {
  /** In lower case, without parameters. */
  contentType: string;
  body: Buffer;
}

type GitHttp = (request: GitHttpRequest, call: GitCall) => Promise<GitHttpResponse>;

const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

/** Git's smart HTTP to one repository: a listing, then at most one request. */
export function httpTransport(options: HttpOptions): Transport {
  const http = gitHttp(options);
  return async ({ service, second, maxBytes }, call) => {
    const version: Record<string, string> = second ? { 'git-protocol': 'version=2' } : {};
    const listing = await http({ path: `/info/refs?service=${service}`, headers: version, maxBytes }, call);
    if (listing.contentType !== `application/x-${service}-advertisement`)
      throw new GitError('not-found', 'the server does not speak Git over HTTP at this URL');
    const types = { 'content-type': `application/x-${service}-request`, accept: `application/x-${service}-result` };
    const headers = { ...types, ...version };
    return {
      greeting: withoutAnnouncement(listing.body),
      ask: async (body, most) => (await http({ path: `/${service}`, headers, body, maxBytes: most }, call)).body,
      end() {},
    };
  };
}

/** Over HTTP a packet with the name of the service and a flush may come first. */
function withoutAnnouncement(listing: Buffer): Buffer {
  if (listing.toString('latin1', 4, 14) !== '# service=') return listing;
  const reader = new PacketReader(listing);
  reader.next();
  reader.next();
  return reader.rest;
}

/** What speaks HTTP to one repository. */
function gitHttp(options: HttpOptions): GitHttp {
  const base = options.url.replace(/\/+$/, '');
  return async (request, call) => {
    const url = new URL(`${base}${request.path}`);
    allow(url, options.egress);
    if (call.signal?.aborted) throw cancelled(url.host);
    return new Request(url, request, options).run(call);
  };
}

class Request {
  readonly #url: URL;
  readonly #request: GitHttpRequest;
  readonly #options: HttpOptions;

  constructor(url: URL, request: GitHttpRequest, options: HttpOptions) {
    this.#url = url;
    this.#request = request;
    this.#options = options;
  }

  run(call: GitCall): Promise<GitHttpResponse> {
    const { clock } = this.#options;
    const { host } = this.#url;
    const sent = this.#open();
    const exchange = new Exchange<GitHttpResponse>({ clock, host, call, broken: (error) => void sent.destroy(error) });
    const fail = (error: unknown): void => {
      sent.destroy();
      exchange.failed(connectionError(host, error));
    };
    sent.once('error', fail);
    sent.once('response', (message) => {
      this.#answer(message, () => exchange.alive()).then((response) => exchange.done(response), fail);
    });
    sent.end(this.#request.body);
    return exchange.result;
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

  async #answer(message: IncomingMessage, alive: () => void): Promise<GitHttpResponse> {
    const status = message.statusCode ?? 0;
    if (status !== 200) throw statusError(this.#url, status, message.headers.location);
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of message as AsyncIterable<Buffer>) {
      alive();
      size += piece.byteLength;
      if (size > this.#request.maxBytes) throw tooMuch(this.#url.host, this.#request.maxBytes);
      pieces.push(piece);
    }
    const contentType = (message.headers['content-type'] ?? '').split(';')[0] ?? '';
    return { contentType: contentType.trim().toLowerCase(), body: Buffer.concat(pieces) };
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
