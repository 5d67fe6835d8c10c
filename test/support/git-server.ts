// The sandbox's Git server for tests of one repository: in a folder of its own that is gone with it, its requests noted.
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGitServer } from 'kube-sandbox/git-server';

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

function credentialsOf(basic: string): { username: string; password: string } {
  const colon = basic.indexOf(':');
  return { username: basic.slice(0, colon), password: basic.slice(colon + 1) };
}

export async function startGitServer({ basic, intercept }: GitServerOptions = {}): Promise<GitServer> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-git-server-'));
  const requests: string[] = [];
  const server = await createGitServer({
    dir: directory,
    ...(basic === undefined ? {} : { credentials: credentialsOf(basic) }),
    intercept(request, response) {
      requests.push(`${request.method} ${(request.url ?? '').split('?')[0]}`);
      return intercept?.(request, response) ?? false;
    },
  });
  const url = server.createRepository('shop');
  const repository = server.directoryOf('shop');
  return {
    url,
    repository,
    directory,
    requests,
    git: (...args) =>
      execFileSync('git', args, {
        cwd: repository,
        env: ENV,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim(),
    commit: (branch, files, message) => server.commit('shop', { branch, files, message }),
    async close() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
