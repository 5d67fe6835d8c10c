// The status of an Application: what a person reads, and the conditions tools wait for. Pure; equal input gives an equal status.
import type { ApplicationStatus, Hold, ResourceStatus } from '../../api/application.ts';
import type { Condition } from '../../api/k8s.ts';
import { nameOf, objectIdOf, objectKey, type ObjectKey } from '../../api/object-key.ts';
import { shortCommit } from '../../api/revision.ts';
import { toTime } from '../../ports/clock.ts';
import { describeHold, describeProposal, type HoldDecision } from '../revert/hold.ts';
import { describeReturn, type ReturnDecision } from '../revert/returns.ts';
import { revisionRef } from '../revision.ts';
import type { Declared, Seen, SourceFailure } from '../seen.ts';
import type { HookDecision } from '../sync/hooks/decide.ts';
import { declaredHash } from '../sync/news.ts';
import type { PrunePlan } from '../sync/prune.ts';
import type { Waiting } from '../sync/waiting.ts';
import type { Override } from '../sync/windows.ts';
import type { Gate } from '../sync/waves.ts';
import { degraded } from './degraded.ts';
import { noBranchText } from './due.ts';
import { obstacleTo, proposes } from './proposal.ts';
import { overall, readyBy, verdictReason } from './health.ts';
import { said, type Said, type Verdict } from './said.ts';

export interface StatusInput {
  seen: Seen;
  /** What is in force. */
  accepted: Declared | undefined;
  /** Why the newest commit is not. */
  failure: SourceFailure | undefined;
  holding: HoldDecision;
  returning: Pick<ReturnDecision, 'returns'>;
  resources: ResourceStatus[];
  refusedEmpty: boolean;
  unconfirmed?: PrunePlan['unconfirmed'];
  /** What later waves of the commit wait for. */
  gate?: Gate | undefined;
  /** Why the newest commit is not applied yet. */
  waiting?: Waiting | undefined;
  /** Who has it applied though a window is closed. */
  override?: Override | undefined;
  /** Undefined leaves what is on record. */
  hooks?: HookDecision;
  problems: { snapshot?: string | undefined; writeBack?: string | undefined };
  /** Objects that are left as others changed them. */
  reported: readonly { key: ObjectKey; fields: string[] }[];
  /** Outcomes kept as Git notes; undefined leaves what is on record. */
  notes: ApplicationStatus['notes'] | undefined;
  /** Pull requests that are to be closed. */
  withdrawals: NonNullable<ApplicationStatus['withdrawals']>;
  stable: ApplicationStatus['stable'] | undefined;
}

type Drift = NonNullable<ApplicationStatus['drift']>[number];

const MAX_HISTORY = 10;
const MAX_DRIFT = 20;
const MAX_OVERRIDES = 10;

export function nextStatus(input: StatusInput): ApplicationStatus {
  const { seen, accepted, holding } = input;
  const verdict = verdictOf(input);
  const status: ApplicationStatus = {
    ...seen.status,
    observedGeneration: seen.app.metadata.generation ?? 0,
    phase: verdict.phase,
    message: verdict.message,
    health: overall(input.resources),
    resources: sorted(input.resources),
    holds: [...holding.holds],
  };
  fillOptional(status, input);
  if (accepted) applied(status, accepted, verdict, input);
  status.conditions = conditions(input, verdict);
  return status;
}

/** Fields that are there only where they have something to say. */
function fillOptional(status: ApplicationStatus, input: StatusInput): void {
  const { seen, notes, returning, stable, withdrawals, override } = input;
  if (notes !== undefined) status.notes = notes;
  if (status.holds?.length === 0 && seen.status.holds === undefined) delete status.holds;
  put(status, 'returns', filled(returning.returns));
  put(status, 'withdrawals', filled(withdrawals));
  put(status, 'stable', stable);
  put(status, 'overrides', withOverride(status.overrides, override));
  hooksOf(status, input.hooks);
  const drift = driftOf(input);
  if (drift.length > 0) status.drift = drift;
  if (seen.source.attempted) status.attempted = seen.source.attempted;
}

