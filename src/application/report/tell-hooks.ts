// What is told of hooks: that each was begun, and how it ended. Once each, since every run has a mark of its own.
import type { HookRecord, HookRun } from '../../api/hooks.ts';
import { nameOf } from '../../api/object-key.ts';
import { shortCommit } from '../../api/revision.ts';
import type { AgentEvent } from '../ports.ts';

const runsOf = (record: HookRecord | undefined): HookRun[] => [...(record?.runs ?? []), ...(record?.ending ?? [])];

export function hookEvents(before: HookRecord | undefined, after: HookRecord | undefined): AgentEvent[] {
  const known = new Map(runsOf(before).map((run) => [run.mark, run.state]));
  const commit = shortCommit(after?.commit ?? '');
  return runsOf(after).flatMap((run) => eventsOf(run, known.get(run.mark) ?? 'Pending', commit));
}

function eventsOf(run: HookRun, was: HookRun['state'], commit: string): AgentEvent[] {
  const { state, mark, phase, message } = run;
  if (state === was || state === 'Pending') return [];
  const what = `${phase} hook ${nameOf(run)}`;
  const started: AgentEvent = {
    type: 'Normal',
    reason: 'HookStarted',
    message: `${what} was started at ${commit}`,
    key: `hook ${mark} started`,
  };
  const why = message === undefined ? '' : `: ${message}`;
  const ended: AgentEvent = {
    type: state === 'Failed' ? 'Warning' : 'Normal',
    reason: `Hook${state}`,
    message: `${what} ${state === 'Failed' ? 'has failed' : 'has succeeded'}${why}`,
    key: `hook ${mark} ended`,
  };
  return [...(was === 'Pending' ? [started] : []), ...(state === 'Running' ? [] : [ended])];
}
