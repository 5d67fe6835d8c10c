// The chart that drives every Rollout; a person who reads it knows what Sluice does. Used as a pure function: the observation is
// context, events are derived from it in order of precedence (events.ts), nothing is executed, no delay is armed. What a state wants
// of the world is in states.ts; what is to be done about it in intents.ts.
import { assign, setup } from 'xstate';
import type { Context, Event, Tag } from './context.ts';
import type { Memory } from './memory.ts';
import * as facts from './facts.ts';
import { isFollowable } from './observed.ts';
import type { StageKind } from './plan.ts';
import { stageOf } from './present-stage.ts';
import { stageRun } from './runs.ts';
import * as changes from './changes.ts';
import { nextSecond } from './time.ts';

const machineSetup = setup({
  types: {
    context: {} as Context,
    events: {} as Event,
    input: {} as { seen: Context['seen']; memory: Memory },
    tags: {} as Tag,
  },
  guards: {
    isFirst: ({ context: { memory } }) => memory.stable === undefined,
    isWarm: ({ context }) => facts.isWarm(context),
    isHeld: ({ context: { seen } }) => seen.held !== undefined,
    isLetGo: ({ context: { seen } }) => seen.held === undefined,
    isFull: ({ context }) => facts.isFull(context),
    isFirstFull: ({ context }) => isFollowable(context.seen) && facts.isFull(context),
    areStagesDone: ({ context }) => stageOf(context) === undefined,
    isStage: ({ context }, { kind }: { kind: string }) => stageOf(context)?.kind === kind,
    isReached: ({ context }) => facts.isReached(context),
    isBereft: ({ context }) => facts.isBereft(context),
    hasPods: ({ context }) => !facts.isBereft(context),
    isUnsure: ({ context }) => stageRun(context)?.phase === 'Inconclusive',
    isSwitched: ({ context }) => facts.isSwitched(context),
    isVerified: ({ context }) => facts.isVerified(context),
    isDoubtful: ({ context }) => facts.verifyingRun(context)?.phase === 'Inconclusive',
    isDrained: ({ context }) => facts.isDrained(context),
    isBroughtBack: ({ context }) => facts.isBroughtBack(context),
    isDeclaredInGit: ({ context: { seen } }) => seen.revision !== undefined,
    hasBackgroundRun: ({ context }) => facts.isMeasuring(context),
    isOver: ({ context: { memory } }) => memory.stable === memory.candidate,
    isRestartDue: ({ context }) => facts.restartDue(context) !== undefined,
    isRestarted: ({ context: { seen, memory } }) =>
      memory.restartAt === undefined || (seen.restartedBefore ?? 0) >= memory.restartAt,
  },
  actions: {
    begin: assign(({ context: c }) => changes.begin(c)),
    supersede: assign(({ context: c }) => changes.supersede(c)),
    beginWarm: assign(({ context: c }) => changes.beginWarm(c)),
    rollBack: assign(({ context: c }) => changes.rollBack(c)),
    comeBack: assign(({ context: c }) => changes.comeBack(c)),
    retry: assign(({ context: c }) => changes.retry(c)),
    retryInFull: assign(({ context: c }) => changes.retryInFull(c)),
    finishStage: assign(({ context: c }) => changes.finishStage(c)),
    skipStage: assign(({ context: c }) => changes.skipStage(c)),
    skipAll: assign(({ context: c }) => changes.skipAll(c)),
    startPause: assign(({ context: c }) => changes.startPause(c)),
    noteBereft: assign(({ context: c }) => changes.noteBereft(c)),
    noteUnsure: assign(({ context: c }) => changes.noteUnsure(c, 'Stage')),
    noteUnsureBeside: assign(({ context: c }) => changes.noteUnsure(c, 'Background')),
    noteUnsureBehind: assign(({ context: c }) => changes.noteUnsure(c, 'PostPromotion')),
    promote: assign(({ context: c }) => changes.promote(c)),
    abort: assign(({ context: c, event }) => (event.type === 'REJECT' ? changes.abort(c, event) : {})),
    answerPaused: assign(({ context: c }) => changes.answered(c, 'Done: paused')),
    answerResumed: assign(({ context: c }) => changes.answered(c, 'Done: resumed')),
    answerAccepted: assign(({ context: c }) => changes.answered(c, 'Done: the inconclusive analysis is accepted')),
    override: assign(({ context: c }) => changes.override(c)),
    restart: assign(({ context: c }) => ({
      ...changes.answered(c, 'Done: pods are being replaced, a few at a time'),
      memory: { ...c.memory, restartAt: nextSecond(c.seen.now) },
    })),
    restartAsDeclared: assign(({ context: c }) => ({
      memory: { ...c.memory, restartAt: facts.restartDue(c) },
    })),
    noteRestarted: assign(({ context: { memory } }) => ({
      memory: { ...memory, restartAt: undefined, restartedAt: memory.restartAt ?? memory.restartedAt },
    })),
    rollBackTo: assign(({ context: c, event }) =>
      event.type === 'ROLLBACK'
        ? { ...changes.answered(c, `Done: template of ${event.hash} restored`), restore: event.hash }
        : {},
    ),
  },
});

