// The state machine that drives every Rollout; a person who reads the chart knows what Sluice does. Used as a pure function:
// the observation is context, eventless transitions carry it as far as it can go in one pass, nothing is executed, no delay is
// armed. What a state wants of the world is in wanted.ts; what is to be done about it in intents.ts.
import { assign, setup, type SnapshotFrom } from 'xstate';
import type { RevisionRef } from '../api/revision.ts';
import * as facts from './facts.ts';
import type { AbortCause, Memory } from './memory.ts';
import { durationOf, stepsOf } from './steps.ts';
import type { Observed } from './observed.ts';
import type { Answer, Wish } from './wish.ts';

/** A revision by its pod hash, with the commit that declared it where one is known. */
interface Named {
  hash: string;
  revision: RevisionRef | undefined;
}

/** What the machine did on its way, for events and history. */
export type Happening =
  | ({ kind: 'Begun' } & Named)
  | { kind: 'StepDone'; step: number; skipped: boolean }
  | { kind: 'Paused'; step: number }
  | { kind: 'Inconclusive'; step: number }
  | ({ kind: 'Superseded' } & Named)
  | ({ kind: 'RolledBack' } & Named)
  | ({ kind: 'Promoted' } & Named)
  | ({ kind: 'Aborted'; cause: AbortCause; reason: string } & Named)
  | ({ kind: 'Retried' } & Named);

export interface Context extends Memory {
  readonly seen: Observed;
  readonly wish?: Wish | undefined;
  readonly answer?: Answer | undefined;
  readonly happenings: readonly Happening[];
}

interface Input {
  seen: Observed;
  memory: Memory;
}

type Event = { type: 'OBSERVED'; seen: Observed; wish: Wish | undefined };

const wished = (c: Context, verb: Wish['verb']): boolean => c.wish?.verb === verb;
/** Nothing speaks against going forward; every transition that does asks this, so that a rejection always comes first. */
const clear = (c: Context): boolean => !wished(c, 'abort') && facts.isClear(c.seen, c);
/** Somebody lets a wait end. */
const letGo = (c: Context): boolean => wished(c, 'promote') || wished(c, 'skip');
const rests = (c: Context): boolean => facts.isPaused(c.seen, c) || c.seen.issues.length > 0;

function happened(c: Context, ...news: Happening[]): readonly Happening[] {
  return [...c.happenings, ...news];
}

function answered(c: Context, outcome: string): Partial<Context> {
  return { wish: undefined, answer: c.wish?.id === undefined ? c.answer : { id: c.wish.id, outcome } };
}

/** Attempts only ever rise, even where the status was lost: a verdict or run of an earlier release must not count. */
function nextAttempt(c: Context): number {
  const routed = c.seen.routes.map((route) => Number(/-([0-9]+)$/.exec(route.rejected ?? '')?.[1] ?? 0));
  return 1 + Math.max(c.attempt, ...c.seen.runs.map((run) => run.attempt), ...routed);
}

const declared = (c: Context): Named => ({ hash: c.seen.declared, revision: c.seen.revision });
const candidate = (c: Context): Named => ({ hash: c.candidate, revision: c.revision });

function begun(c: Context): Partial<Context> {
  return {
    candidate: c.seen.declared,
    revision: c.seen.revision,
    stepsHash: c.seen.stepsHash,
    step: 0,
    attempt: nextAttempt(c),
    progressAt: c.seen.now,
    progressMark: undefined,
    until: undefined,
    paused: undefined,
    full: undefined,
    waived: undefined,
    reason: undefined,
    cause: undefined,
    abortedAt: undefined,
    rejected: undefined,
  };
}

function blame(c: Context): { cause: AbortCause; reason: string } {
  if (wished(c, 'abort')) {
    return { cause: 'User', reason: c.wish?.reason ?? 'aborted by a person' };
  }
  return facts.objection(c.seen, c, true) ?? { cause: 'User', reason: 'aborted' };
}

