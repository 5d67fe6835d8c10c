// Events: what happened, in the words a person reads in `kubectl describe`. Each carries a key that makes a repeat a no-op.
import type { Issue } from '../api/result.ts';
import { CONTESTED, textOfContests } from './contest.ts';
import type { Observed } from './observed.ts';
import { revisionName } from './revision-name.ts';
import { shortHash } from './hash.ts';
import type { Known } from './known.ts';
import type { Outcome } from './outcome.ts';
import { releaseKey, RUN_TEXTS } from './runs.ts';
import { tellStage } from './stages/stages.ts';
import { stepText } from './stages/step-text.ts';
import { time } from './time.ts';
import type { Transition } from './transitions.ts';

export interface Announcement {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly key: string;
  /** Place among the Events of the Rollout, so that those of one second read in order. */
  readonly rank?: number | undefined;
  /** The release whose finished steps may be told of in the same breath. */
  readonly release?: string | undefined;
  /** It tells of nothing but steps that ended by themselves: it may wait for what they lead to. */
  readonly finished?: FinishedSteps | undefined;
}

/** Steps in a row, counted from 0. */
export interface FinishedSteps {
  readonly first: number;
  readonly last: number;
  readonly of: number;
  /** What each of them was. */
  readonly what: readonly string[];
}

function stageText({ plan }: Observed, index: number): string {
  const stage = plan.stages[index];
  return stage === undefined ? 'the end' : tellStage(stage);
}

/** As `Step 2/5`, to begin with. */
const at = ({ plan }: Observed, stage: number): string => stepText(plan, stage).replace('step', 'Step');

type StageDone = Extract<Transition, { kind: 'StageDone' }>;
type Told = Pick<Announcement, 'type' | 'reason' | 'message'>;

const range = ({ first, last }: FinishedSteps, plus: number): string =>
  first === last ? String(first + plus) : `${first + plus}-${last + plus}`;

function stepsText(steps: FinishedSteps, how: 'skipped' | 'completed'): string {
  const which = steps.first === steps.last ? 'Step' : 'Steps';
  return `${which} ${range(steps, 1)}/${steps.of} ${how} (${steps.what.join(', ')})`;
}

/** Steps in a row that ended alike in one decision are told of together: each Event is a write. */
function stepsDone(seen: Observed, release: string, done: readonly StageDone[]): Omit<Announcement, 'rank'> {
  const [first, last] = [done[0]?.stage ?? 0, done.at(-1)?.stage ?? 0];
  const steps = { first, last, of: seen.plan.stages.length, what: done.map(({ stage }) => stageText(seen, stage)) };
  return done[0]?.skipped
    ? { ...completed(release, steps), message: stepsText(steps, 'skipped') }
    : { ...completed(release, steps), release, finished: steps };
}

function completed(release: string, steps: FinishedSteps): Omit<Announcement, 'rank'> {
  const key = `${release}/StepDone/${range(steps, 0)}`;
  return { type: 'Normal', reason: 'RolloutStepCompleted', message: stepsText(steps, 'completed'), key };
}

/** The steps of both in one announcement, where the ones follow on the others. */
export function inARow(before: Announcement, after: Announcement): Announcement | undefined {
  const [a, b] = [before.finished, after.finished];
  const { release } = before;
  if (a === undefined || b === undefined || release === undefined || release !== after.release) return undefined;
  if (b.first !== a.last + 1 || a.of !== b.of) return undefined;
  const finished = { first: a.first, last: b.last, of: a.of, what: [...a.what, ...b.what] };
  return { ...after, ...completed(release, finished), release, finished };
}

/** Transitions in order, neighbouring ends of steps in one group. */
function grouped(transitions: readonly Transition[]): (StageDone[] | Exclude<Transition, StageDone>)[] {
  const groups: (StageDone[] | Exclude<Transition, StageDone>)[] = [];
  for (const h of transitions) {
    const last = groups.at(-1);
    if (h.kind !== 'StageDone') groups.push(h);
    else if (Array.isArray(last) && last[0]?.skipped === h.skipped) last.push(h);
    else groups.push([h]);
  }
  return groups;
}

/** Ranks a release takes up; more than its steps can need. */
const RANKS = 1000;
const FIRST_AND_LAST = { Superseded: 0, RolledBack: 1, Begun: 2, Retried: 2, Promoted: RANKS - 2, Aborted: RANKS - 1 };

/** Place of a transition within its release: a step's end comes before the next one's beginning. */
function placeOf(transition: Transition): number {
  if (transition.kind === 'StageDone') return 12 + 2 * transition.stage;
  return 'stage' in transition ? 11 + 2 * transition.stage : FIRST_AND_LAST[transition.kind];
}

/** What finished steps lead to. An abort speaks for itself. */
const LED_TO_BY_STEPS = new Set<Transition['kind']>(['Paused', 'Inconclusive', 'Promoted']);

