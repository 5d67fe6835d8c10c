// Events, metrics and log lines of an Application: a function of its status before and after, told when the cluster has confirmed it.
import type { Application, ApplicationStatus, Hold, Return } from '../../api/application.ts';
import { nameOf, objectKey, qualifiedName } from '../../api/object-key.ts';
import type { AgentContext } from '../context.ts';
import type { AgentEvent } from '../ports.ts';
import { shortCommit } from '../../api/revision.ts';
import { hookEvents } from './tell-hooks.ts';
import { describeHold, describeProposal } from '../revert/hold.ts';
import { describeReturn } from '../revert/returns.ts';
import { verdictReason } from './health.ts';

type Drift = NonNullable<ApplicationStatus['drift']>[number];

/** What a person reads in `kubectl describe`, in order. */
function eventsBetween(before: ApplicationStatus | undefined, after: ApplicationStatus): AgentEvent[] {
  const [held, holds] = [before?.holds ?? [], after.holds ?? []];
  return [
    ...holdEvents(held, holds),
    ...writeBackEvents(held, holds),
    ...reportEvents(before, after),
    ...returnEvents(before?.returns ?? [], after.returns ?? []),
    ...hookEvents(before?.hooks, after.hooks),
    ...driftEvents(before, after),
    ...phaseEvents(before, after),
    ...overrideEvents(before, after),
    ...waitEvents(before, after),
    ...healthEvents(before, after),
  ];
}

const idOf = ({ rollout, contentHash, since }: Hold): string =>
  `${rollout.namespace}/${rollout.name} ${contentHash} ${since}`;

function holdEvents(before: readonly Hold[], after: readonly Hold[]): AgentEvent[] {
  const known = new Set(before.map((hold) => idOf(hold)));
  const left = new Set(after.map((hold) => idOf(hold)));
  return [
    ...after
      .filter((hold) => !known.has(idOf(hold)))
      .map((hold): AgentEvent => ({
        type: 'Warning',
        reason: 'Held',
        message: describeHold(hold),
        key: `held ${idOf(hold)}`,
      })),
    ...before
      .filter((hold) => !left.has(idOf(hold)))
      .map((hold): AgentEvent => ({
        type: 'Normal',
        reason: 'Released',
        message: `${hold.rollout.name} is no longer held: Git declares other content, or somebody asked to retry`,
        key: `released ${idOf(hold)}`,
      })),
  ];
}

/** What became of the commits that restore files. */
function writeBackEvents(before: readonly Hold[], after: readonly Hold[]): AgentEvent[] {
  const known = new Map(before.map((hold) => [idOf(hold), hold.writeBack?.state]));
  return after
    .filter((hold) => known.get(idOf(hold)) !== hold.writeBack?.state)
    .flatMap((hold): AgentEvent[] => {
      const { state = 'Pending', commit = '' } = hold.writeBack ?? {};
      const told = TOLD[state]?.(hold);
      return told ? [{ ...told, key: `${state} ${idOf(hold)} ${commit}` }] : [];
    });
}

const filesOf = ({ rollout, stable }: Hold): string =>
  `files of ${rollout.name} as of ${shortCommit(stable?.commit ?? '')}`;

/** What is said of each end, or stop on the way. */
const TOLD: Partial<
  Record<NonNullable<Hold['writeBack']>['state'], (hold: Hold) => Pick<AgentEvent, 'type' | 'reason' | 'message'>>
> = {
  Pushed: (hold) => {
    const { url, commit = '' } = hold.writeBack ?? {};
    const what = url === undefined ? `pushed ${shortCommit(commit)}` : `${url} was merged`;
    return { type: 'Normal', reason: 'Reverted', message: `${what}: ${filesOf(hold)}` };
  },
  Proposed: (hold) => ({
    type: 'Normal',
    reason: 'Proposed',
    message: `opened ${hold.writeBack?.url ?? ''}: ${filesOf(hold)}`,
  }),
  Closed: (hold) => ({
    type: 'Warning',
    reason: 'ProposalClosed',
    message: `${describeProposal(hold.writeBack) ?? ''}: ${hold.rollout.name} stays held`,
  }),
  Failed: (hold) => ({
    type: 'Warning',
    reason: 'WriteBackFailed',
    message: `cannot restore the ${filesOf(hold)}: ${hold.writeBack?.message ?? 'failed'}`,
  }),
};

/** Git could not be told, which is tried again; what is given up has an Event of its own. */
function reportEvents(before: ApplicationStatus | undefined, after: ApplicationStatus): AgentEvent[] {
  const failed = (status: ApplicationStatus | undefined): string | undefined =>
    status?.conditions?.find(({ type, reason }) => type === 'WriteBackReady' && reason === 'WriteBackFailed')?.message;
  const message = failed(after);
  const isGivenUp = (after.holds ?? []).some(({ writeBack }) => writeBack?.state === 'Failed');
  if (message === undefined || failed(before) !== undefined || isGivenUp) return [];
  return [{ type: 'Warning', reason: 'WriteBackFailed', message: `${message}; tried again`, key: `report ${message}` }];
}

function returnEvents(before: readonly Return[], after: readonly Return[]): AgentEvent[] {
  const id = ({ rollout, since }: Return): string => `${rollout.namespace}/${rollout.name} ${since}`;
  const known = new Set(before.map((each) => id(each)));
  const left = new Set(after.map((each) => id(each)));
  return [
    ...after
      .filter((each) => !known.has(id(each)))
      .map((each): AgentEvent => {
        const message = `${each.rollout.name} was gone: ${describeReturn(each)}`;
        return { type: 'Warning', reason: 'Returning', message, key: `returning ${id(each)}` };
      }),
    ...before
      .filter((each) => !left.has(id(each)))
      .map((each): AgentEvent => {
        const message = `${each.rollout.name} is back at ${shortCommit(each.stable.commit)}; what Git declares follows`;
        return { type: 'Normal', reason: 'Returned', message, key: `returned ${id(each)}` };
      }),
  ];
}

