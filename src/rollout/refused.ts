// The status of a Rollout some of whose writes could not be made: it never says better than it is, and gives the server's own words.
import type { Condition } from '../api/k8s.ts';
import type { RolloutStatus } from '../api/rollout.ts';
import type { Announcement } from './announcements.ts';
import { shortHash } from './hash.ts';
import { movesTraffic, type Intent } from './intents.ts';
import { time } from './time.ts';

/** A write that failed, and is worth telling of. */
export interface Unmade {
  readonly intent: Intent | undefined;
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

const TYPE = 'ReconciliationError';
const WHAT: Record<Intent['do'], string> = {
  SetWeights: 'the weights cannot be set',
  SwitchSelector: 'a selector cannot be switched',
  CreateReplicaSet: 'the ReplicaSet cannot be created',
  ScaleReplicaSet: 'the ReplicaSet cannot be scaled',
  StartRun: 'the analysis run cannot be started',
  EndRun: 'the analysis run cannot be ended',
  TakeCommand: 'the command cannot be taken',
  RestoreTemplate: 'the template cannot be restored',
  RestartPods: 'the pods cannot be restarted',
  SetPodMetadata: 'labels and annotations of pods cannot be set',
  AdoptReplicaSet: 'a ReplicaSet that nobody controls cannot be taken over',
  DeleteReplicaSet: 'an old ReplicaSet cannot be deleted',
  DeleteRun: 'an old analysis run cannot be deleted',
};

/** Where the traffic was when it was decided to move it. */
export type Traffic = Pick<RolloutStatus, 'weight' | 'canary' | 'blueGreen'>;

/** `recorded`: the status as it is in the cluster. */
export function withUnmade(
  status: RolloutStatus,
  recorded: RolloutStatus | undefined,
  unmade: readonly Unmade[],
  { now, traffic }: { now: number; traffic: Traffic },
): RolloutStatus {
  const [first] = unmade;
  if (first === undefined) return status;
  const message = textOf(first, unmade.length - 1);
  const before = recorded?.conditions?.find((c) => c.type === TYPE);
  const since = time(now);
  const condition: Condition = {
    type: TYPE,
    status: 'True',
    reason: first.reason,
    message,
    lastTransitionTime: before?.lastTransitionTime ?? since,
  };
  const shown = unmade.some(({ intent }) => intent !== undefined && movesTraffic(intent))
    ? { ...status, ...traffic }
    : status;
  const isWorse = shown.phase === 'Degraded';
  const told = isWorse ? `${shown.message ?? ''}; ${message}` : `${TYPE}: ${message}`;
  return {
    ...shown,
    phase: 'Degraded',
    message: told,
    conditions: [condition, ...(shown.conditions ?? []).map((c) => unhealthy(c, recorded, told, since))],
  };
}

/** What could not be done, in the server's own words, and how much more. */
function textOf({ intent, message }: Unmade, more: number): string {
  const text = `${intent === undefined ? 'the pass failed' : WHAT[intent.do]}: ${message}`;
  return more > 0 ? `${text} (and ${more} more)` : text;
}

function unhealthy(condition: Condition, recorded: RolloutStatus | undefined, message: string, now: string): Condition {
  if (condition.type !== 'Healthy') return condition;
  const before = recorded?.conditions?.find((c) => c.type === 'Healthy');
  const since = before?.status === 'False' ? before.lastTransitionTime : now;
  return { ...condition, status: 'False', reason: 'RolloutDegraded', message, lastTransitionTime: since };
}

/** A refusal that the status before did not have. */
export function refusalTold(before: RolloutStatus | undefined, after: RolloutStatus): Announcement[] {
  const of = (status: RolloutStatus | undefined): Condition | undefined =>
    status?.conditions?.find((c) => c.type === TYPE);
  const now = of(after);
  if (now === undefined || of(before)?.message === now.message) return [];
  const key = `error/${now.lastTransitionTime}/${shortHash(now.message)}`;
  return [{ type: 'Warning', reason: TYPE, message: now.message, key }];
}
