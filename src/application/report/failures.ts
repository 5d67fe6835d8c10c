// What failed in a pass, said on the object: in the server's own words.
import type { ApplicationStatus } from '../../api/application.ts';
import type { Failure } from '../../controller/failure.ts';
import type { AgentIntent } from '../intents.ts';

/** The status as decided where nothing failed that a person can mend; what may go away by itself is not told at once. */
export function withFailures(status: ApplicationStatus, failures: readonly Failure<AgentIntent>[]): ApplicationStatus {
  const told = failures.find(
    ({ kind, attempt }) => kind === 'refused' || (kind !== 'conflict' && attempt >= TOLD_FROM),
  );
  if (!told) return status;
  const message = `${wordFor(told.intent)}: ${told.message}; tried again`;
  const conditions = (status.conditions ?? []).map((condition) =>
    condition.type === 'Ready' ? { ...condition, status: 'False' as const, reason: told.reason, message } : condition,
  );
  return { ...status, phase: 'Failed', message, conditions };
}

/** Attempts in a row after which a failure that may go away by itself is told. */
const TOLD_FROM = 3;

const WORDS: Readonly<Record<AgentIntent['do'], string>> = {
  Poll: 'the repository could not be looked at',
  ReadBack: 'an earlier commit could not be read',
  Ask: 'other Applications could not be asked',
  Check: 'objects could not be tried',
  TakeOver: 'fields of kubectl could not be taken over',
  Apply: 'objects could not be applied',
  CreateHook: 'a hook could not be created',
  DeleteHook: 'the object of a hook could not be deleted',
  EndHookRetry: 'the annotation retry could not be taken off',
  Retire: 'a Rollout could not be asked to hand back what it drives',
  Unretire: 'a Rollout could not be told that it is declared again',
  Inspect: 'what is still held could not be looked at',
  Delete: 'objects that have left Git could not be deleted',
  Disown: 'an object could not be left to another Application',
  KeepSnapshot: 'the stable revision could not be kept',
  DropSnapshot: 'the record of a Rollout that has left Git could not be deleted',
  EndRetry: 'the annotation retry could not be taken off',
  Push: 'the revert could not be pushed',
  Propose: 'the pull request could not be opened',
  LookAt: 'the pull request could not be looked at',
  Withdraw: 'the pull request could not be closed',
  Note: 'notes could not be pushed',
};

const wordFor = (intent: AgentIntent | undefined): string =>
  intent === undefined ? 'the Application could not be looked at' : WORDS[intent.do];
