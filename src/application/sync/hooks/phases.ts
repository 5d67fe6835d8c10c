// A phase of hooks: which are begun, in the order of their waves, and what it waits for. Pure but for the work that it brings forward.
import type { DeletePolicy, HookPhase, HookRecord, HookRun } from '../../../api/hooks.ts';
import { nameOf } from '../../../api/object-key.ts';
import type { KubeObject } from '../../../api/k8s.ts';
import type { AgentIntent } from '../../intents.ts';
import type { Declared, Seen } from '../../seen.ts';
import type { DeclaredHook } from '../../source/desired.ts';
import { isOwnedBy } from '../owner.ts';
import { advance, deletion, leaving } from './advance.ts';
import { endingOf, isGoing, keyOfRun, markOf, plannedRun, refOfRun } from './record.ts';

/** The hooks of one content, while they are decided about. */
export interface HookWork {
  readonly seen: Seen;
  readonly declared: Declared;
  record: HookRecord;
  intents: AgentIntent[];
  /** Marks of runs that only a person can bring on. */
  readonly blocked: Set<string>;
  dueAt: number | undefined;
}

export interface HookGate {
  phase: HookPhase;
  /** `blocked`: until a person acts. */
  state: 'waiting' | 'blocked' | 'failed';
  /** Which hook, and what of it. */
  text: string;
}

/** For each wave of a sync. */
export interface SyncHooks {
  readonly waves: readonly number[];
  /** What of the wave is waited for; undefined where all of it has succeeded. Nothing is begun where it may not be. */
  run(wave: number, mayStart: boolean): HookGate | undefined;
}

/** Everything that was begun is looked at. */
export function followRuns(work: HookWork): void {
  const { seen, record, declared } = work;
  record.runs = record.runs.flatMap((run) => {
    if (!isGoing(run)) return [removed(run, work)];
    const hook = declared.hooks.find(({ hash }) => hash === run.hash);
    if (hook === undefined && run.state === 'Pending') return [];
    const { run: next, intents, isBlocked, dueAt } = advance(run, hook, seen);
    work.intents.push(...intents);
    if (isBlocked) work.blocked.add(run.mark);
    if (dueAt !== undefined) work.dueAt = Math.min(dueAt, work.dueAt ?? dueAt);
    return [next];
  });
  const ending = (record.ending ?? []).flatMap((run) => leftOf(run, work));
  delete record.ending;
  Object.assign(record, endingOf(ending));
}

/** What its delete policy asks for, once the end of the run is on record. */
function removed(run: HookRun, work: HookWork): HookRun {
  if (run.removal !== 'Due') return run;
  const found = work.seen.live(keyOfRun(run));
  if (found.state !== 'known') return run;
  if (found.object === undefined || !isOf(run, found.object, work)) return { ...run, removal: 'Done' };
  work.intents.push(...deletion(run, found.object, work.seen));
  return run;
}

/** A run that nobody waits for any more, as long as its object is there. */
function leftOf(run: HookRun, work: HookWork): HookRun[] {
  const found = work.seen.live(keyOfRun(run));
  if (found.state === 'pending') return [run];
  if (found.state === 'failed') return [{ ...run, message: found.message }];
  if (found.object === undefined || !isOf(run, found.object, work)) return [];
  work.intents.push(...deletion(run, found.object, work.seen));
  return [{ ...run, message: `waits for ${leaving(nameOf(refOfRun(run)), found.object)}` }];
}

/** What is deleted carries this Application's marks, whatever the record says: a record can be forged, and so can a name. */
function isOf(run: HookRun, live: KubeObject, { seen }: HookWork): boolean {
  if (!isOwnedBy(live, seen.owner)) return false;
  return run.uid === undefined ? markOf(live) === run.mark : live.metadata.uid === run.uid;
}

const inPhase = ({ declared }: HookWork, phase: HookPhase): DeclaredHook[] =>
  declared.hooks.filter(({ phases }) => phases.includes(phase));

/** Waves of the hooks of a phase, the first one first. */
const hookWaves = (work: HookWork, phase: HookPhase): number[] =>
  [...new Set(inPhase(work, phase).map(({ wave }) => wave))].sort((a, b) => a - b);

