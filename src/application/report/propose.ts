// Opens pull requests that restore files, and looks at those that are open. Whatever fails is remembered and tried again; the cluster does
// not wait for it.
import type { Hold } from '../../api/application.ts';
import { ok } from '../../api/result.ts';
import type { Branches, ForgeFailure, ForgeRepository, ForgeResult, PullRequest } from '../../ports/forge.ts';
import type { SourceFailure } from '../../ports/source-reader.ts';
import type { Doing } from '../doing.ts';
import type { AgentIntent } from '../intents.ts';
import { forgeRepositoryOf, repositoryOf } from '../source/repository.ts';
import { intervalOf } from '../source/sources.ts';
import { holdId } from './due.ts';
import { authorOf } from './push.ts';

type Of<K extends AgentIntent['do']> = Extract<AgentIntent, { do: K }>;
type Failure = Pick<ForgeFailure, 'message' | 'retryAfterMs'> & {
  reason: ForgeFailure['reason'] | SourceFailure['reason'];
};

const FIRST_RETRY_MS = 10_000;
const MAX_RETRY_MS = 5 * 60_000;
/** A right takes a person to grant. */
const FORBIDDEN_RETRY_MS = 60_000;
const FORBIDDEN: ReadonlySet<Failure['reason']> = new Set(['AuthFailed', 'Forbidden', 'NotFound', 'SourceNotFound']);
const OTHERS = 'its branch has commits of others, so it is neither built anew nor merged by Sluice';

/** It goes on by itself, and its end is an event. */
export function begin(at: Doing, run: (signal: AbortSignal) => Promise<void>): Promise<'unchanged'> {
  const { memory, context, key } = at;
  memory.forge.busy = true;
  context.errands.begin(key, async (signal) => {
    try {
      await run(signal);
    } catch (error) {
      failed({ reason: 'Unreachable', message: error instanceof Error ? error.message : String(error) }, at);
    } finally {
      memory.forge.busy = false;
    }
  });
  return Promise.resolve('unchanged');
}

/** The branch first, then the pull request for it; one that is open for the branch is taken. */
export const propose = (intent: Of<'Propose'>, at: Doing): Promise<'unchanged'> =>
  begin(at, (signal) => proposing(intent, at, signal));

/** Finds out what has become of a pull request, and has it merged where the Application wants that. */
export const lookAt = (intent: Of<'LookAt'>, at: Doing): Promise<'unchanged'> =>
  begin(at, (signal) => looking(intent, at, signal));

async function proposing(intent: Of<'Propose'>, at: Doing, signal: AbortSignal): Promise<void> {
  const { context, seen } = at;
  const { holds, parent } = intent;
  const ground = await groundOf(intent, at, signal);
  if (typeof ground === 'function') return ground();
  const commit = await pushBranch(intent, at, signal);
  if (typeof commit !== 'string') return failed(commit, at, holds);
  if (!context.ownership.owns(at.key)) return;
  const proposed = await publish(intent, ground, at, signal);
  if (!proposed.ok) return refused(proposed.error, at, holds);
  const { id, url } = proposed.value;
  settle(holds, () => ({ state: 'Proposed', url, id, commit, base: parent }), at);
  const pull = { id, url, commit, why: 'What it restores is not held any more.' };
  at.memory.forge.proposed(pull, context.clock.now() + intervalOf(seen.app));
}

interface Ground {
  repository: ForgeRepository;
  branches: Branches;
  /** What is open for the branch. */
  standing: PullRequest | undefined;
}

/** Or, where nothing is to be pushed, what is to be done instead. */
async function groundOf(intent: Of<'Propose'>, at: Doing, signal: AbortSignal): Promise<Ground | (() => void)> {
  const { context, seen } = at;
  const { branch, base, holds } = intent;
  const repository = await forgeRepositoryOf(seen.app, context);
  if (!repository.ok) return () => failed(repository.error, at, holds);
  const branches = { head: branch, base };
  const found = await context.forge.find(repository.value, branches, signal);
  if (!found.ok) return () => failed(found.error, at, holds);
  const standing = found.value?.state === 'open' ? found.value : undefined;
  return insteadOf(found.value, intent, at) ?? { repository: repository.value, branches, standing };
}

/** It has come to its end already, or is somebody else's by now. */
function insteadOf(
  pull: PullRequest | undefined,
  { holds, known, parent }: Of<'Propose'>,
  at: Doing,
): (() => void) | undefined {
  if (pull && pull.state !== 'open' && isOf(pull, holds)) return () => ended(pull, holds, at);
  if (pull?.state === 'open' && known !== undefined && !isAt(pull, known)) return () => leave(holds, parent, at);
  return undefined;
}

const publish = (
  { text }: Of<'Propose'>,
  { repository, branches, standing }: Ground,
  { context }: Doing,
  signal: AbortSignal,
): Promise<ForgeResult<PullRequest>> =>
  standing
    ? context.forge.revise(repository, { id: standing.id, ...text }, signal)
    : context.forge.open(repository, { ...branches, ...text }, signal);

/** The commit at the branch, or why there is none. */
async function pushBranch(
  { parent, branch, base, changes, message }: Of<'Propose'>,
  { context, seen: { app } }: Doing,
  signal: AbortSignal,
): Promise<string | Failure> {
  const repository = await repositoryOf(app, context);
  if (!repository.ok) return repository.error;
  const pushed = await context.reader.commitFiles(
    {
      ...repository.value,
      branch: base,
      parent,
      publishAs: branch,
      changes,
      below: app.spec.source.path ?? '',
      message,
      author: authorOf(app),
    },
    signal,
  );
  return pushed.ok ? pushed.value : pushed.error;
}

