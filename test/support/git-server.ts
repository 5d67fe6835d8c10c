// A Git server over smart HTTP: real repositories of the git binary behind `git http-backend`, on a free loopback port.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface GitServer {
  /** URL of the one repository, `shop.git`. */
  url: string;
  /** Path of the bare repository, for the git binary. */
  repository: string;
  /** Folder that is gone when the server is closed. */
  directory: string;
  /** Requests so far, as `GET /shop.git/info/refs`. */
  requests: string[];
  git(...args: string[]): string;
  /** Commits files on a branch (null deletes) and returns the commit's id. */
  commit(branch: string, files: Record<string, string | null>, message: string): string;
  close(): Promise<void>;
}

export interface GitServerOptions {
  /** Requests without this `user:password` get 401. */
  basic?: string;
  /** Answers a request by itself when it returns true. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

const ENV = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-git-server-'));
  const repository = join(directory, 'shop.git');
  const work = join(directory, 'work');
  const run = (cwd: string, args: string[]): string =>
    execFileSync('git', args, { cwd, env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  run(directory, ['init', '-q', '--bare', '-b', 'main', repository]);
  run(repository, ['config', 'http.receivepack', 'true']);
  run(directory, ['clone', '-q', repository, work]);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${(request.url ?? '').split('?')[0]}`);
    if (options.intercept?.(request, response)) return;
    if (options.basic !== undefined && !authorized(request, options.basic)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    serve(request, response, directory);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/shop.git`,
    repository,
    directory,
    requests,
    git: (...args) => run(repository, args),
    commit: (branch, files, message) => commitFiles({ work, run }, branch, files, message),
    close: () => close(server, directory),
  };
}

const authorized = (request: IncomingMessage, basic: string): boolean =>
  request.headers.authorization === `Basic ${Buffer.from(basic).toString('base64')}`;

/** Plumbing on an index of its own: no checkout, works for empty repositories and new branches alike. */
function commitFiles(
  at: { work: string; run: (cwd: string, args: string[]) => string },
  branch: string,
  files: Record<string, string | null>,
  message: string,
): string {
  const git = (...args: string[]): string => at.run(at.work, args);
  git('fetch', '-q', '--prune', 'origin', '+refs/heads/*:refs/remotes/origin/*');
  const known = git('for-each-ref', `refs/remotes/origin/${branch}`) !== '';
  git('read-tree', ...(known ? [`origin/${branch}`] : ['--empty']));
  for (const [path, text] of Object.entries(files)) {
    if (text === null) git('update-index', '--force-remove', path);
    else {
      const oid = execFileSync('git', ['hash-object', '-w', '--stdin'], {
        cwd: at.work,
        input: text,
        encoding: 'utf8',
      });
      git('update-index', '--add', '--cacheinfo', `100644,${oid.trim()},${path}`);
    }
  }
  const parent = known ? ['-p', `origin/${branch}`] : [];
  const oid = git('commit-tree', git('write-tree'), ...parent, '-m', message);
  git('push', '-q', 'origin', `${oid}:refs/heads/${branch}`);
  return oid;
}

function serve(request: IncomingMessage, response: ServerResponse, root: string): void {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...ENV,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(path),
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'test',
    },
  });
  request.pipe(backend.stdin);
  const pieces: Buffer[] = [];
  backend.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  backend.once('close', () => {
    const output = Buffer.concat(pieces);
    const end = output.indexOf('\r\n\r\n');
    const headers = output.subarray(0, end).toString('latin1').split('\r\n');
    const status = headers.find((line) => /^status:/i.test(line));
    response.statusCode = status === undefined ? 200 : Number(status.split(' ')[1]);
    for (const line of headers.filter((each) => !/^status:/i.test(each))) {
      const colon = line.indexOf(':');
      if (colon > 0) response.setHeader(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    response.end(output.subarray(end + 4));
  });
}

async function close(server: Server, directory: string): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
}
