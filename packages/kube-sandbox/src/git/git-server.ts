// A Git server over smart HTTP, for real `git` and any other client: repositories in a directory, served by the git binary.
import { spawn } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { commitFiles, type CommitOptions } from './commit-files.ts';
import { git, gitEnvironment } from './git.ts';

export interface Push {
  /** The repository's name, without `.git`. */
  repository: string;
  /** Where it is cloned from. */
  url: string;
  /** What the push changed; an all-zero id stands for a ref that is not there. */
  updates: { ref: string; before: string; after: string }[];
}

export interface GitServerOptions {
  /** Holds the bare repositories; created when missing. */
  dir: string;
  /** Asked of every request when given. */
  credentials?: { username: string; password: string };
  /** Asked of each request first; where it returns true it has answered itself, or leaves the client waiting. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Called after each push that changed a ref, once the answer is out. */
  onPush?: (push: Push) => void;
}

export interface GitServer {
  /** Such as http://127.0.0.1:41234 */
  readonly url: string;
  /** Makes an empty bare repository with HEAD on main, or finds the one there. Returns its URL. */
  createRepository(name: string): string;
  /** Where a repository's files are. */
  directoryOf(name: string): string;
  /** Commits files on a branch of a repository, at once and without a push; null deletes one. Returns the commit's id. */
  commit(name: string, commit: CommitOptions): string;
  close(): Promise<void>;
}

const SERVICES = new Set(['git-upload-pack', 'git-receive-pack']);
const ZERO = '0'.repeat(40);

function refsOf(dir: string): Map<string, string> {
  const lines = git(['--git-dir', dir, 'for-each-ref', '--format=%(refname) %(objectname)']).split('\n');
  return new Map(lines.filter(Boolean).map((line) => line.split(' ') as [string, string]));
}

function changes(before: Map<string, string>, after: Map<string, string>): Push['updates'] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((ref) => ({ ref, before: before.get(ref) ?? ZERO, after: after.get(ref) ?? ZERO }))
    .filter((update) => update.before !== update.after);
}

interface Asked {
  repository: string;
  dir: string;
  service: string;
  advertise: boolean;
}

const PATH = /^\/([A-Za-z0-9][A-Za-z0-9._-]*?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

function refuse(response: ServerResponse, status: number, text: string): void {
  const ask: Record<string, string> = status === 401 ? { 'www-authenticate': 'Basic realm="git"' } : {};
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...ask });
  response.end(`${text}\n`);
}

class Smart {
  readonly #options: GitServerOptions;

  constructor(options: GitServerOptions) {
    this.#options = options;
  }

  directoryOf = (name: string): string => join(this.#options.dir, `${name}.git`);

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#options.intercept?.(request, response) === true) return;
    if (!this.#allowed(request)) return refuse(response, 401, 'Give the user name and password of this repository.');
    const asked = this.#asked(request);
    if (asked === undefined) return refuse(response, 404, 'No such repository here, or not over smart HTTP.');
    if (asked.service !== 'git-receive-pack' || asked.advertise) return this.#run(asked, request, response);
    const before = refsOf(asked.dir);
    await this.#run(asked, request, response);
    this.#tellPush(asked, request.headers.host ?? '', changes(before, refsOf(asked.dir)));
  }

  #tellPush({ repository }: Asked, host: string, updates: Push['updates']): void {
    if (updates.length > 0) this.#options.onPush?.({ repository, url: `http://${host}/${repository}.git`, updates });
  }

  #allowed(request: IncomingMessage): boolean {
    const { credentials } = this.#options;
    if (credentials === undefined) return true;
    const pair = `${credentials.username}:${credentials.password}`;
    const wanted = Buffer.from(`Basic ${Buffer.from(pair).toString('base64')}`);
    const given = Buffer.from(request.headers.authorization ?? '');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #asked(request: IncomingMessage): Asked | undefined {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [, repository = '', what = ''] = PATH.exec(url.pathname) ?? [];
    const advertise = what === 'info/refs';
    const [method, service] = advertise ? ['GET', url.searchParams.get('service') ?? ''] : ['POST', what];
    const dir = this.directoryOf(repository);
    if (!SERVICES.has(service) || request.method !== method || !existsSync(dir)) return undefined;
    return { repository, dir, service, advertise };
  }

  async #run(asked: Asked, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const protocol = request.headers['git-protocol'];
    const args = [asked.service.slice('git-'.length), '--stateless-rpc'];
    if (asked.advertise) args.push('--advertise-refs');
    const child = spawn('git', [...args, asked.dir], {
      env: gitEnvironment(typeof protocol === 'string' ? { GIT_PROTOCOL: protocol } : {}),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const kind = asked.advertise ? 'advertisement' : 'result';
    response.writeHead(200, {
      'content-type': `application/x-${asked.service}-${kind}`,
      'cache-control': 'no-cache, max-age=0, must-revalidate',
    });
    if (asked.advertise && protocol !== 'version=2') response.write(announcement(asked.service));
    const input: Readable = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
    const copied = pipeline(input, child.stdin).catch(() => child.kill());
    await pipeline(child.stdout, response).catch(() => child.kill());
    await Promise.all([copied, ended]);
  }
}

/** The first packet of an advertisement: which service it is of, then a flush. */
function announcement(service: string): string {
  const line = `# service=${service}\n`;
  return `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`;
}

export interface Webhook {
  url: string;
  /** Signs the body, as `X-Hub-Signature-256`. */
  secret: string;
}

/** Tells a webhook of a push as a forge does: one signed request per ref. Rejects when one is not answered with 2xx within 10 s. */
export async function announcePush(hook: Webhook, push: Push): Promise<void> {
  for (const { ref, before, after } of push.updates) {
    const body = JSON.stringify({
      ref,
      before,
      after,
      repository: { name: push.repository, clone_url: push.url },
    });
    const signature = createHmac('sha256', hook.secret).update(body).digest('hex');
    const response = await fetch(hook.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-hub-signature-256': `sha256=${signature}`,
      },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
  }
}

/** Serves on a free loopback port. Rejects when the git binary is missing. */
export async function createGitServer(options: GitServerOptions): Promise<GitServer> {
  git(['--version']);
  mkdirSync(options.dir, { recursive: true });
  const smart = new Smart(options);
  const server = createServer((request, response) => {
    smart.serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    directoryOf: smart.directoryOf,
    commit: (name, commit) => commitFiles(smart.directoryOf(name), commit),
    createRepository(name) {
      const dir = smart.directoryOf(name);
      if (!existsSync(dir)) {
        git(['init', '--quiet', '--bare', '--initial-branch=main', dir]);
        git(['--git-dir', dir, 'config', 'http.receivepack', 'true']);
      }
      return `${url}/${name}.git`;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