/** Of these holds, and not of an earlier rejection of the same commit. Forges tell whole seconds. */
const isOf = ({ createdAt }: PullRequest, holds: readonly Hold[]): boolean =>
  Date.parse(createdAt) + 1_000 > Math.min(...holds.map(({ since }) => Date.parse(since)));

/** A forge may shorten a commit, or not name it. */
const isAt = ({ head }: PullRequest, commit: string): boolean => head === undefined || commit.startsWith(head);

/** What people have put on the branch is theirs. */
function leave(holds: readonly Hold[], parent: string, at: Doing): void {
  settle(holds, ({ writeBack }) => ({ state: 'Pending', ...writeBack, base: parent, message: OTHERS }), at);
}

/** A pull request as the forge shows it now, and the repository that it is of. */
export async function lookedAt(
  id: string,
  { context, seen }: Pick<Doing, 'context' | 'seen'>,
  signal: AbortSignal,
): Promise<ForgeResult<{ pull: PullRequest; repository: ForgeRepository }>> {
  const found = await forgeRepositoryOf(seen.app, context);
  if (!found.ok) return found;
  const repository = found.value;
  const looked = await context.forge.look(repository, id, signal);
  return looked.ok ? ok({ pull: looked.value, repository }) : looked;
}

async function looking({ id, holds }: Of<'LookAt'>, at: Doing, signal: AbortSignal): Promise<void> {
  const { context, seen, memory } = at;
  const interval = intervalOf(seen.app);
  const looked = await lookedAt(id, at, signal);
  if (!looked.ok) return memory.forge.failedLook(id, looked.error, { now: context.clock.now(), interval });
  const { pull, repository } = looked.value;
  if (pull.state !== 'open') return ended(pull, holds, at);
  const commit = holds[0]?.writeBack?.commit ?? '';
  const merged = await merging({ pull, commit, repository }, at, signal);
  settle(holds, (hold) => withMessage(hold, merged.message), at);
  memory.forge.looked(id, pull.conflicts, { now: context.clock.now(), interval, setback: merged.failure });
}

interface Merge {
  /** Why it is not merged yet. */
  message?: string | undefined;
  failure?: ForgeFailure | undefined;
}

async function merging(
  { pull, commit, repository }: { pull: PullRequest; commit: string; repository: ForgeRepository },
  { context, seen, key }: Doing,
  signal: AbortSignal,
): Promise<Merge> {
  if (!isAt(pull, commit)) return { message: OTHERS };
  const { autoMerge = false } = seen.app.spec.writeBack ?? {};
  if (!autoMerge || !context.ownership.owns(key)) return {};
  const asked = await context.forge.merge(repository, { id: pull.id, commit }, signal);
  if (!asked.ok) return { message: `not merged yet: ${asked.error.message}`, failure: asked.error };
  return asked.value === undefined ? {} : { message: `not merged yet: it waits for ${asked.value}` };
}

/** Merged, which is as good as a pushed commit; or closed, which is a person's word. */
function ended({ state, url, id, mergeCommit }: PullRequest, holds: readonly Hold[], at: Doing): void {
  at.memory.forge.succeeded();
  at.memory.forge.ended(url);
  if (state === 'closed')
    return settle(holds, ({ writeBack }) => ({ ...own(writeBack), state: 'Closed', url, id }), at);
  settle(
    holds,
    ({ writeBack }) => {
      const commit = mergeCommit ?? writeBack?.commit;
      return { state: 'Pushed', url, id, ...(commit === undefined ? {} : { commit }) };
    },
    at,
  );
  at.context.sources.pollBy(at.key, at.seen.now);
}

const own = (writeBack: Hold['writeBack']): { commit?: string } =>
  writeBack?.commit === undefined ? {} : { commit: writeBack.commit };

function withMessage({ writeBack }: Hold, message: string | undefined): NonNullable<Hold['writeBack']> {
  const { message: _before, ...rest } = writeBack ?? { state: 'Pending' as const };
  return message === undefined ? rest : { ...rest, message };
}

/** The branch may have been fixed meanwhile: it is looked at. */
function refused(error: ForgeFailure, at: Doing, holds: readonly Hold[]): void {
  if (error.reason === 'Refused') at.context.sources.pollBy(at.key, at.seen.now);
  failed(error, at, holds);
}

function failed({ reason, message, retryAfterMs = 0 }: Failure, at: Doing, holds: readonly Hold[] = []): void {
  const { memory, context } = at;
  settle(holds, (hold) => withMessage(hold, message), at);
  const least = Math.max(FORBIDDEN.has(reason) ? FORBIDDEN_RETRY_MS : FIRST_RETRY_MS, retryAfterMs);
  memory.forge.failed(`the pull request could not be opened: ${message}`, {
    now: context.clock.now(),
    least,
    most: Math.max(MAX_RETRY_MS, least),
  });
}

function settle(
  holds: readonly Hold[],
  result: (hold: Hold) => NonNullable<Hold['writeBack']>,
  { memory }: Doing,
): void {
  for (const hold of holds) memory.writeBacks.set(holdId(hold), result(hold));
}
