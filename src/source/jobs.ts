// What is done for one call of the port, on one mirror: the same work in this process and in a child, with the same counts.
import { describeProblem, readManifests, type Problem, type SourceFile } from '../application/source/manifests.ts';
import { textOf } from '../application/source/utf8.ts';
import { fail, ok } from '../api/result.ts';
import { GitError, PushRejected, type GitCall, type GitMirror } from '../git/types.ts';
import { LimitExceeded, SourceBudget, type SourceLimits } from '../ports/source-budget.ts';
import type {
  AddNotesRequest,
  CommitFilesRequest,
  HeadRequest,
  ReadCommitRequest,
  ReadRequest,
  SourceCommit,
  SourceContent,
  SourceFailure,
  SourceResult,
} from '../ports/source-reader.ts';
import { findManifests } from './walk.ts';

/** A call of the port, as a value that can be sent to another process. */
export type Job =
  | { op: 'head'; request: HeadRequest }
  | { op: 'read'; request: ReadRequest }
  | { op: 'readCommit'; request: ReadCommitRequest }
  | { op: 'commitFiles'; request: CommitFilesRequest }
  | { op: 'addNotes'; request: AddNotesRequest };

export interface JobContext {
  mirror: GitMirror;
  limits: Readonly<SourceLimits>;
  call: GitCall;
}

/** Does one job. Never rejects for what the repository or its server is like. */
export async function perform(job: Job, context: JobContext): Promise<SourceResult<unknown>> {
  try {
    return await run(job, context);
  } catch (error) {
    return fail(failureOf(error));
  }
}

async function run(job: Job, { mirror, limits, call }: JobContext): Promise<SourceResult<unknown>> {
  switch (job.op) {
    case 'head':
      return ok(await mirror.head(job.request.revision, call));
    case 'read': {
      const { ref, ...commit } = await mirror.fetch(job.request.revision, call);
      const read = await content(commit, job.request, { mirror, limits, call });
      return read.ok ? ok({ ...read.value, ref }) : read;
    }
    case 'readCommit': {
      const commit = await mirror.commit(job.request.commit);
      return commit === undefined ? ok(undefined) : content(commit, job.request, { mirror, limits, call });
    }
    case 'commitFiles':
      return ok(await mirror.commitFiles(job.request, call));
    case 'addNotes':
      return ok(await mirror.addNotes(job.request.sections, job.request.author, call));
  }
}

type PathRequest = Pick<ReadRequest, 'path' | 'exclude'>;

async function content(
  commit: SourceCommit,
  request: PathRequest,
  { mirror, limits }: JobContext,
): Promise<SourceResult<SourceContent>> {
  try {
    const budget = new SourceBudget(limits);
    const { path, exclude = [] } = request;
    const found = await findManifests({ tree: commit.tree, path, exclude }, mirror, budget);
    const { files, problems } = await textsOf(found, mirror, budget);
    const declared = problems.length > 0 ? fail(problems) : readManifests(files, budget);
    if (!declared.ok) return fail({ ...unreadable(declared.error), commit });
    const { manifests, skipped } = declared.value;
    const declaring = new Set(manifests.map(({ source }) => source.path));
    return ok({
      commit,
      manifests,
      skipped,
      files: new Map(files.filter((file) => declaring.has(file.path)).map((file) => [file.path, file.text])),
      ...(manifests.length === 0
        ? { empty: `no manifests in ${path === '' ? 'the repository' : `${path.replace(/\/+$/, '')}/`}` }
        : {}),
    });
  } catch (error) {
    return fail({ ...failureOf(error), commit });
  }
}

async function textsOf(
  found: readonly { path: string; oid: string }[],
  mirror: GitMirror,
  budget: SourceBudget,
): Promise<{ files: SourceFile[]; problems: Problem[] }> {
  const files: SourceFile[] = [];
  const problems: Problem[] = [];
  let bytes = 0;
  for (const { path, oid } of found) {
    const blob = await mirror.blob(oid);
    budget.hold('fileBytes', blob.byteLength, path);
    budget.hold('manifestBytes', (bytes += blob.byteLength), path);
    const read = textOf(blob);
    if ('text' in read) files.push({ path, text: read.text });
    else problems.push({ path, line: 1, message: read.problem });
  }
  return { files, problems };
}

const MAX_SHOWN = 5;

function unreadable(problems: readonly Problem[]): SourceFailure {
  const limited = problems.find(({ limit }) => limit !== undefined);
  if (limited) return { reason: 'SourceTooLarge', message: describeProblem(limited), limit: limited.limit };
  const shown = problems.slice(0, MAX_SHOWN).map((problem) => describeProblem(problem));
  const more = problems.length - shown.length;
  return { reason: 'InvalidManifest', message: [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ') };
}

const REASONS: Readonly<Record<GitError['kind'], SourceFailure['reason']>> = {
  unreachable: 'GitUnreachable',
  timeout: 'GitUnreachable',
  corrupt: 'GitUnreachable',
  'rejected-host': 'GitUnreachable',
  auth: 'AuthFailed',
  'not-found': 'SourceNotFound',
  rejected: 'InvalidManifest',
  'too-large': 'SourceTooLarge',
  cancelled: 'Cancelled',
};

/** A failure as a value, whatever it is: what nobody foresaw is told as such, and stops this repository only. */
export function failureOf(error: unknown): SourceFailure {
  if (error instanceof LimitExceeded) {
    return { reason: 'SourceTooLarge', message: error.message, limit: error.limit };
  }
  if (!(error instanceof GitError)) {
    const what = error instanceof Error ? error.message : String(error);
    return { reason: 'InvalidManifest', message: `it could not be read, which is a fault of Sluice: ${what}` };
  }
  const reason = error instanceof PushRejected ? 'PushRejected' : REASONS[error.kind];
  return { reason, message: error.message, ...(error.limit === undefined ? {} : { limit: error.limit }) };
}
