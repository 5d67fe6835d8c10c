// `sluice rollback`: writes the commit that restores a Rollout's files as they were, in a repository on this disk. Git stays the truth, so
// that the cluster follows when the commit is on the branch that the Application follows. No work tree is touched.
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { revisionOf, type Application } from '../../api/application.ts';
import { shortCommit } from '../../api/revision.ts';
import type { Rollout } from '../../api/rollout.ts';
import { openLocal, type LocalRepository } from '../../git/local.ts';
import { systemClock, toTime } from '../../ports/clock.ts';
import { UsageError } from '../usage-error.ts';
import { CLUSTER_FLAGS, flagsOf, printed, withCluster, type Around } from './cluster.ts';
import { applicationOf, findRollout } from './named.ts';
import { restoration } from './restore.ts';

const FLAGS = {
  ...CLUSTER_FLAGS,
  to: { type: 'string' },
  repo: { type: 'string' },
  remote: { type: 'string' },
  push: { type: 'boolean' },
  'commit-on-branch': { type: 'boolean' },
} as const;

export interface RollbackOptions {
  name: string;
  /** A commit, as it was typed. */
  to: string;
  /** Folder of the repository. */
  repo: string;
  remote: string;
  push: boolean;
  /** Onto the branch that is followed, instead of a new one. */
  onBranch: boolean;
  json: boolean;
}

/** Pushes a branch without force. Rejects where that fails. */
export type Push = (folder: string, remote: string, branch: string) => Promise<void>;

/** Writes the commit. Rejects, with nothing changed, where that cannot be done as it is asked. */
export async function rollback(options: RollbackOptions, around: Around, push: Push = pushByGit): Promise<void> {
  const { repo, remote } = options;
  const rollout = await findRollout(options.name, around);
  const app = await applicationOf(rollout, around);
  if (app === undefined)
    throw new Error(`Rollout ${nameOf(rollout)} is not applied from Git by an Application that can be read here`);
  const repository = await openLocal(repo, systemClock);
  const to = await repository.resolve(options.to);
  if (to === undefined) throw new Error(await missing(options.to, repo, repository));
  const base = await baseOf(app, options, repository);
  const author = await authorOf(repo);
  const now = toTime(around.clock.now());
  const request = { rollout, app, repository, client: around.client, head: base.commit, to, by: author.name, now };
  const { changes, message } = await restoration(request);
  if (changes.size === 0)
    return tell(
      [`the files on ${base.name} already say what ${shortCommit(to)} did: nothing to do`],
      {},
      options,
      around,
    );
  const branch = options.onBranch ? base.branch : `sluice/rollback-${rollout.metadata.name}-${shortCommit(to)}`;
  const commit = await repository.commitOn(branch, base.commit, { changes, message, author });
  if (commit === undefined) throw new Error('the commit would change nothing');
  const files = [...changes.keys()];
  const lines = [
    `${branch} is at ${shortCommit(commit)}, on ${base.name} (${shortCommit(base.commit)}): it restores what ${shortCommit(to)} declared of Rollout ${nameOf(rollout)}`,
    ...files.map((path) => `  ${path}`),
  ];
  if (options.push) await push(repo, remote, branch);
  lines.push(options.push ? `pushed to ${remote}` : `push it: git -C ${repo} push ${remote} ${branch}`);
  if (!options.onBranch) lines.push(`the cluster follows once it is merged into ${base.branch}`);
  tell(lines, { branch, commit, base: base.commit, files, pushed: options.push }, options, around);
}

const tell = (lines: readonly string[], value: object, { json }: RollbackOptions, { print }: Around): void =>
  printed(print, lines, json ? { value: { message: lines[0], ...value } } : undefined);

const nameOf = ({ metadata }: Rollout): string => `${metadata.namespace ?? ''}/${metadata.name}`;

async function missing(commit: string, repo: string, repository: LocalRepository): Promise<string> {
  const hint = (await repository.isShallow()) ? `; it is a shallow clone: git -C ${repo} fetch --unshallow` : '';
  return `there is no commit ${commit} in ${repo}${hint}`;
}

interface Base {
  /** That is followed. */
  branch: string;
  /** As it is called here. */
  name: string;
  commit: string;
}

/** The branch that is followed: as it was fetched last, or, to commit on it, as it is here. */
async function baseOf(
  app: Application,
  { remote, onBranch, repo }: RollbackOptions,
  repository: LocalRepository,
): Promise<Base> {
  const branch = revisionOf(app).replace(/^refs\/heads\//, '');
  const names = onBranch ? [branch] : [`${remote}/${branch}`, branch];
  for (const name of names) {
    const ref = name === branch ? `refs/heads/${branch}` : `refs/remotes/${name}`;
    const commit = await repository.resolve(ref);
    if (commit !== undefined) return { branch, name, commit };
  }
  const fetch = onBranch
    ? `git -C ${repo} branch ${branch} ${remote}/${branch}`
    : `git -C ${repo} fetch ${remote} ${branch}`;
  throw new Error(
    `${repo} has no branch ${names.join(', nor ')}, which Application ${app.metadata.name} follows: ${fetch}; where that is a tag or a range, move it by hand`,
  );
}

/** As git would write it: from the environment, or from its configuration, which only git reads as a whole. */
async function authorOf(repo: string): Promise<{ name: string; email: string }> {
  const name = process.env['GIT_AUTHOR_NAME'] ?? (await configured(repo, 'user.name'));
  const email = process.env['GIT_AUTHOR_EMAIL'] ?? (await configured(repo, 'user.email'));
  if (name !== undefined && email !== undefined) return { name, email };
  throw new Error(
    `who commits is not known: git -C ${repo} config user.name "…", and user.email; or set GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL`,
  );
}

const configured = (repo: string, key: string): Promise<string | undefined> =>
  promisify(execFile)('git', ['-C', repo, 'config', '--get', key]).then(
    ({ stdout }) => (stdout.trim() === '' ? undefined : stdout.trim()),
    () => undefined,
  );

/** With git itself, which knows how to log in. What it says goes to the standard error. */
const pushByGit: Push = (folder, remote, branch) =>
  new Promise((resolve, reject) => {
    const args = ['-C', folder, 'push', remote, `refs/heads/${branch}:refs/heads/${branch}`];
    const child = spawn('git', args, { stdio: ['inherit', 2, 2] });
    child.once('error', (error) => reject(new Error(`git could not be run: ${error.message}`)));
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`git push ended with ${code}; ${branch} is here all the same`)),
    );
  });

/** Runs the command. */
export async function runRollback(argv: readonly string[]): Promise<number> {
  const { values, positionals } = flagsOf(argv, FLAGS, ['Rollout']);
  const { to, repo = '.', remote = 'origin', push = false, json = false } = values;
  if (to === undefined)
    throw new UsageError('--to: name the commit whose files are restored, as sluice history shows it');
  const options = {
    name: positionals[0] ?? '',
    to,
    repo,
    remote,
    push,
    onBranch: values['commit-on-branch'] ?? false,
    json,
  };
  await withCluster(values, (around) => rollback(options, around));
  return 0;
}
