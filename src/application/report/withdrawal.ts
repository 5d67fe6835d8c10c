// Pull requests that nothing is held for any more, such as when somebody has fixed the branch: one that were merged all the same, by a person
// or by the forge itself, would take the fix back. Pure.
import { revisionOf, type Hold, type Withdrawal } from '../../api/application.ts';
import type { AgentIntent } from '../intents.ts';
import type { EndReason } from '../revert/hold.ts';
import type { Seen } from '../seen.ts';

/** More than can be open at once for one Application that is not misused. */
const MAX = 32;

/** Pull requests that nothing is held for any more. */
export function unwanted(
  { status, memory, app }: Seen,
  holds: readonly Hold[],
  ended: readonly { hold: Hold; why: EndReason }[],
): Withdrawal[] {
  const wanted = new Set(holds.map(({ writeBack }) => writeBack?.url));
  const left = ended.flatMap(({ hold, why }): Withdrawal[] => {
    const { state, id, url, commit } = hold.writeBack ?? {};
    if (state !== 'Proposed' || id === undefined || url === undefined || commit === undefined) return [];
    return [{ id, url, commit, why: WHY[why](hold.rollout.name, revisionOf(app)) }];
  });
  const all = [...(status.withdrawals ?? []), ...left, ...memory.forge.opened.values()];
  const open = all.filter(({ url }) => !wanted.has(url) && memory.forge.withdrawn.get(url)?.done !== true);
  return [...new Map(open.toReversed().map((each) => [each.url, each])).values()].toReversed().slice(0, MAX);
}

const WHY: Readonly<Record<EndReason, (rollout: string, branch: string) => string>> = {
  declared: (rollout, branch) =>
    `${branch} declares something else for ${rollout} by now, so that nothing is to be restored.`,
  retried: (rollout) =>
    `Somebody has asked for ${rollout} to be tried again as it is declared, so that nothing is to be restored.`,
  gone: (rollout) => `${rollout} has left Git, so that nothing is to be restored.`,
};

/** The one that is due, and when the next one is; milliseconds since the epoch. */
export function decideWithdrawals(
  pulls: readonly Withdrawal[],
  { busy, withdrawn }: Seen['memory']['forge'],
  now: number,
): { intents: AgentIntent[]; dueAt: number | undefined } {
  if (busy || pulls.length === 0) return { intents: [], dueAt: undefined };
  const at = ({ url }: Withdrawal): number => withdrawn.get(url)?.at ?? 0;
  const due = pulls.find((pull) => at(pull) <= now);
  if (due) return { intents: [{ do: 'Withdraw', pull: due }], dueAt: undefined };
  return { intents: [], dueAt: Math.min(...pulls.map((pull) => at(pull))) };
}
