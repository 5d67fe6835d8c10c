// Pull requests that restore files: when one is due, its branch and its text, and when one that is open is looked at. Pure.
import type { Application, Hold } from '../../api/application.ts';
import { forgeOf } from '../../api/forges.ts';
import { webUrl } from '../../api/repository-url.ts';
import type { PullRequestText } from '../../ports/forge.ts';
import type { AgentIntent } from '../intents.ts';
import type { WriteBackPlan } from '../revert/write-back-plan.ts';
import type { ForgeMemory } from '../seen.ts';

const MAX_NAME = 100;

/** Whether what is rejected is answered by a pull request. */
export const proposes = ({ spec }: Application): boolean => spec.writeBack?.onAbort === 'PullRequest';

/** Why no pull request can be opened, whatever the forge would say: better told before one is needed. */
export function obstacleTo({ spec }: Application): { reason: string; message: string } | undefined {
  const { repoURL, secretRef } = spec.source;
  if (forgeOf(repoURL, spec.writeBack?.forge) === undefined) {
    const host = webUrl(repoURL)?.host ?? repoURL;
    const message = `which forge ${host} is cannot be told: write GitHub, GitLab, Gitea, Bitbucket or AzureDevOps into spec.writeBack.forge`;
    return { reason: 'ForgeUnknown', message };
  }
  if (secretRef !== undefined) return undefined;
  const message = 'a pull request takes a token: name its Secret in spec.source.secretRef';
  return { reason: 'NoCredentials', message };
}

/** The same for one rejected commit of one Application, and no other's: another cluster may have one of that name. */
function branchFor({ metadata }: Application, rejected: string): string {
  const own = (metadata.uid ?? '').replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 8);
  return `sluice/revert-${metadata.name.slice(0, MAX_NAME)}-${rejected.slice(0, 12)}-${own}`;
}

/** The forge says that it cannot be merged, and the branch that it is for has moved since it was built. */
export const isStale = ({ writeBack }: Hold, head: string, { looks }: ForgeMemory): boolean =>
  writeBack?.state === 'Proposed' && writeBack.base !== head && looks.get(writeBack.id ?? '')?.conflicts === true;

export interface ProposalInput {
  app: Application;
  /** Branch that it is for. */
  base: string;
  /** Commit to build on. */
  parent: string;
  push: WriteBackPlan['pushes'][number];
  /** Of the commit. */
  message: string;
}

/** One for all that one commit broke; what is open already is built anew. */
export function proposeIntent({ app, base, parent, push, message }: ProposalInput): AgentIntent {
  const { rejected, changes, holds } = push;
  const known = holds.map(({ writeBack }) => writeBack).find((each) => each?.state === 'Proposed');
  return {
    do: 'Propose',
    base,
    parent,
    branch: branchFor(app, rejected),
    message,
    changes,
    holds,
    text: proposalText(message),
    ...(known?.commit === undefined ? {} : { known: known.commit }),
  };
}

/** Those that are open, each once. */
function open(holds: readonly Hold[]): Map<string, Hold[]> {
  const groups = new Map<string, Hold[]>();
  for (const hold of holds) {
    const { state, id } = hold.writeBack ?? {};
    if (state === 'Proposed' && id !== undefined) groups.set(id, [...(groups.get(id) ?? []), hold]);
  }
  return groups;
}

/** Looks that are due, and when the next one is; milliseconds since the epoch. */
export function decideLooks(
  holds: readonly Hold[],
  { looks, busy }: ForgeMemory,
  now: number,
): { intents: AgentIntent[]; dueAt: number | undefined } {
  const all = [...open(holds)].map(([id, group]) => ({ id, holds: group, at: looks.get(id)?.at ?? 0 }));
  // The end of what is under way is an event.
  if (busy || all.length === 0) return { intents: [], dueAt: undefined };
  const due = all.find(({ at }) => at <= now);
  if (due) return { intents: [{ do: 'LookAt', id: due.id, holds: due.holds }], dueAt: undefined };
  return { intents: [], dueAt: Math.min(...all.map(({ at }) => at)) };
}

/** What the forge was asked in vain, as long as something is to be asked of it. */
export function forgeProblem(holds: readonly Hold[], { looks, problem: opening }: ForgeMemory): string | undefined {
  const isAsked = holds.some(({ writeBack }) => writeBack?.state === 'Pending' || writeBack?.state === 'Proposed');
  if (isAsked && opening !== undefined) return opening;
  return [...open(holds).keys()].map((id) => looks.get(id)?.problem).find((problem) => problem !== undefined);
}

/** What others wrote stands in a block of text, in which a forge finds no names, commands or references. */
function proposalText(message: string): PullRequestText {
  const [title = '', ...rest] = message.trim().split('\n');
  const text = rest.join('\n').trim();
  const fence = '`'.repeat(Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  const body = [
    'A release was aborted. The cluster serves again what was stable before; the branch still declares what was rejected.',
    '',
    'Merging this makes Git say what runs, and ends the hold. Closing it leaves the hold as it is: that ends when Git declares something',
    'else there, or when somebody annotates the Rollout `sluice.dev/retry=true`.',
    '',
    `${fence}text`,
    text,
    fence,
    '',
  ];
  return { title, body: body.join('\n') };
}