/** Each once, however often it is looked at before the commit is taken. */
function withOverride(known: Override[] | undefined, next: Override | undefined): Override[] | undefined {
  if (next === undefined || known?.some(({ commit, reason }) => commit === next.commit && reason === next.reason))
    return known;
  return [next, ...(known ?? [])].slice(0, MAX_OVERRIDES);
}

const filled = <T>(list: T[]): T[] | undefined => (list.length === 0 ? undefined : list);

function put<K extends keyof ApplicationStatus>(
  status: ApplicationStatus,
  field: K,
  value: ApplicationStatus[K],
): void {
  if (value === undefined) delete status[field];
  else status[field] = value;
}

function hooksOf(status: ApplicationStatus, hooks: HookDecision | undefined): void {
  if (hooks === undefined || hooks.record === 'leave') return;
  put(status, 'hooks', hooks.record);
}

function applied(status: ApplicationStatus, accepted: Declared, verdict: Verdict, { seen }: StatusInput): void {
  const revision = revisionRef(accepted.commit, seen.app.spec.source.repoURL);
  const now = toTime(seen.now);
  const result = `${verdict.phase}: ${verdict.message}`.slice(0, 1024);
  const history = status.history ?? [];
  if (status.revision?.commit !== revision.commit) {
    status.syncedAt = now;
    status.history = [{ revision, at: now, result }, ...history].slice(0, MAX_HISTORY);
  } else if (
    !['Progressing', 'Waiting'].includes(verdict.reason) &&
    history[0]?.revision.commit === revision.commit &&
    history[0].result !== result
  ) {
    status.history = [{ ...history[0], result }, ...history.slice(1)];
  }
  put(status, 'signature', signerOf(accepted, status));
  status.revision = revision;
  status.contentHash = declaredHash(accepted);
  put(status, 'rendering', accepted.rendered);
}

/** One that was read back is not looked at for its signature once more. */
function signerOf({ signature, commit }: Declared, known: ApplicationStatus): ApplicationStatus['signature'] {
  if (signature === undefined) return known.revision?.commit === commit.oid ? known.signature : undefined;
  if (!signature.good) return undefined;
  const { signer, key } = signature;
  return { signer: signer.slice(0, 1024), key: key.slice(0, 256) };
}

/** What was put back since, and what is left as it is and was not told yet. */
function driftOf({ seen, reported, resources }: StatusInput): Drift[] {
  const known = seen.status.drift ?? [];
  const put = seen.memory.drift.filter((entry) => !known.some((one) => idOf(one) === idOf(entry)));
  const left = reported.flatMap(({ key, fields }): Drift[] => {
    const last = known.find((entry) => objectKey(entry) === key && entry.action === 'Reported');
    if (last?.fields.join() === fields.join()) return [];
    const version = resources.find((entry) => objectKey(entry) === key)?.version ?? '';
    return [{ ...objectIdOf(key), version, at: toTime(seen.now), fields, action: 'Reported' }];
  });
  return [...left, ...put, ...known].slice(0, MAX_DRIFT);
}

const idOf = (entry: Drift): string => `${objectKey(entry)} ${entry.at} ${entry.action} ${entry.fields.join()}`;

function verdictOf(input: StatusInput): Verdict {
  const { seen, accepted, failure, holding } = input;
  if (seen.app.spec.suspend) return { phase: 'Suspended', reason: 'Suspended', message: 'suspended by spec.suspend' };
  const held = holding.holds.map((hold) => describeHold(hold)).join('; ');
  if (failure) {
    const message = [`${failure.message}${lastGood(accepted)}`, held].filter((part) => part !== '').join('; ');
    return { phase: 'Failed', reason: failure.reason, message };
  }
  const failed = input.resources.filter(({ status }) => status === 'Failed');
  if (failed.length > 0) return { phase: 'Failed', reason: 'ApplyFailed', message: listed(failed) };
  if (input.refusedEmpty) {
    const message = 'the commit declares nothing; set sync.allowEmpty to have everything deleted';
    return { phase: 'Failed', reason: 'EmptyRender', message };
  }
  if (held !== '') return { phase: 'Held', reason: 'Held', message: withWait(held, input) };
  const onItsWay = underWay(input);
  if (onItsWay) return onItsWay;
  return accepted ? withUnconfirmed(inForce(seen, accepted), input.unconfirmed) : unread(seen);
}