/** All waves of a phase, one after the other; undefined where all of it has succeeded. */
export function runPhase(work: HookWork, phase: HookPhase, cause?: string): HookGate | undefined {
  for (const wave of hookWaves(work, phase)) {
    const gate = runWave(work, phase, { wave, mayStart: true, cause });
    if (gate) return gate;
  }
  return undefined;
}

/** One wave of a phase; undefined where all of it has succeeded. What may not start is waited for by nobody. */
export function runWave(
  work: HookWork,
  phase: HookPhase,
  { wave, mayStart, cause }: { wave: number; mayStart: boolean; cause?: string | undefined },
): HookGate | undefined {
  const hooks = inPhase(work, phase).filter((hook) => hook.wave === wave);
  const known = hooks.map((hook) => runOf(work, phase, hook));
  const missing = hooks.filter((_, at) => known[at] === undefined);
  const runs = known.flatMap((run) => run ?? []);
  const gate = gateOf(work, phase, runs);
  if (missing.length === 0 || gate?.state === 'failed') return gate;
  const left = (work.record.ending ?? []).filter((run) => isGoing(run));
  if (left.length > 0) return waitingForLeft(phase, left);
  const begun = mayStart ? missing.map((hook) => plannedRun(hook, phase, work.record, cause)) : [];
  work.record.runs.push(...begun);
  const waits = begun.length > 0 ? begun : missing.map((hook) => plannedRun(hook, phase, work.record, cause));
  return gate ?? gateOf(work, phase, waits);
}

function waitingForLeft(phase: HookPhase, left: readonly HookRun[]): HookGate {
  const names = left.map((run) => run.message ?? `waits for ${nameOf(refOfRun(run))} to go`);
  return { phase, state: 'waiting', text: `${phase} hooks: ${names.join('; ')}` };
}

const runOf = ({ record }: HookWork, phase: HookPhase, { hash }: DeclaredHook): HookRun | undefined =>
  record.runs.find((run) => run.phase === phase && run.hash === hash);

function gateOf(work: HookWork, phase: HookPhase, runs: readonly HookRun[]): HookGate | undefined {
  const failed = runs.filter(({ state }) => state === 'Failed');
  if (failed.length > 0) return { phase, state: 'failed', text: failed.map((run) => failedText(run)).join('; ') };
  const going = runs.filter((run) => isGoing(run));
  if (going.length === 0) return undefined;
  const isBlocked = going.some(({ mark }) => work.blocked.has(mark));
  const text = going.map((run) => waitText(run)).join('; ');
  return { phase, state: isBlocked ? 'blocked' : 'waiting', text };
}

const failedText = (run: HookRun): string =>
  `${run.phase} hook ${nameOf(refOfRun(run))} failed${run.message === undefined ? '' : `: ${run.message}`}`;

function waitText(run: HookRun): string {
  const since = run.startedAt === undefined ? '' : ` since ${run.startedAt}`;
  const why = run.message === undefined ? '' : `: ${run.message}`;
  return `${run.phase} hook ${nameOf(refOfRun(run))} is waited for${since}${why}`;
}

const REMOVES: Readonly<Record<'Succeeded' | 'Failed', DeletePolicy>> = {
  Succeeded: 'HookSucceeded',
  Failed: 'HookFailed',
};

/** Once a phase is over, its objects go as their policies say: until then others of the phase may need them. */
export function dueRemovals(work: HookWork, over: (phase: HookPhase) => boolean): void {
  const { record, declared } = work;
  record.runs = record.runs.map((run) => {
    const { state, uid, removal, phase, hash } = run;
    if (state === 'Pending' || state === 'Running' || uid === undefined || removal !== undefined) return run;
    const hook = declared.hooks.find((one) => one.hash === hash);
    return hook?.policies.includes(REMOVES[state]) && over(phase) ? { ...run, removal: 'Due' } : run;
  });
}

/** Nothing of a phase goes on, and nothing of it is still to come. */
export function isOver(work: HookWork, phase: HookPhase): boolean {
  const runs = work.record.runs.filter((run) => run.phase === phase);
  if (runs.some((run) => isGoing(run))) return false;
  return runs.some(({ state }) => state === 'Failed') || inPhase(work, phase).every((hook) => runOf(work, phase, hook));
}