const machineSetup = setup({
  types: { context: {} as Context, events: {} as Event, input: {} as Input },
  guards: {
    isFirst: ({ context: c }) => c.stable === undefined,
    isDeclaredAnew: ({ context: c }) => c.seen.declared !== c.stable && c.seen.issues.length === 0,
    isOther: ({ context: c }) => c.seen.declared !== c.candidate && c.seen.issues.length === 0,
    isChanged: ({ context: c }) =>
      (c.seen.declared !== c.candidate || c.seen.stepsHash !== c.stepsHash) && c.seen.issues.length === 0,
    isBackToStable: ({ context: c }) => c.seen.declared === c.stable,
    isRejected: ({ context: c }) => wished(c, 'abort') || facts.objection(c.seen, c, false) !== undefined,
    isRejectedOrStuck: ({ context: c }) => wished(c, 'abort') || facts.objection(c.seen, c, true) !== undefined,
    isFullyReady: ({ context: c }) => c.seen.issues.length === 0 && facts.fullyReady(c.seen, c),
    isClearAndFullyReady: ({ context: c }) => clear(c) && facts.fullyReady(c.seen, c),
    wantsFull: ({ context: c }) => wished(c, 'promote-full') && c.seen.issues.length === 0,
    wantsRetry: ({ context: c }) => wished(c, 'retry') && c.seen.issues.length === 0,
    wantsPause: ({ context: c }) => wished(c, 'pause'),
    wantsResume: ({ context: c }) => (wished(c, 'resume') || letGo(c)) && c.paused === true,
    acceptsBackground: ({ context: c }) => letGo(c) && facts.backgroundInconclusive(c.seen, c),
    areStepsDone: ({ context: c }) => clear(c) && (c.full === true || c.step >= stepsOf(c.seen).length),
    isSetWeight: ({ context: c }) => facts.stepKind(c.seen, c) === 'setWeight',
    isSetCanaryScale: ({ context: c }) => facts.stepKind(c.seen, c) === 'setCanaryScale',
    isPause: ({ context: c }) => facts.stepKind(c.seen, c) === 'pause',
    isAnalysis: ({ context: c }) => facts.stepKind(c.seen, c) === 'analysis',
    isWeightReached: ({ context: c }) => clear(c) && facts.weightReached(c.seen, c),
    isScaleReached: ({ context: c }) => clear(c) && facts.scaleReached(c.seen, c),
    isPauseOver: ({ context: c }) => clear(c) && c.until !== undefined && c.seen.now >= c.until,
    isLetGo: ({ context: c }) => letGo(c) && !rests(c) && clear(c),
    isAnalysisGood: ({ context: c }) => clear(c) && facts.stepRun(c.seen, c)?.phase === 'Successful',
    isAnalysisUnsure: ({ context: c }) => facts.stepRun(c.seen, c)?.phase === 'Inconclusive',
  },
  actions: {
    see: assign(({ event }) => ({ seen: event.seen, wish: event.wish, answer: undefined, happenings: [] })),
    begin: assign(({ context: c }) => ({
      ...begun(c),
      happenings: happened(c, { kind: 'Begun', ...declared(c) }),
    })),
    supersede: assign(({ context: c }) => ({
      ...begun(c),
      happenings: happened(
        c,
        ...(c.candidate === c.seen.declared ? [] : [{ kind: 'Superseded', ...candidate(c) } as const]),
        { kind: 'Begun', ...declared(c) },
      ),
    })),
    rollBack: assign(({ context: c }) => ({
      ...begun(c),
      attempt: c.attempt,
      happenings: happened(c, { kind: 'RolledBack', ...candidate(c) }),
    })),
    comeBack: assign(({ context: c }) => ({ ...begun(c), attempt: c.attempt, rejected: c.candidate })),
    retry: assign(({ context: c }) => ({
      ...begun(c),
      ...answered(c, 'Done: the release begins again'),
      happenings: happened(c, { kind: 'Retried', ...declared(c) }),
    })),
    // A promotion that comes as the wait ends by itself has what it asked for: it does not end the next one, too.
    finishStep: assign(({ context: c }) => ({
      ...(letGo(c) ? answered(c, `Done: step ${c.step + 1} ended`) : {}),
      step: c.step + 1,
      until: undefined,
      happenings: happened(c, { kind: 'StepDone', step: c.step, skipped: false }),
    })),
    skipStep: assign(({ context: c }) => ({
      ...answered(c, `Done: step ${c.step + 1} ended`),
      step: c.step + 1,
      until: undefined,
      happenings: happened(c, { kind: 'StepDone', step: c.step, skipped: true }),
    })),
    skipAll: assign(({ context: c }) => ({
      ...answered(c, 'Done: promoted in full'),
      full: true,
      until: undefined,
      paused: undefined,
      waived: c.waived === true || facts.backgroundInconclusive(c.seen, c) || undefined,
    })),
    retryInFull: assign(({ context: c }) => ({
      ...begun(c),
      ...answered(c, 'Done: promoted in full'),
      full: true,
      happenings: happened(c, { kind: 'Retried', ...declared(c) }),
    })),
    startPause: assign(({ context: c }) => {
      const lasts = durationOf(stepsOf(c.seen)[c.step]);
      return {
        until: lasts === undefined ? undefined : c.seen.now + lasts,
        happenings: happened(c, { kind: 'Paused', step: c.step }),
      };
    }),
    noteUnsure: assign(({ context: c }) => ({ happenings: happened(c, { kind: 'Inconclusive', step: c.step }) })),
    hold: assign(({ context: c }) => ({ ...answered(c, 'Done: paused'), paused: true })),
    release: assign(({ context: c }) => ({ ...answered(c, 'Done: resumed'), paused: undefined })),
    waive: assign(({ context: c }) => ({
      ...answered(c, 'Done: the inconclusive analysis is accepted'),
      waived: true,
    })),
    promote: assign(({ context: c }) => ({
      stable: c.candidate,
      step: stepsOf(c.seen).length,
      until: undefined,
      paused: undefined,
      full: undefined,
      waived: undefined,
      happenings: happened(c, { kind: 'Promoted', ...candidate(c) }),
    })),
    abort: assign(({ context: c }) => {
      const why = blame(c);
      return {
        ...answered(c, 'Done: aborted'),
        ...why,
        // Steps that were changed before do not count as a change after it.
        stepsHash: c.seen.stepsHash,
        abortedAt: c.seen.now,
        until: undefined,
        paused: undefined,
        full: undefined,
        step: 0,
        happenings: happened(c, { kind: 'Aborted', ...candidate(c), ...why }),
      };
    }),
  },
});