/** Something is still to come, by itself. */
function underWay(input: StatusInput): Verdict | undefined {
  const returning = input.returning.returns.map((each) => describeReturn(each)).join('; ');
  if (returning !== '') return { phase: 'OutOfSync', reason: 'Returning', message: returning };
  if (input.waiting) return waits(input.seen, input.accepted, input.waiting);
  const next = waitsFor(input);
  if (next) return next;
  const astray = input.resources.filter(({ status }) => status === 'OutOfSync' || status === 'Missing');
  return astray.length === 0 ? undefined : { phase: 'OutOfSync', reason: 'OutOfSync', message: listed(astray) };
}

function withWait(message: string, { waiting, gate, seen }: StatusInput): string {
  if (waiting) return `${message}; ${newestOf(seen)} ${waiting.text}`;
  if (gate) return `${message}; the next wave ${gate.isDegraded ? 'is not applied: ' : ''}${gate.text}`;
  return message;
}

const newestOf = ({ source: { newest } }: Seen): string => shortCommit(newest?.commit.oid ?? '');

function waits(seen: Seen, accepted: Declared | undefined, { text, isStuck }: Waiting): Verdict {
  const message = `${newestOf(seen)} ${text}${lastGood(accepted)}`;
  return isStuck
    ? { phase: 'Failed', reason: 'DependencyCycle', message }
    : { phase: 'OutOfSync', reason: 'Waiting', message };
}

/** A hook, or the next wave. */
function waitsFor({ hooks, gate, accepted }: StatusInput): Verdict | undefined {
  if (hooks?.waiting === undefined) return gate && atGate(gate);
  return { phase: 'OutOfSync', reason: 'HookRunning', message: `${hooks.waiting}${lastGood(accepted)}` };
}

function atGate({ isDegraded, text }: Gate): Verdict {
  if (!isDegraded) return { phase: 'OutOfSync', reason: 'Waiting', message: `the next wave ${text}` };
  return { phase: 'Failed', reason: 'WaveDegraded', message: `${text}; what comes after it is not applied` };
}

function withUnconfirmed(verdict: Verdict, unconfirmed: StatusInput['unconfirmed']): Verdict {
  if (unconfirmed === undefined || verdict.phase !== 'Synced') return verdict;
  const { count, annotation } = unconfirmed;
  const message = `${verdict.message}; ${count} objects that have left Git are kept until the Application is annotated ${annotation}`;
  return { ...verdict, message };
}

/** What an earlier process said of this very spec holds until the repository has been read: a restart is no news. */
function unread({ status, app }: Seen): Verdict {
  const { phase, message = '', observedGeneration } = status;
  const reason = verdictReason(status);
  if (phase !== undefined && reason !== undefined && observedGeneration === app.metadata.generation)
    return { phase, reason, message };
  return { phase: 'OutOfSync', reason: 'Progressing', message: 'the repository is being read' };
}

function inForce(seen: Seen, { commit, desired, hooks, skipped, leftOut, id }: Declared): Verdict {
  if (seen.source.newest && seen.source.newest.id !== id) {
    const message = `${shortCommit(seen.source.newest.commit.oid)} is being looked at; ${shortCommit(commit.oid)} stays applied`;
    return { phase: 'OutOfSync', reason: 'Progressing', message };
  }
  const { path } = seen.app.spec.source;
  const where = path === undefined || path === '' ? 'the repository' : path;
  if (desired.length + hooks.length === 0) {
    const message = `there are no manifests in ${where} at ${shortCommit(commit.oid)}${skippedText(skipped)}`;
    return { phase: 'Synced', reason: 'NothingDeclared', message };
  }
  const subject = commit.subject.slice(0, 200);
  return {
    phase: 'Synced',
    reason: 'Synced',
    message: `${shortCommit(commit.oid)} is applied: ${subject}${skippedText(skipped)}${leftOutText(leftOut)}`,
  };
}

const MAX_SKIPPED = 3;

const skippedText = (skipped: readonly string[]): string =>
  skipped.length === 0 ? '' : `; skipped, as they have neither apiVersion nor kind: ${someOf(skipped)}`;

