// The status of an Application: what a person reads, and the conditions tools wait for. Pure.
import type { Application, ApplicationStatus, ResourceStatus } from '../../api/application.ts';
import type { Condition } from '../../api/k8s.ts';
import { shortCommit } from '../../api/revision.ts';
import { describeHold, type Stuck } from '../revert/hold.ts';
import { describeReturn } from '../revert/returns.ts';
import { nameOf } from '../../api/object-key.ts';
import type { AppState } from '../state.ts';
import { revisionRef } from '../state.ts';

export interface PassResult {
  resources: ResourceStatus[];
  refusedEmpty: boolean;
  /** Rejected revisions that cannot be taken back. */
  stuck: readonly Stuck[];
}

interface Verdict {
  phase: NonNullable<ApplicationStatus['phase']>;
  reason: string;
  message: string;
}

const MAX_HISTORY = 10;

/** The status after a pass; `now` is RFC 3339. Equal input gives an equal status. */
export function nextStatus(app: Application, state: AppState, pass: PassResult, now: string): ApplicationStatus {
  const before = state.status;
  const verdict = verdictOf(app, state, pass);
  const status: ApplicationStatus = {
    ...before,
    observedGeneration: app.metadata.generation ?? 0,
    phase: verdict.phase,
    message: verdict.message,
    resources: sorted(pass.resources),
  };
  if (state.attempted) status.attempted = state.attempted;
  if (state.rendered) applied(status, revisionRef(state.rendered.commit, app.spec.source.repoURL), verdict, now);
  status.conditions = conditions(app, state, pass, { verdict, now });
  return status;
}

function applied(
  status: ApplicationStatus,
  revision: NonNullable<ApplicationStatus['revision']>,
  verdict: Verdict,
  now: string,
): void {
  const result = `${verdict.phase}: ${verdict.message}`.slice(0, 1024);
  const history = status.history ?? [];
  if (status.revision?.commit !== revision.commit) {
    status.syncedAt = now;
    status.history = [{ revision, at: now, result }, ...history].slice(0, MAX_HISTORY);
  } else if (history[0] && history[0].revision.commit === revision.commit && history[0].result !== result) {
    status.history = [{ ...history[0], result }, ...history.slice(1)];
  }
  status.revision = revision;
}

function verdictOf(app: Application, state: AppState, pass: PassResult): Verdict {
  if (app.spec.suspend) return { phase: 'Suspended', reason: 'Suspended', message: 'suspended by spec.suspend' };
  const held = (state.status.holds ?? []).map((hold) => describeHold(hold)).join('; ');
  const { failure } = state;
  if (failure) {
    const message = [`${failure.message}${lastGood(state)}`, held].filter((part) => part !== '').join('; ');
    return { phase: 'Failed', reason: failure.reason, message };
  }
  const failed = pass.resources.filter(({ status }) => status === 'Failed');
  if (failed.length > 0) return { phase: 'Failed', reason: 'ApplyFailed', message: listed(failed) };
  if (pass.refusedEmpty) {
    const message = 'the commit declares nothing; set sync.allowEmpty to have everything deleted';
    return { phase: 'Failed', reason: 'EmptyRender', message };
  }
  if (held !== '') return { phase: 'Held', reason: 'Held', message: held };
  const returning = (state.status.returns ?? []).map((each) => describeReturn(each)).join('; ');
  if (returning !== '') return { phase: 'OutOfSync', reason: 'Returning', message: returning };
  const astray = pass.resources.filter(({ status }) => status === 'OutOfSync' || status === 'Missing');
  if (astray.length > 0) return { phase: 'OutOfSync', reason: 'OutOfSync', message: listed(astray) };
  const commit = state.rendered?.commit;
  const message = commit
    ? `${shortCommit(commit.oid)} is applied: ${commit.subject.slice(0, 200)}`
    : 'nothing was read yet';
  return { phase: 'Synced', reason: 'Synced', message };
}

const lastGood = (state: AppState): string =>
  state.rendered ? `; ${shortCommit(state.rendered.commit.oid)} stays applied` : '';

const listed = (entries: readonly ResourceStatus[]): string =>
  entries
    .slice(0, 5)
    .map((entry) => `${nameOf(entry)}: ${entry.message ?? entry.status}`)
    .join('; ') + (entries.length > 5 ? `; and ${entries.length - 5} more` : '');

function conditions(
  app: Application,
  state: AppState,
  pass: PassResult,
  at: { verdict: Verdict; now: string },
): Condition[] {
  const list = [...(state.status.conditions ?? [])];
  const { reason, message, phase } = at.verdict;
  const generation = app.metadata.generation ?? 0;
  const put = (type: string, status: boolean, why: string, text: string): void => {
    const index = list.findIndex((condition) => condition.type === type);
    const next: Condition = {
      type,
      status: status ? 'True' : 'False',
      reason: why,
      message: text,
      lastTransitionTime: at.now,
      observedGeneration: generation,
    };
    const known = list[index];
    if (known?.status === next.status) next.lastTransitionTime = known.lastTransitionTime;
    if (index === -1) list.push(next);
    else list[index] = next;
  };
  put('Ready', phase === 'Synced', reason, message);
  const stuck = [...pass.stuck.map((each) => each.message), state.problems.snapshot ?? ''].filter(
    (text) => text !== '',
  );
  if (stuck.length > 0) put('RevertReady', false, pass.stuck[0]?.reason ?? 'SnapshotTooLarge', stuck.join('; '));
  else put('RevertReady', true, 'Ready', 'stable revisions are on record');
  const mode = app.spec.writeBack?.onAbort ?? 'None';
  if (mode === 'PullRequest')
    put(
      'WriteBackReady',
      false,
      'NotAvailable',
      'writeBack.onAbort: PullRequest is not available yet; use Commit or None',
    );
  else if (state.problems.writeBack !== undefined)
    put('WriteBackReady', false, 'WriteBackFailed', state.problems.writeBack);
  else
    put(
      'WriteBackReady',
      true,
      mode === 'None' ? 'Disabled' : 'Ready',
      mode === 'None' ? 'writeBack.onAbort is None' : 'reverts are pushed',
    );
  return list;
}

const sorted = (resources: readonly ResourceStatus[]): ResourceStatus[] =>
  [...resources].sort((a, b) => (order(a) < order(b) ? -1 : 1));
const order = ({ group, kind, namespace, name }: ResourceStatus): string =>
  `${kind}/${group}/${namespace ?? ''}/${name}`;