const driftId = (entry: Drift): string => `${objectKey(entry)} ${entry.at} ${entry.action} ${entry.fields.join()}`;

/** Found changed outside Git since. */
function newDrift(before: ApplicationStatus | undefined, after: ApplicationStatus): Drift[] {
  const known = new Set((before?.drift ?? []).map((entry) => driftId(entry)));
  return (after.drift ?? []).filter((entry) => !known.has(driftId(entry)));
}

const driftEvents = (before: ApplicationStatus | undefined, after: ApplicationStatus): AgentEvent[] =>
  newDrift(before, after).map((entry) => {
    const end = entry.action === 'Corrected' ? 'put back' : 'left, sync.selfHeal is off';
    const message = `${nameOf(entry)} was changed outside Git (${entry.fields.join(', ')}): ${end}`;
    return { type: 'Warning', reason: `Drift${entry.action}`, message, key: `drift ${driftId(entry)}` };
  });

function phaseEvents(before: ApplicationStatus | undefined, after: ApplicationStatus): AgentEvent[] {
  const reason = readyReason(after);
  if (!isWorthTelling(before, after, reason) || isTheSame(before, after)) return [];
  return [{ type: after.phase === 'Failed' ? 'Warning' : 'Normal', reason, message: after.message ?? '' }];
}

/** A hold was told of when it began, and a commit that is being looked at is no news. */
function isWorthTelling(before: ApplicationStatus | undefined, after: ApplicationStatus, reason: string): boolean {
  if (after.phase === 'OutOfSync') return before?.phase === 'Synced' && reason === 'OutOfSync';
  // The hook has an Event of its own.
  if (reason === 'HookFailed') return false;
  return after.phase !== undefined && after.phase !== 'Held';
}

function isTheSame(before: ApplicationStatus | undefined, after: ApplicationStatus): boolean {
  if (before?.phase !== after.phase || before?.revision?.commit !== after.revision?.commit) return false;
  return after.phase !== 'Failed' || readyReason(before) === readyReason(after);
}

const readyReason = (status: ApplicationStatus | undefined): string => verdictReason(status) ?? 'Synced';

function overrideEvents(before: ApplicationStatus | undefined, after: ApplicationStatus): AgentEvent[] {
  const [last] = after.overrides ?? [];
  if (last === undefined || last.at === before?.overrides?.[0]?.at) return [];
  const { commit, reason, by, at } = last;
  const who = by === undefined ? '' : ` (set by field manager ${by})`;
  const message = `${shortCommit(commit)} is applied though a window is closed: ${reason}${who}`;
  return [{ type: 'Warning', reason: 'Overridden', message, key: `override ${commit} ${at}` }];
}

/** What the next wave waits for. */
function waitEvents(before: ApplicationStatus | undefined, after: ApplicationStatus): AgentEvent[] {
  const { message = '' } = after;
  if (readyReason(after) !== 'Waiting' || before?.message === message) return [];
  return [{ type: 'Normal', reason: 'Waiting', message }];
}

/** That it does badly, and that it does no longer: what is on its way is no news. */
function healthEvents(before: ApplicationStatus | undefined, after: ApplicationStatus): AgentEvent[] {
  const [was, is] = [before?.health?.status === 'Degraded', after.health?.status === 'Degraded'];
  if (was === is) return [];
  if (is) return [{ type: 'Warning', reason: 'Degraded', message: after.health?.message ?? '' }];
  return [{ type: 'Normal', reason: 'Recovered', message: 'nothing that is applied is degraded any more' }];
}

type Counting = Pick<AgentContext, 'metrics'>;

/** Tells of all that is new in a status. */
export const tellOf =
  (context: Pick<AgentContext, 'events' | 'metrics' | 'log'>) =>
  (before: ApplicationStatus | undefined, after: ApplicationStatus, app: Application): void => {
    const name = qualifiedName(app.metadata);
    const events = eventsBetween(before, after);
    for (const event of events) {
      context.events.emit(app, event);
      context.log.info('an application changed', { application: name, reason: event.reason, message: event.message });
    }
    countWriteBacks(name, events, context);
    for (const { kind, action } of newDrift(before, after))
      context.metrics?.drifted?.(name, kind, action === 'Corrected');
    if (!isTheSame(before, after)) countPhase(name, after, context);
  };

/** What is counted of the Events on write-backs. */
const RESULTS = new Map<string, 'Pushed' | 'Proposed' | 'Closed' | 'Failed'>([
  ['Reverted', 'Pushed'],
  ['Proposed', 'Proposed'],
  ['ProposalClosed', 'Closed'],
  ['WriteBackFailed', 'Failed'],
]);

function countWriteBacks(name: string, events: readonly AgentEvent[], { metrics }: Counting): void {
  for (const { reason } of events) {
    const result = RESULTS.get(reason);
    if (result) metrics?.writeBack?.(name, result);
  }
}

function countPhase(name: string, after: ApplicationStatus, { metrics }: Counting): void {
  const { phase } = after;
  if (phase === 'Synced' || phase === 'Held' || phase === 'Failed') metrics?.synced?.(name, phase);
  if (phase === 'Failed') metrics?.refused?.(name, readyReason(after));
}