/** Objects that say by an annotation that they are for other moments than a sync. */
const leftOutText = (leftOut: readonly string[]): string =>
  leftOut.length === 0 ? '' : `; hooks that nothing here runs: ${someOf(leftOut)}`;

const someOf = (names: readonly string[]): string =>
  `${names.slice(0, MAX_SKIPPED).join(', ')}${names.length > MAX_SKIPPED ? ` and ${names.length - MAX_SKIPPED} more` : ''}`;

const lastGood = (accepted: Declared | undefined): string =>
  accepted ? `; ${shortCommit(accepted.commit.oid)} stays applied` : '';

const listed = (entries: readonly ResourceStatus[]): string =>
  entries
    .slice(0, 5)
    .map((entry) => `${nameOf(entry)}: ${entry.message ?? entry.status}`)
    .join('; ') + (entries.length > 5 ? `; and ${entries.length - 5} more` : '');

function conditions(input: StatusInput, verdict: Verdict): Condition[] {
  const { seen } = input;
  const list = [...(seen.status.conditions ?? [])];
  for (const next of [readyBy(verdict, input.resources), degraded(input), revertReady(input), writeBackReady(input)]) {
    const index = list.findIndex(({ type }) => type === next.type);
    const known = list[index];
    const lastTransitionTime = known?.status === next.status ? known.lastTransitionTime : toTime(seen.now);
    const condition = { ...next, lastTransitionTime, observedGeneration: seen.app.metadata.generation ?? 0 };
    if (index === -1) list.push(condition);
    else list[index] = condition;
  }
  return list;
}

function revertReady({ holding, problems }: StatusInput): Said {
  const stuck = [...holding.stuck.map(({ message }) => message), problems.snapshot ?? ''].filter((text) => text !== '');
  if (stuck.length === 0) return said('RevertReady', true, 'Ready', 'stable revisions are on record');
  const reason = holding.stuck[0]?.reason ?? 'SnapshotTooLarge';
  return said('RevertReady', false, reason, stuck.join('; '));
}

function writeBackReady({ seen, problems, holding }: StatusInput): Said {
  const mode = seen.app.spec.writeBack?.onAbort ?? 'None';
  const obstacle = mode === 'None' ? undefined : obstacleIn(seen);
  if (obstacle) return said('WriteBackReady', false, obstacle.reason, obstacle.message);
  if (problems.writeBack !== undefined) return said('WriteBackReady', false, 'WriteBackFailed', problems.writeBack);
  const closed = proposalsIn(holding.holds, 'Closed');
  if (closed !== undefined) return said('WriteBackReady', false, 'Closed', `${closed}: what is held stays held`);
  const proposed = proposalsIn(holding.holds, 'Proposed');
  if (proposed !== undefined) return said('WriteBackReady', true, 'Proposed', proposed);
  if (mode === 'None') return said('WriteBackReady', true, 'Disabled', 'writeBack.onAbort is None');
  const how = mode === 'Commit' ? 'reverts are pushed' : 'reverts are proposed by pull requests';
  return said('WriteBackReady', true, 'Ready', how);
}

/** Why nothing can be written back, whatever is rejected. */
function obstacleIn({ app, source: { newest } }: Seen): { reason: string; message: string } | undefined {
  if (newest && newest.branch === undefined) return { reason: 'NoBranch', message: noBranchText(app) };
  return proposes(app) ? obstacleTo(app) : undefined;
}

/** What has become of pull requests, each once. */
function proposalsIn(holds: readonly Hold[], state: 'Proposed' | 'Closed'): string | undefined {
  const all = holds
    .filter(({ writeBack }) => writeBack?.state === state)
    .map(({ writeBack }) => describeProposal(writeBack));
  return all.length === 0 ? undefined : [...new Set(all)].join('; ');
}

const sorted = (resources: readonly ResourceStatus[]): ResourceStatus[] =>
  [...resources].sort((a, b) => (order(a) < order(b) ? -1 : 1));
const order = ({ group, kind, namespace, name }: ResourceStatus): string =>
  `${kind}/${group}/${namespace ?? ''}/${name}`;
