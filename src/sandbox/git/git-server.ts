// A Git repository over smart HTTP that one can clone and push to, carried by the machine's own git: its upload-pack and receive-pack
// speak the protocol, this file only carries bytes. https://git-scm.com/docs/http-protocol
import { execFile, spawn } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';

const run = promisify(execFile);

export interface GitServerOptions {
  /** Folder in which the bare repository is made. */
  dir: string;
  /** Path of the repository in URLs and below `dir`. Default shop.git. */
  name?: string;
  port?: number;
  /** Requests without it get 401. */
  credentials?: { username: string; password: string };
  /** Called after each push that changed a branch. */
  onPush?: (push: Push) => void;
}

export interface Push {
  repoURL: string;
  ref: string;
  commit: string;
}

export interface GitServer {
  /** URL to clone from, without credentials. */
  url: string;
  /** The bare repository. */
  repository: string;
  close(): Promise<void>;
}

const SERVICES = ['git-upload-pack', 'git-receive-pack'] as const;
type Service = (typeof SERVICES)[number];
const asService = (text: string | null | undefined): Service | undefined => SERVICES.find((s) => s === text);

/** Nothing of the machine's own git configuration has a say. */
const ENV = { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };

/** Makes the repository and serves it on a loopback port. Rejects when git is missing. */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const name = options.name ?? 'shop.git';
  const repository = path.join(options.dir, name);
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', repository], { env: ENV });
  const server = createServer((request, response) => {
    void serve({ options, name, repository, url: () => url }, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`;
  return { url, repository, close: () => close(server) };
}

interface Context {
  options: GitServerOptions;
  name: string;
  repository: string;
  url: () => string;
}

async function serve(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (!isAllowed(context.options, request)) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    return;
  }
  const advertised = asService(url.searchParams.get('service'));
  if (url.pathname === `/${context.name}/info/refs` && advertised !== undefined) {
    return advertise(context, advertised, request, response);
  }
  const service = asService(
    url.pathname.startsWith(`/${context.name}/`) ? url.pathname.slice(context.name.length + 2) : '',
  );
  if (request.method === 'POST' && service !== undefined) return exchange(context, service, request, response);
  response.writeHead(404, { 'content-type': 'text/plain' }).end('repository not found\n');
}

function isAllowed({ credentials }: GitServerOptions, request: IncomingMessage): boolean {
  if (credentials === undefined) return true;
  const digest = (text: string): Buffer => createHmac('sha256', 'compare').update(text).digest();
  const wanted = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  return timingSafeEqual(digest(wanted), digest(request.headers.authorization ?? ''));
}

function start(context: Context, service: Service, request: IncomingMessage, ...more: string[]) {
  const env = { ...ENV, GIT_PROTOCOL: String(request.headers['git-protocol'] ?? '') };
  return spawn('git', [service.slice('git-'.length), '--stateless-rpc', ...more, context.repository], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

/** The list of references, behind the packet that names the service. */
function advertise(
  context: Context,
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { 'content-type': `application/x-${service}-advertisement`, 'cache-control': 'no-cache' });
  const line = `# service=${service}\n`;
  response.write(`${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`);
  const git = start(context, service, request, '--advertise-refs');
  git.stdin.end();
  git.stdout.pipe(response);
  return ended(git);
}

async function exchange(
  context: Context,
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const before = service === 'git-receive-pack' ? await branches(context.repository) : new Map<string, string>();
  response.writeHead(200, { 'content-type': `application/x-${service}-result`, 'cache-control': 'no-cache' });
  const git = start(context, service, request);
  git.stdin.on('error', () => request.destroy());
  (request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request).pipe(git.stdin);
  git.stdout.pipe(response);
  await ended(git);
  if (service !== 'git-receive-pack') return;
  for (const [ref, commit] of await branches(context.repository)) {
    if (before.get(ref) !== commit) context.options.onPush?.({ repoURL: context.url(), ref, commit });
  }
}

async function branches(repository: string): Promise<Map<string, string>> {
  const { stdout } = await run(
    'git',
    ['-C', repository, 'for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads'],
    { env: ENV },
  );
  const lines = stdout.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.split(' ') as [string, string]));
}

const ended = (process: ReturnType<typeof start>): Promise<void> =>
  new Promise((resolve, reject) => {
    process.once('error', reject);
    process.once('close', () => resolve());
  });

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Announces a push as a forge does: a GitHub payload, signed over its raw body. Rejects when nobody listens. */
export async function announcePush(hook: { url: string; secret: string }, push: Push): Promise<number> {
  const body = JSON.stringify({
    ref: push.ref,
    after: push.commit,
    repository: { clone_url: push.repoURL, full_name: 'acme/shop' },
  });
  const signature = `sha256=${createHmac('sha256', hook.secret).update(body).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'x-github-event': 'push', 'x-hub-signature-256': signature };
  const response = await fetch(hook.url, { method: 'POST', headers, body });
  return response.status;
}
