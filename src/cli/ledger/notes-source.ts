// The notes of Sluice in a repository, by a folder on this disk or by URL; no cluster is asked.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReleaseRecord } from '../../api/release-record.ts';
import { repositoryUrl } from '../../api/repository-url.ts';
import { revisionRef } from '../../application/revision.ts';
import { openLocal, type LocalRepository } from '../../git/local.ts';
import { openMirror } from '../../git/mirror.ts';
import { GitError, NOTES_REF, type Commit, type GitMirror } from '../../git/types.ts';
import { ledgerOf, type Ledger } from '../../ledger/collect.ts';
import type { Clock } from '../../ports/clock.ts';
import { withoutCredentials } from '../../secrecy/credentials.ts';

/** What a repository tells of releases, and when its notes were written last. */
export interface NotedLedger extends Ledger {
  /** Milliseconds since the epoch. */
  writtenAt: number;
  /** Where the notes are from, for messages. */
  from: string;
}

type Objects = Pick<GitMirror, 'files' | 'read'>;

/** Reads the notes of `repo`: a folder, or a URL over http, https or ssh. Throws GitError with what to do where there are none. */
export async function readNotes(repo: string, clock: Clock): Promise<NotedLedger> {
  if (await isFolder(repo)) return readLocal(repo, clock);
  if (repositoryUrl(repo) === undefined)
    throw new GitError(
      'not-found',
      `--repo ${repo}: there is no such folder, and it is no URL over http, https or ssh`,
    );
  return readRemote(repo, clock);
}

const isFolder = async (repo: string): Promise<boolean> =>
  stat(repo).then(
    (found) => found.isDirectory(),
    () => false,
  );

async function readLocal(folder: string, clock: Clock): Promise<NotedLedger> {
  const repository = await openLocal(folder, clock);
  const head = await repository.resolve(NOTES_REF);
  const commit = head === undefined ? undefined : await repository.commit(head);
  if (commit === undefined)
    throw new GitError('not-found', await missingHere(folder, [...(await repository.remotes()).keys()]));
  const ledger = await collected(repository, commit, folder);
  const records: ReleaseRecord[] = [];
  for (const record of ledger.records) records.push(await withItsCommit(record, repository));
  return { ...ledger, records };
}

/** What a commit says of itself, where its record does not: those of earlier versions, and of commits that restore files. */
async function withItsCommit(
  record: ReleaseRecord,
  repository: Pick<LocalRepository, 'commit'>,
): Promise<ReleaseRecord> {
  const { revision } = record;
  if (revision.author !== undefined) return record;
  const found = await repository.commit(revision.commit).catch(() => undefined);
  if (found === undefined) return record;
  return { ...record, revision: { ...revisionRef(found, revision.repo ?? '', revision.path), ...revision } };
}

async function missingHere(folder: string, remotes: readonly string[]): Promise<string> {
  const remote = remotes.includes('origin') ? 'origin' : remotes[0];
  const here = folder === '.' ? 'git' : `git -C ${folder}`;
  return remote === undefined
    ? `${folder} has no notes of Sluice (${NOTES_REF}), and no remote to fetch them from`
    : `${folder} has no notes of Sluice: a clone does not bring them. Fetch them first:\n  ${here} fetch ${remote} ${NOTES_REF}:${NOTES_REF}`;
}

async function readRemote(url: string, clock: Clock): Promise<NotedLedger> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-notes-'));
  const mirror = openMirror({ url, clock, directory, depth: 1 });
  try {
    return await collected(mirror, await mirror.fetch(NOTES_REF), withoutCredentials(url));
  } catch (error) {
    throw error instanceof GitError ? new GitError(error.kind, adviceFor(error, url)) : error;
  } finally {
    mirror.close();
    await rm(directory, { recursive: true, force: true });
  }
}

function adviceFor({ kind, message }: GitError, url: string): string {
  const where = withoutCredentials(url);
  if (kind === 'not-found')
    return `${where} has no notes of Sluice (${NOTES_REF}): none were pushed, or this is another repository`;
  if (kind === 'auth')
    return `${message}; clone it, fetch its notes (git fetch origin ${NOTES_REF}:${NOTES_REF}), and give the folder as --repo`;
  return message;
}

async function collected(objects: Objects, commit: Commit, from: string): Promise<NotedLedger> {
  const notes = new Map<string, string>();
  let skipped = 0;
  for (const { path, oid } of await objects.files(commit.oid, '')) {
    const noted = path.replaceAll('/', '');
    if (!/^[0-9a-f]{40}$/.test(noted)) continue;
    try {
      notes.set(noted, await objects.read(oid));
    } catch (error) {
      if (!(error instanceof GitError) || error.kind !== 'too-large') throw error;
      skipped++;
    }
  }
  return { ...ledgerOf(notes, skipped), writtenAt: Date.parse(commit.date), from };
}
