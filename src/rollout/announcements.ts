// Events: what happened, in the words a person reads in `kubectl describe`. Each carries a key that makes a repeat a no-op.
import * as facts from './facts.ts';
import type { Happening } from './machine.ts';
import type { Memory } from './memory.ts';
import type { Observed } from './observed.ts';
import { revisionName } from './phase.ts';
import { shortHash } from './hash.ts';
import type { Outcome } from './outcome.ts';
import { durationOf, kindOf, stepsOf } from './steps.ts';

export interface Announcement {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly key: string;
  /** Place among the Events of the Rollout, so that those of one second read in order. */
  readonly rank?: number;
}

function stepText(seen: Observed, index: number): string {
  const step = stepsOf(seen)[index];
  const kind = kindOf(step);
  if (kind === 'setWeight') return `weight ${step?.setWeight}`;
  if (kind === 'pause') {
    const lasts = durationOf(step);
    return lasts === undefined ? 'pause' : `pause of ${lasts / 1000}s`;
  }
  return kind === 'analysis' ? 'analysis' : 'canary scale';
}

type StepDone = Extract<Happening, { kind: 'StepDone' }>;
type Told = Omit<Announcement, 'key'>;

/** Steps in a row that ended alike in one decision are told of together: each Event is a write. */
function stepsDone(seen: Observed, done: readonly StepDone[]): Told & { steps: string } {
  const [first, last] = [done[0]?.step ?? 0, done.at(-1)?.step ?? 0];
  const which = first === last ? `Step ${first + 1}` : `Steps ${first + 1}-${last + 1}`;
  const how = done[0]?.skipped ? 'skipped' : 'completed';
  const what = done.map(({ step }) => stepText(seen, step)).join(', ');
  const message = `${which}/${stepsOf(seen).length} ${how} (${what})`;
  const steps = first === last ? String(first) : `${first}-${last}`;
  return { type: 'Normal', reason: 'RolloutStepCompleted', message, steps };
}

/** Happenings in order, neighbouring ends of steps in one group. */
function grouped(happenings: readonly Happening[]): (StepDone[] | Exclude<Happening, StepDone>)[] {
  const groups: (StepDone[] | Exclude<Happening, StepDone>)[] = [];
  for (const h of happenings) {
    const last = groups.at(-1);
    if (h.kind !== 'StepDone') groups.push(h);
    else if (Array.isArray(last) && last[0]?.skipped === h.skipped) last.push(h);
    else groups.push([h]);
  }
  return groups;
}

/** Ranks a release takes up; more than its steps can need. */
const RANKS = 1000;
const FIRST_AND_LAST = { Superseded: 0, RolledBack: 1, Begun: 2, Retried: 2, Promoted: RANKS - 2, Aborted: RANKS - 1 };

/** Place of a happening within its release: a step's end comes before the next one's beginning. */
function placeOf(happening: Happening): number {
  if (happening.kind === 'StepDone') return 12 + 2 * happening.step;
  return 'step' in happening ? 11 + 2 * happening.step : FIRST_AND_LAST[happening.kind];
}

function tell(seen: Observed, memory: Memory, group: StepDone[] | Exclude<Happening, StepDone>): Announcement {
  const release = facts.releaseKey(memory);
  const last = Array.isArray(group) ? group.at(-1) : group;
  const rank = memory.attempt * RANKS + (last === undefined ? 0 : placeOf(last));
  if (Array.isArray(group)) {
    const { steps, ...told } = stepsDone(seen, group);
    return { ...told, key: `${release}/StepDone/${steps}`, rank };
  }
  const which = 'step' in group ? group.step : group.hash;
  return { ...announce(seen, group), key: `${release}/${group.kind}/${which}`, rank };
}

function announce(seen: Observed, happening: Exclude<Happening, StepDone>): Told {
  const steps = stepsOf(seen).length;
  const name = 'hash' in happening ? revisionName(happening.revision, happening.hash) : '';
  switch (happening.kind) {
    case 'Begun':
      return { type: 'Normal', reason: 'RolloutUpdated', message: `Rolling out revision ${name}` };
    case 'Paused':
      return {
        type: 'Normal',
        reason: 'RolloutPaused',
        message: `Step ${happening.step + 1}/${steps}: ${stepText(seen, happening.step)}`,
      };
    case 'Inconclusive':
      return {
        type: 'Warning',
        reason: 'RolloutPaused',
        message: `Step ${happening.step + 1}/${steps}: the analysis is inconclusive; promote or abort`,
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
        message: `Rollout aborted update to revision ${name}: ${happening.reason}`,
      };
    case 'Retried':
      return { type: 'Normal', reason: 'RolloutRetry', message: `Trying revision ${name} again` };
  }
}

export function announcementsOf(seen: Observed, outcome: Outcome): Announcement[] {
  const list = grouped(outcome.happenings).map((group) => tell(seen, outcome.memory, group));
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
  for (const issue of seen.issues.slice(0, 3)) {
    const message = `${issue.field}: ${issue.message}`;
    list.push({ type: 'Warning', reason: 'InvalidSpec', message, key: `${seen.generation}/${shortHash(message)}` });
  }
  return list;
}
