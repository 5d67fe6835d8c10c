// What is done for one call of the port, on one mirror: the same work in this process and in a child, with the same counts.
import { describeProblem, readManifests, type Problem, type SourceFile } from '../application/source/manifests.ts';
import { textOf } from '../application/source/utf8.ts';
import { fail, ok, type Result } from '../api/result.ts';
import { GitError, PushRejected, type Committer, type GitCall, type GitMirror } from '../git/types.ts';
import type { RenderOptions } from '../ports/rendering.ts';
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
import { excluder } from './patterns.ts';
import { resolvePath } from './paths.ts';
import { commitFiles } from './render/commit-files.ts';
import { RenderFailure } from './render/failure.ts';
import { render, type RenderContext } from './render/render.ts';
import type { CommitFiles, Renderer } from './render/renderer.ts';
import { chartRendererOf, rendererOf } from './render/renderers.ts';
import { checkSignature } from './signature/check.ts';
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
  /** What tools are run with; undefined: none is, and what they would render is refused. */
  rendering?: RenderContext | undefined;
}

/** Does one job. Never rejects for what the repository or its server is like. */
export async function perform(job: Job, context: JobContext): Promise<SourceResult<unknown>> {
  try {
    return await run(job, context);
  } catch (error) {
    return fail(failureOf(error));
  }
}

async function run(job: Job, context: JobContext): Promise<SourceResult<unknown>> {
  const { mirror, call } = context;
  switch (job.op) {
    case 'head':
      return ok(await mirror.head(job.request.revision, call));
    case 'read': {
      const { ref, listed, ...commit } = await mirror.fetch(job.request.revision, call);
      const read = await content(commit, job.request, context);
      if (!read.ok) return read;
      const signature = await checkSignature({ ...commit, ref, listed }, job.request.verify, context);
      return ok({ ...read.value, ref, ...(signature === undefined ? {} : { signature }) });
    }
    case 'readCommit': {
      const commit = await mirror.commit(job.request.commit);
      return commit === undefined ? ok(undefined) : content(commit, job.request, context);
    }
    case 'commitFiles':
      return ok(await mirror.commitFiles({ ...job.request, author: committer(job.request) }, call));
    case 'addNotes':
      return ok(await mirror.addNotes(job.request.sections, committer(job.request), call));
  }
}

const committer = ({ author, signing }: CommitFilesRequest | AddNotesRequest): Committer => ({ ...author, signing });

export type PathRequest = Pick<ReadRequest, 'path' | 'exclude' | 'render'>;

/** What a commit declares; problems are told by file and line. */
export type Read = Result<Omit<SourceContent, 'commit'>, Problem[]>;

type Objects = Pick<GitMirror, 'tree' | 'blob'>;

export interface ReadContext extends Pick<JobContext, 'limits' | 'rendering'> {
  /** Of the tree. */
  mirror: Objects;
  signal?: AbortSignal | undefined;
}

async function content(
  commit: SourceCommit,
  request: PathRequest,
  context: JobContext,
): Promise<SourceResult<SourceContent>> {
  try {
    const read = await declaredIn(commit.tree, request, { ...context, signal: context.call.signal });
    if (!read.ok) return fail({ ...unreadable(read.error), commit });
    const where = request.path === '' ? 'the repository' : `${request.path.replace(/\/+$/, '')}/`;
    const empty = read.value.manifests.length === 0 ? { empty: `no manifests in ${where}` } : {};
    return ok({ commit, ...read.value, ...empty });
  } catch (error) {
    return fail({ ...failureOf(error), commit });
  }
}

/** Reads what is declared below a path of the tree with this id. Throws what `failureOf` tells of. */
export async function declaredIn(tree: string, request: PathRequest, context: ReadContext): Promise<Read> {
  const { mirror } = context;
  const budget = new SourceBudget(context.limits);
  const at = await resolvePath({ tree, path: request.path }, mirror);
  const files = commitFiles(tree, mirror, budget);
  const excluded = excluder(request.exclude ?? []);
  const names = at.type === 'tree' ? await namesOf(at.oid, mirror) : [];
  const renderer = meantBy(
    request,
    names.filter((name) => !excluded(name)),
  );
  return renderer
    ? rendered({ renderer, path: at.path, options: request.render ?? UNTOLD }, files, budget, context)
    : plain(tree, request, budget, context);
}

/** Throws GitError `rejected` where the Application speaks of a chart, and there is none. */
function meantBy({ path, render: options }: PathRequest, names: readonly string[]): Renderer | undefined {
  if (options?.helm === undefined) return rendererOf(names);
  const renderer = chartRendererOf(names);
  if (renderer !== undefined) return renderer;
  const where = path === '' ? 'the root of the repository' : path;
  const advice = 'name the folder of a chart as spec.source.path, or take spec.source.helm away';
  throw new GitError('rejected', `spec.source.helm: ${where} is no chart, it holds no Chart.yaml; ${advice}`);
}

/** What a rendering is told where a request says nothing of it. */
const UNTOLD = { namespace: 'default' };

const namesOf = async (tree: string, mirror: Objects): Promise<string[]> =>
  (await mirror.tree(tree)).filter(({ type }) => type === 'file' || type === 'link').map(({ name }) => name);

async function plain(
  tree: string,
  { path, exclude = [] }: PathRequest,
  budget: SourceBudget,
  { mirror }: ReadContext,
): Promise<Read> {
  const found = await findManifests({ tree, path, exclude }, mirror, budget);
  const { files, problems } = await textsOf(found, mirror, budget);
  const declared = problems.length > 0 ? fail(problems) : readManifests(files, budget);
  if (!declared.ok) return declared;
  const { manifests, skipped } = declared.value;
  const declaring = new Set(manifests.map(({ source }) => source.path));
  const texts = files
    .filter((file) => declaring.has(file.path))
    .map((file): [string, string] => [file.path, file.text]);
  return ok({ manifests, skipped, files: new Map(texts) });
}

async function rendered(
  request: { renderer: Renderer; path: string; options: RenderOptions },
  files: CommitFiles,
  budget: SourceBudget,
  { rendering, signal }: ReadContext,
): Promise<Read> {
  const { tool, byHand } = request.renderer;
  if (rendering === undefined)
    throw new GitError(
      'rejected',
      `this is input of ${tool}, and nothing is rendered here; commit what ${byHand} prints`,
    );
  const read = await render(request, files, budget, { signal, ...rendering });
  if (!read.ok) return read;
  const { rendering: by, manifests, files: texts } = read.value;
  return ok({ manifests, skipped: [], files: texts, rendered: by });
}

async function textsOf(
  found: readonly { path: string; oid: string }[],
  mirror: Objects,
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
  if (error instanceof RenderFailure) {
    const { reason, message, limit } = error;
    return { reason, message, ...(limit === undefined ? {} : { limit }) };
  }
  if (!(error instanceof GitError)) {
    const what = error instanceof Error ? error.message : String(error);
    return { reason: 'InvalidManifest', message: `it could not be read, which is a fault of Sluice: ${what}` };
  }
  const reason = error instanceof PushRejected ? 'PushRejected' : REASONS[error.kind];
  return { reason, message: error.message, ...(error.limit === undefined ? {} : { limit: error.limit }) };
}
