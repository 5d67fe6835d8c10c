// Events: what happened, in the words a person reads in `kubectl describe`. Each carries a key that makes a repeat a no-op.
import * as facts from './facts.ts';
import type { Happening } from './machine.ts';
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

function announce(seen: Observed, happening: Happening): Omit<Announcement, 'key'> {
  const steps = stepsOf(seen).length;
  const name =
    'hash' in happening
      ? revisionName(happening.hash === seen.declared ? seen.revision : undefined, happening.hash)
      : '';
  switch (happening.kind) {
    case 'Begun':
      return { type: 'Normal', reason: 'RolloutUpdated', message: `Rolling out revision ${name}` };
    case 'StepDone': {
      const done = `Step ${happening.step + 1}/${steps} ${happening.skipped ? 'skipped' : 'completed'}`;
      return { type: 'Normal', reason: 'RolloutStepCompleted', message: `${done} (${stepText(seen, happening.step)})` };
    }
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
  const release = facts.releaseKey(outcome.memory);
  const list = outcome.happenings.map((h) => ({
    ...announce(seen, h),
    key: `${release}/${h.kind}/${'step' in h ? h.step : 'hash' in h ? h.hash : ''}`,
  }));
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
