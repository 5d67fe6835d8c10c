// Repositories made of raw objects, as no client would commit them: links, submodules, odd names and modes.
import { execFileSync } from 'node:child_process';
import type { GitServer } from './git-server.ts';

/** Text: a file. `{ link }`, `{ submodule }`: those. `{ mode, text }`: a file of that mode. Else a folder by its names. */
export type Node = string | Buffer | { link: string } | { submodule: true } | { mode: string; text: string } | Folder;
export interface Folder {
  [name: string]: Node;
}

const git = (server: GitServer, args: string[], input?: string | Buffer): string =>
  execFileSync('git', args, { cwd: server.repository, input, encoding: 'utf8' }).trim();

const blob = (server: GitServer, text: string | Buffer): string => git(server, ['hash-object', '-w', '--stdin'], text);

/** Writes a tree of raw entries in the order given; returns its id. */
export function writeTree(
  server: GitServer,
  entries: readonly [mode: string, name: string | Buffer, oid: string][],
): string {
  const raw = entries.map(([mode, name, oid]) =>
    Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.from([0]), Buffer.from(oid, 'hex')]),
  );
  return git(server, ['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], Buffer.concat(raw));
}

function entryOf(server: GitServer, node: Node): [mode: string, oid: string] {
  if (typeof node === 'string' || Buffer.isBuffer(node)) return ['100644', blob(server, node)];
  if ('link' in node && typeof node.link === 'string') return ['120000', blob(server, node.link)];
  if ('submodule' in node && node.submodule === true) return ['160000', '1'.repeat(40)];
  if ('mode' in node && typeof node.mode === 'string' && typeof node['text'] === 'string')
    return [node.mode, blob(server, node['text'])];
  return ['40000', plant(server, node as Folder)];
}

/** Writes a folder; returns the id of its tree. */
export function plant(server: GitServer, folder: Folder): string {
  return writeTree(
    server,
    Object.entries(folder).map(([name, node]) => {
      const [mode, oid] = entryOf(server, node);
      return [mode, name, oid];
    }),
  );
}

/** Makes a tree the head of main; returns the id of the commit. */
export function commitTree(server: GitServer, tree: string): string {
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.com'];
  const oid = git(server, [...identity, 'commit-tree', tree, '-m', 'Raw']);
  git(server, ['update-ref', 'refs/heads/main', oid]);
  return oid;
}

/** Commits a folder on main; returns the id of the commit. */
export const commitFolder = (server: GitServer, folder: Folder): string => commitTree(server, plant(server, folder));
