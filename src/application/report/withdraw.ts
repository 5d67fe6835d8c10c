// Closes pull requests that nothing is held for any more. What fails is remembered and tried again.
import type { Withdrawal } from '../../api/application.ts';
import type { PullRequest } from '../../ports/forge.ts';
import type { Doing } from '../doing.ts';
import type { AgentIntent } from '../intents.ts';
import { intervalOf } from '../source/sources.ts';
import { begin, lookedAt } from './propose.ts';

/** Closes one that is open and as it was made, and says why. */
export const withdraw = ({ pull }: Extract<AgentIntent, { do: 'Withdraw' }>, at: Doing): Promise<'unchanged'> =>
  begin(at, (signal) => withdrawing(pull, at, signal));

async function withdrawing(pull: Withdrawal, at: Doing, signal: AbortSignal): Promise<void> {
  const { context, memory, key } = at;
  const looked = await lookedAt(pull.id, at, signal);
  if (!looked.ok) return failed(pull, looked.error, at);
  const { pull: now, repository } = looked.value;
  if (now.state !== 'open' || !isOurs(now, pull)) return memory.forge.ended(pull.url);
  if (!context.ownership.owns(key)) return;
  const why = `${pull.why} Sluice closes this pull request.`;
  const closed = await context.forge.close(repository, { id: pull.id, why }, signal);
  if (!closed.ok) return failed(pull, closed.error, at);
  memory.forge.ended(pull.url);
}

/** What people have put on the branch is theirs; where the Application names another repository by now, it is somebody else's. */
const isOurs = ({ url, head }: PullRequest, pull: Withdrawal): boolean =>
  url === pull.url && head !== undefined && head.length >= 7 && pull.commit.startsWith(head);

/** One that the forge does not know any more is at its end. */
function failed(
  { url }: Withdrawal,
  error: { message: string; reason?: string; retryAfterMs?: number | undefined },
  { context, seen, memory }: Doing,
): void {
  if (error.reason === 'NotFound') return memory.forge.ended(url);
  memory.forge.failedWithdrawal(url, error, { now: context.clock.now(), interval: intervalOf(seen.app) });
}
