// Standard conditions with Argo Rollouts' types and reasons; `lastTransitionTime` moves with `status` alone.
import type { Condition } from '../api/k8s.ts';
import type { Issue } from '../api/result.ts';
import { textOfIssues } from './announcements.ts';
import * as facts from './facts.ts';
import { replicasOf, type Observed } from './observed.ts';
import { isWaiting, type Phase } from './phase.ts';
import type { Outcome } from './outcome.ts';

interface Draft {
  type: string;
  status: boolean;
  reason: string;
  message: string;
}

const seconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

function progressing(seen: Observed, { state, memory }: Outcome, message: string): Draft {
  const of = (status: boolean, reason: string): Draft => ({ type: 'Progressing', status, reason, message });
  if (state === 'aborted') return of(false, 'RolloutAborted');
  if (isWaiting(state) && facts.deadlineExceeded(seen, memory)) return of(false, 'ProgressDeadlineExceeded');
  if (state === 'settled')
    return { ...of(true, 'NewReplicaSetAvailable'), message: `revision ${memory.stable ?? ''} is promoted` };
  if (state === 'updating.pausing' || facts.isPaused(seen, memory)) return of(false, 'RolloutPaused');
  return of(true, 'ReplicaSetUpdated');
}

const issueDraft = (type: string, issues: readonly Issue[]): Draft[] =>
  issues.length === 0 ? [] : [{ type, status: true, reason: type, message: textOfIssues(issues) }];

function drafts(seen: Observed, outcome: Outcome, phase: Phase, message: string): Draft[] {
  const available = seen.replicaSets.reduce((sum, rs) => sum + rs.available, 0);
  const enough = available >= replicasOf(seen);
  const paused = phase === 'Paused';
  const complete = outcome.state === 'settled' && outcome.memory.stable === seen.declared;
  return [
    ...issueDraft('InvalidSpec', seen.issues),
    ...issueDraft('InvalidAnnotation', seen.malformed ?? []),
    progressing(seen, outcome, message),
    {
      type: 'Available',
      status: enough,
      reason: enough ? 'AvailableReason' : 'MinimumReplicasUnavailable',
      message: `${available} of ${replicasOf(seen)} pods are available`,
    },
    { type: 'Paused', status: paused, reason: paused ? 'RolloutPaused' : 'NotPaused', message: paused ? message : '' },
    {
      type: 'Completed',
      status: complete,
      reason: complete ? 'RolloutCompleted' : 'RolloutNotCompleted',
      message: complete ? 'the declared revision is the stable one' : message,
    },
    { type: 'Healthy', status: phase === 'Healthy', reason: `Rollout${phase}`, message },
  ];
}

export function conditionsOf(seen: Observed, outcome: Outcome, phase: Phase, message: string): Condition[] {
  return drafts(seen, outcome, phase, message).map((draft) => {
    const before = seen.status.conditions?.find((c) => c.type === draft.type);
    const status = draft.status ? 'True' : 'False';
    const since = before?.status === status ? before.lastTransitionTime : seconds(seen.now);
    return { type: draft.type, status, reason: draft.reason, message: draft.message, lastTransitionTime: since };
  });
}