const choose = 'choosing' as const;

export const machine = machineSetup.createMachine({
  id: 'rollout',
  initial: 'settled',
  context: ({ input }) => ({ ...input.memory, seen: input.seen, happenings: [] }),
  on: { OBSERVED: { actions: 'see' } },
  states: {
    settled: {
      description: 'The declared revision is the stable one and has all the traffic.',
      always: [
        { guard: 'isFirst', target: 'releasing', actions: 'begin' },
        { guard: 'isDeclaredAnew', target: 'updating', actions: 'begin' },
      ],
    },
    releasing: {
      description: 'The first revision ever: no steps, nothing to go back to.',
      always: [
        { guard: 'isOther', target: 'releasing', reenter: true, actions: 'supersede' },
        { guard: 'isFullyReady', target: 'settled', actions: 'promote' },
      ],
    },
    updating: {
      description: 'A new revision goes through its steps.',
      initial: choose,
      always: [
        { guard: 'isRejected', target: 'aborted', actions: 'abort' },
        { guard: 'isBackToStable', target: 'settled', actions: 'rollBack' },
        { guard: 'isChanged', target: 'updating', reenter: true, actions: 'supersede' },
        { guard: 'wantsFull', target: 'promoting', actions: 'skipAll' },
        { guard: 'wantsPause', actions: 'hold' },
        { guard: 'wantsResume', actions: 'release' },
        { guard: 'acceptsBackground', actions: 'waive' },
      ],
      states: {
        choosing: {
          always: [
            { guard: 'areStepsDone', target: '#rollout.promoting' },
            { guard: 'isSetWeight', target: 'weighing' },
            { guard: 'isSetCanaryScale', target: 'scaling' },
            { guard: 'isPause', target: 'pausing' },
            { guard: 'isAnalysis', target: 'analysing' },
          ],
        },
        weighing: {
          description: 'Pods first, then the weight.',
          always: [
            { guard: 'isRejectedOrStuck', target: '#rollout.aborted', actions: 'abort' },
            { guard: 'isWeightReached', target: choose, actions: 'finishStep' },
          ],
        },
        scaling: {
          always: [
            { guard: 'isRejectedOrStuck', target: '#rollout.aborted', actions: 'abort' },
            { guard: 'isScaleReached', target: choose, actions: 'finishStep' },
          ],
        },
        pausing: {
          entry: 'startPause',
          always: [
            { guard: 'isPauseOver', target: choose, actions: 'finishStep' },
            { guard: 'isLetGo', target: choose, actions: 'skipStep' },
          ],
        },
        analysing: {
          always: [
            { guard: 'isAnalysisGood', target: choose, actions: 'finishStep' },
            { guard: 'isAnalysisUnsure', target: 'inconclusive', actions: 'noteUnsure' },
            { guard: 'isLetGo', target: choose, actions: 'skipStep' },
          ],
        },
        inconclusive: {
          description: 'The analysis cannot tell: a person decides.',
          always: { guard: 'isLetGo', target: choose, actions: 'skipStep' },
        },
      },
    },
    promoting: {
      description: 'All steps are done: the new revision grows to full size.',
      always: [
        { guard: 'isRejectedOrStuck', target: 'aborted', actions: 'abort' },
        { guard: 'isBackToStable', target: 'settled', actions: 'rollBack' },
        { guard: 'isChanged', target: 'updating', actions: 'supersede' },
        { guard: 'wantsPause', actions: 'hold' },
        { guard: 'wantsResume', actions: 'release' },
        { guard: 'acceptsBackground', actions: 'waive' },
        { guard: 'isClearAndFullyReady', target: 'settled', actions: 'promote' },
      ],
    },
    aborted: {
      description: 'All traffic is on the stable revision; what is declared is not served.',
      always: [
        { guard: 'isBackToStable', target: 'settled', actions: 'comeBack' },
        { guard: 'isChanged', target: 'updating', actions: 'begin' },
        { guard: 'wantsRetry', target: 'updating', actions: 'retry' },
        { guard: 'wantsFull', target: 'promoting', actions: 'retryInFull' },
      ],
    },
  },
});

export type Snapshot = SnapshotFrom<typeof machine>;
