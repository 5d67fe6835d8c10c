// Standard conditions with Argo Rollouts' types and reasons; `lastTransitionTime` moves with `status` alone.
import type { Condition } from '../api/k8s.ts';
import type { Issue } from '../api/result.ts';
import { textOfIssues } from './announcements.ts';
import { CONTESTED, textOfContests } from './contest.ts';
import { replicasOf, type Observed } from './observed.ts';
import { hasTag } from './place.ts';
import { deadlineExceeded } from './rejection.ts';
import { isPaused, type Situation } from './situation.ts';
import { rowOf, type Phase } from './states.ts';
import { time } from './time.ts';

interface Draft {
  type: string;
  status: boolean;
  reason: string;
  message: string;
}

function progressing(situation: Situation, message: string): Draft {
  const { memory, place } = situation;
  const of = (status: boolean, reason: string, text = message): Draft => {
    return { type: 'Progressing', status, reason, message: text };
  };
  const [status, reason] = rowOf(situation).progress;
  if (hasTag(place, 'rejected')) return of(status, reason);
  if (deadlineExceeded(situation)) return of(false, 'ProgressDeadlineExceeded');
  if (hasTag(place, 'done')) return of(status, reason, `revision ${memory.stable ?? ''} is promoted`);
  return isPaused(situation) ? of(false, 'RolloutPaused') : of(status, reason);
}

const issueDraft = (type: string, issues: readonly Issue[]): Draft[] =>
  issues.length === 0 ? [] : [{ type, status: true, reason: type, message: textOfIssues(issues) }];

const contested = ({ contests = [] }: Observed): Draft[] =>
  contests.length === 0
    ? []
    : [{ type: CONTESTED, status: true, reason: 'AnotherWriter', message: textOfContests(contests) }];

function drafts(situation: Situation, phase: Phase, message: string): Draft[] {
  const { seen, memory, place } = situation;
  const available = seen.replicaSets.reduce((sum, rs) => sum + rs.available, 0);
  const enough = available >= replicasOf(seen);
  const paused = phase === 'Paused';
  const complete = hasTag(place, 'done') && memory.stable === seen.declared;
  return [
    ...issueDraft('InvalidSpec', seen.issues),
    ...issueDraft('InvalidAnnotation', seen.malformed ?? []),
    ...contested(seen),
    progressing(situation, message),
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

export function conditionsOf(situation: Situation, phase: Phase, message: string): Condition[] {
  const { seen } = situation;
  return drafts(situation, phase, message).map((draft) => {
    const before = seen.status.conditions?.find((c) => c.type === draft.type);
    const status = draft.status ? 'True' : 'False';
    const since = before?.status === status ? before.lastTransitionTime : time(seen.now);
    return { type: draft.type, status, reason: draft.reason, message: draft.message, lastTransitionTime: since };
  });
}