const choose = 'choosing' as const;
/** The state below `stepping` of each kind of stage: none can be forgotten. */
const STATE_OF: Readonly<Record<StageKind, string>> = {
  Split: 'weighing',
  Scale: 'scaling',
  Pause: 'pausing',
  Measure: 'measuring',
};
const toStages = Object.entries(STATE_OF).map(
  ([kind, target]) => ({ guard: { type: 'isStage', params: { kind } }, target }) as const,
);
/** Whatever a stage waits for, it waits in vain without pods. */
const BEREFT = { guard: 'isBereft', target: 'recovering', actions: 'noteBereft' } as const;
const ANEW = { target: '#rollout.release.stepping', actions: 'begin' } as const;

export const machine = machineSetup.createMachine({
  id: 'rollout',
  type: 'parallel',
  context: ({ input }) => ({ ...input, command: undefined, answer: undefined, transitions: [], restore: undefined }),
  on: { ROLLBACK: { actions: 'rollBackTo' }, OVERRIDE: { actions: 'override' } },
  states: {
    attention: {
      description: 'Whether a person wants the release to stand still.',
      initial: 'running',
      states: {
        running: { on: { PAUSE: { target: 'paused', actions: 'answerPaused' } } },
        paused: {
          description: 'Nothing grows or gains weight. What goes back goes back.',
          on: {
            RESUME: { target: 'running', actions: 'answerResumed' },
            REJECT: 'running',
            BACK: 'running',
            DECLARE: 'running',
            PROMOTE_FULL: 'running',
          },
        },
      },
    },
    background: {
      description: 'The analysis that goes on beside the stages.',
      initial: 'quiet',
      on: { REJECT: '.quiet', BACK: '.quiet', DECLARE: '.quiet', RETRY: '.quiet' },
      states: {
        quiet: { on: { ARRIVE: { guard: 'hasBackgroundRun', target: 'measuring' } } },
        measuring: {
          on: {
            UNSURE: { target: 'unsure', actions: 'noteUnsureBeside' },
            ARRIVE: { guard: 'isOver', target: 'quiet' },
          },
        },
        unsure: {
          description: 'It cannot tell: the release stands still until a person decides.',
          on: {
            ACCEPT: { target: 'waived', actions: 'answerAccepted' },
            PROMOTE_FULL: 'waived',
          },
        },
        waived: {
          description: 'A person accepted that it cannot tell.',
          on: { ARRIVE: { guard: 'isOver', target: 'quiet' } },
        },
      },
    },
    pods: {
      description: 'Whether pods are being replaced by new ones of the same revision.',
      initial: 'steady',
      on: { RESTART: { target: '.restarting', actions: 'restart' } },
      states: {
        steady: {
          on: { ARRIVE: { guard: 'isRestartDue', target: 'restarting', actions: 'restartAsDeclared' } },
        },
        restarting: {
          description: 'A few at a time, by eviction, the oldest revision last.',
          on: { ARRIVE: { guard: 'isRestarted', target: 'steady', actions: 'noteRestarted' } },
        },
      },
    },
    release: {
      description: 'The way of a revision.',
      initial: 'settled',
      states: {
        settled: {
          description: 'The declared revision is the stable one and has all the traffic.',
          tags: ['done'],
          on: {
            DECLARE: [{ guard: 'isWarm', target: '#rollout.release.promoting', actions: 'beginWarm' }, ANEW],
            ARRIVE: [
              { guard: 'isFirst', target: 'first', actions: 'begin' },
              { guard: 'isHeld', target: 'held' },
            ],
          },
        },
        first: {
          description: 'The first revision ever: no stages, nothing to go back to.',
          tags: ['waiting'],
          on: {
            DECLARE: { target: 'first', reenter: true, actions: 'supersede' },
            ARRIVE: { guard: 'isFirstFull', target: 'settled', actions: 'promote' },
          },
        },
        stepping: {
          description: 'A new revision goes through its stages.',
          tags: ['moving', 'stepping'],
          initial: choose,
          on: {
            REJECT: { target: 'rejected', actions: 'abort' },
            BACK: { target: 'settled', actions: 'rollBack' },
            DECLARE: { target: 'stepping', reenter: true, actions: 'supersede' },
            PROMOTE_FULL: { target: 'promoting', actions: 'skipAll' },
          },
          states: {
            choosing: {
              always: [{ guard: 'areStagesDone', target: '#rollout.release.promoting' }, ...toStages],
            },
            weighing: {
              description: 'The weight rises behind its pods, and falls before them.',
              tags: ['waiting'],
              on: { ADVANCE: { guard: 'isReached', target: choose, actions: 'finishStage' } },
            },
            scaling: {
              description: 'The pods grow or shrink, the weight stays.',
              tags: ['waiting'],
              on: { ADVANCE: { guard: 'isReached', target: choose, actions: 'finishStage' } },
            },
            pausing: {
              description: 'Until a time, or until a person promotes.',
              tags: ['asking'],
              entry: 'startPause',
              on: {
                ARRIVE: BEREFT,
                PROMOTE: { target: choose, actions: 'skipStage' },
                ADVANCE: { guard: 'isReached', target: choose, actions: 'finishStage' },
              },
            },
            measuring: {
              description: 'The metrics decide.',
              on: {
                ARRIVE: BEREFT,
                PROMOTE: { target: choose, actions: 'skipStage' },
                ADVANCE: [
                  { guard: 'isReached', target: choose, actions: 'finishStage' },
                  { guard: 'isUnsure', target: 'asking', actions: 'noteUnsure' },
                ],
              },
            },
            asking: {
              description: 'The analysis cannot tell: a person decides.',
              tags: ['asking'],
              on: { ARRIVE: BEREFT, PROMOTE: { target: choose, actions: 'skipStage' } },
            },
            recovering: {
              description:
                'No pod of the new revision is left: its traffic is away, and the stage goes on when there are some again.',
              tags: ['waiting'],
              on: { ARRIVE: { guard: 'hasPods', target: choose } },
            },
          },
        },
        promoting: {
          description: 'All stages are done: the new revision takes over.',
          tags: ['moving'],
          initial: 'growing',
          on: {
            REJECT: { target: 'rejected', actions: 'abort' },
            BACK: { target: 'settled', actions: 'rollBack' },
            DECLARE: { target: 'stepping', actions: 'supersede' },
          },
          states: {
            growing: {
              description: 'It grows to full size.',
              tags: ['waiting'],
              on: { ADVANCE: { guard: 'isFull', target: 'switching' } },
            },
            switching: {
              description: 'The side that serves is switched to it.',
              tags: ['waiting'],
              on: { ADVANCE: { guard: 'isSwitched', target: 'verifying' } },
            },
            verifying: {
              description: 'It serves; the old pods stay warm until the metrics are in.',
              tags: ['serving'],
              on: {
                PROMOTE: { target: '#rollout.release.draining', actions: 'promote' },
                PROMOTE_FULL: { target: '#rollout.release.draining', actions: 'promote' },
                ADVANCE: [
                  { guard: 'isVerified', target: '#rollout.release.draining', actions: 'promote' },
                  { guard: 'isDoubtful', target: 'doubting', actions: 'noteUnsureBehind' },
                ],
              },
            },
            doubting: {
              description: 'It serves, and the analysis cannot tell: a person decides.',
              tags: ['asking', 'serving'],
              on: {
                PROMOTE: { target: '#rollout.release.draining', actions: 'promote' },
                PROMOTE_FULL: { target: '#rollout.release.draining', actions: 'promote' },
              },
            },
          },
        },
        draining: {
          description:
            'It is the stable revision; pods of earlier ones stay a while, for requests on their way and to go back fast.',
          tags: ['done'],
          on: {
            DECLARE: [{ guard: 'isWarm', target: '#rollout.release.promoting', actions: 'beginWarm' }, ANEW],
            ARRIVE: { guard: 'isDrained', target: 'settled' },
          },
        },
        rejected: {
          description: 'What is declared is not served.',
          tags: ['rejected'],
          initial: 'aborting',
          on: {
            BACK: { target: 'settled', actions: 'comeBack' },
            DECLARE: ANEW,
            RETRY: { target: 'stepping', actions: 'retry' },
            PROMOTE_FULL: { target: 'promoting', actions: 'retryInFull' },
          },
          states: {
            aborting: {
              description: 'The traffic goes back to the stable revision as fast as its ready pods can carry it.',
              on: { ARRIVE: { guard: 'isBroughtBack', target: 'aborted' } },
            },
            aborted: {
              description: 'All traffic was brought back to the stable revision.',
              on: { ARRIVE: { guard: 'isDeclaredInGit', target: 'reverting' } },
            },
            reverting: {
              description: 'Its Application puts back what was declared at the stable revision.',
            },
          },
        },
        held: {
          description: 'The stable revision is declared again and serves; what Git declares at its head is kept back.',
          tags: ['done'],
          on: {
            DECLARE: ANEW,
            ARRIVE: { guard: 'isLetGo', target: 'settled' },
          },
        },
      },
    },
  },
});