/** What tells a transition from others of its kind in the same release. */
function whichOf(transition: Exclude<Transition, StageDone>): string | number {
  if ('hash' in transition) return transition.hash;
  return transition.kind === 'Inconclusive' && transition.of !== 'Stage' ? transition.of : transition.stage;
}

function tell({ seen, memory }: Known, group: StageDone[] | Exclude<Transition, StageDone>): Announcement {
  const release = releaseKey(memory);
  const last = Array.isArray(group) ? group.at(-1) : group;
  const rank = memory.attempt * RANKS + (last === undefined ? 0 : placeOf(last));
  if (Array.isArray(group)) return { ...stepsDone(seen, release, group), rank };
  const told = { ...announce(seen, group), key: `${release}/${group.kind}/${whichOf(group)}`, rank };
  return LED_TO_BY_STEPS.has(group.kind) ? { ...told, release } : told;
}

function unsureText(seen: Observed, { of, stage }: Extract<Transition, { kind: 'Inconclusive' }>): string {
  const which = of === 'Stage' ? `${at(seen, stage)}: the analysis` : `The ${RUN_TEXTS[of]}`;
  return `${which} is inconclusive; promote or abort`;
}

function announce(seen: Observed, transition: Exclude<Transition, StageDone>): Told {
  const name = 'hash' in transition ? revisionName(transition.revision, transition.hash) : '';
  switch (transition.kind) {
    case 'Begun':
      return { type: 'Normal', reason: 'RolloutUpdated', message: `Rolling out revision ${name}` };
    case 'Paused':
      return {
        type: 'Normal',
        reason: 'RolloutPaused',
        message: `${at(seen, transition.stage)}: ${stageText(seen, transition.stage)}`,
      };
    case 'Inconclusive':
      return {
        type: 'Warning',
        reason: 'RolloutPaused',
        message: unsureText(seen, transition),
      };
    case 'Bereft':
      return {
        type: 'Warning',
        reason: 'ReplicaSetNotAvailable',
        message: `${at(seen, transition.stage)}: ${transition.pods}`,
      };
    case 'Superseded':
      return {
        type: 'Normal',
        reason: 'RolloutSuperseded',
        message: `Revision ${name} is superseded by ${revisionName(seen.revision, seen.declared)}`,
      };
    case 'RolledBack':
      return { type: 'Normal', reason: 'SkipSteps', message: 'Back to the stable revision: steps are skipped' };
    case 'Promoted':
      return { type: 'Normal', reason: 'RolloutCompleted', message: `Revision ${name} is promoted` };
    case 'Aborted':
      return {
        type: 'Warning',
        reason: 'RolloutAborted',
        message: `Rollout aborted update to revision ${name}: ${transition.reason}`,
      };
    case 'Retried':
      return { type: 'Normal', reason: 'RolloutRetry', message: `Trying revision ${name} again` };
  }
}

export function announcementsOf(outcome: Outcome): Announcement[] {
  const { seen } = outcome;
  const list = grouped(outcome.transitions).map((group) => tell(outcome, group));
  if (outcome.answer && seen.command) {
    const { verb, value, id } = seen.command;
    const ignored = outcome.answer.outcome.startsWith('Ignored');
    list.push({
      type: ignored ? 'Warning' : 'Normal',
      reason: ignored ? 'CommandIgnored' : 'CommandAccepted',
      message: `${verb}=${value}: ${outcome.answer.outcome}`,
      key: `command/${id}`,
    });
  }
  return [
    ...list,
    ...issuesTold('InvalidSpec', seen.issues, seen),
    ...issuesTold('InvalidAnnotation', seen.malformed ?? [], seen),
    ...contestTold(seen),
  ];
}

/** What is wrong, once: when it comes up, and again when the object has changed and it still is. */
export function issuesTold(
  reason: string,
  issues: readonly Issue[],
  seen: Pick<Observed, 'generation' | 'status'>,
): Announcement[] {
  const [issue] = issues;
  if (issue === undefined) return [];
  const known = seen.status.conditions?.find((c) => c.type === reason)?.message;
  const isTold = known === textOfIssues(issues) && seen.status.observedGeneration === String(seen.generation);
  return issues.slice(0, isTold ? 0 : 3).map(({ field, message }): Announcement => {
    const text = `${field}: ${message}`;
    return { type: 'Warning', reason, message: text, key: `${seen.generation}/${shortHash(text)}` };
  });
}

/** Once for each contest, when it comes up. */
function contestTold({ now, status, contests = [] }: Observed): Announcement[] {
  if (contests.length === 0) return [];
  const message = textOfContests(contests);
  if (status.conditions?.some((c) => c.type === CONTESTED && c.message === message)) return [];
  return [{ type: 'Warning', reason: CONTESTED, message, key: `contested/${time(now)}/${shortHash(message)}` }];
}

/** The first issue, and how many more there are. */
export function textOfIssues(issues: readonly Issue[]): string {
  const [issue] = issues;
  if (issue === undefined) return '';
  return `${issue.field}: ${issue.message}${issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''}`;
}
