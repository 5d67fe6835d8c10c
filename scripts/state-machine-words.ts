// What the drawing of the state machine cannot say by itself: events and guards in words, what a person sees of a state, and what comes of
// what a person does. The types and `guardRows` make sure that nothing of the chart is left out.
import type { Event } from '../src/rollout/context.ts';
import { machine } from '../src/rollout/machine.ts';
import type { StateName } from '../src/rollout/place.ts';

const EVENTS: Readonly<Record<Event['type'], string>> = {
  REJECT:
    'while a revision is on its way: the annotation `abort` (or `status.abort: true`; `rollback=true`), a run of this release that `Failed` or is in `Error`, the mark of such a verdict that was written to a route or Service before the controller was restarted, or `progressDeadlineAbort` and no progress for that long',
  BACK: 'the stable revision is declared again, and another one is on its way or rejected: by a commit, or by the Application that takes it back',
  DECLARE:
    'another template than that of the candidate is declared, or other steps while something is on its way; with a spec that can be followed',
  PROMOTE_FULL: 'the annotation `promote=full` (or `status.promoteFull: true`)',
  RETRY:
    'the annotation `retry` (or `status.abort` taken away) on a rejected revision; on a held one the Application acts on it, which declares the revision again (DECLARE)',
  PAUSE: 'the annotation `pause`; `spec.paused` is no event: while it is true there is no ADVANCE',
  RESUME: 'the annotation `resume`, or `promote` while the annotation `pause` holds',
  ACCEPT: '`promote` while the background analysis cannot tell',
  PROMOTE:
    '`promote` (or `status.pauseConditions` taken away, or `currentStepIndex` raised by one) while neither of these two holds',
  OVERRIDE:
    'the annotation `override` with a reason, while a window of a ReleasePolicy holds up a release that is yet to begin: it goes on from where it is',
  RESTART: 'the annotation `restart`',
  ROLLBACK:
    'the annotation `rollback=<pod hash>` while nothing is on its way and no Git declares the Rollout: the template of that ReplicaSet is written into the spec, and the next look sees a DECLARE or BACK. It leads from any state to the same one, and so has no arrow',
  UNSURE: 'the run of the background analysis is `Inconclusive`',
  ARRIVE: 'sent at each look; its guards say what has arrived',
  ADVANCE:
    'sent at each look, but while somebody holds the release, the spec cannot be followed or the background analysis cannot tell',
};

const GUARDS: Readonly<Record<string, string>> = {
  isFirst: 'no revision was ever promoted',
  isWarm:
    'blue-green: the declared revision was promoted once and not rejected since, and still has all of its pods from then',
  isHeld: 'the Application annotated the Rollout: what Git declares is held',
  isLetGo: 'that annotation is gone',
  isFull: 'all pods of the new revision are available; by numbers of pods: and those of the stable one are gone',
  isFirstFull: 'the same, with a spec that can be followed',
  areStagesDone: 'there is no stage left, or all that are left are skipped',
  isStage: 'the stage that comes is of this kind',
  isReached: 'the pods and the weight are those of the stage; the pause is over; the run was `Successful`',
  isBereft: 'the stage wants pods, there were some, and none is available any more',
  hasPods: 'a pod is available again',
  isUnsure: 'the run of the stage is `Inconclusive`',
  isSwitched: 'everything that serves is the new revision, and it has all of its pods',
  isVerified: 'and the `postPromotionAnalysis`, where there is one and it is not skipped, was `Successful`',
  isDoubtful: 'the run of the `postPromotionAnalysis` is `Inconclusive`',
  isDrained: 'no pods of an earlier revision are left',
  isBroughtBack:
    'what serves is the stable revision, by Services and weights; by numbers of pods: and those of the rejected one are gone',
  isDeclaredInGit: 'an Application has declared the Rollout',
  hasBackgroundRun: 'a background analysis of this release was begun',
  isOver: 'the candidate is the stable revision',
  isRestartDue: '`spec.restartAt` has come, and was not acted on yet',
  isRestarted: 'all pods are younger than what was asked for',
};

/** What `kubectl get rollouts` shows, where nothing is wrong besides. */
const PHASES: Readonly<Record<StateName, string>> = {
  settled: 'Healthy; Progressing while pods, Services or routes are not yet as they should be',
  first: 'Progressing',
  'stepping.choosing': 'Progressing, never for long',
  'stepping.weighing': 'Progressing',
  'stepping.scaling': 'Progressing',
  'stepping.pausing': 'Paused',
  'stepping.measuring': 'Progressing',
  'stepping.asking': 'Paused',
  'stepping.recovering': 'Progressing',
  'promoting.growing': 'Progressing',
  'promoting.switching': 'Progressing',
  'promoting.verifying': 'Progressing',
  'promoting.doubting': 'Paused',
  draining: 'as settled',
  'rejected.aborting': 'Degraded',
  'rejected.aborted': 'Degraded',
  'rejected.reverting': 'Degraded',
  held: 'Degraded',
};

export const phaseSeen = (state: StateName): string => PHASES[state];

/** `isFullyReady` → `is fully ready`. */
export const words = (name: string): string => name.replace(/([A-Z])/g, ' $1').toLowerCase();

export const eventRows = (): string[] => Object.entries(EVENTS).map(([event, text]) => `| ${event} | ${text} |`);

/** Throws where a guard of the chart has no words, or words have no guard. */
export function guardRows(): string[] {
  const names = Object.keys(machine.implementations.guards);
  const odd = [
    ...names.filter((name) => GUARDS[name] === undefined),
    ...Object.keys(GUARDS).filter((name) => !names.includes(name)),
  ];
  if (odd.length > 0) throw new Error(`say in scripts/state-machine-words.ts what these guards ask: ${odd.join(', ')}`);
  return names.map((name) => `| ${words(name)} | ${GUARDS[name] ?? ''} |`);
}

/** What a person does, and what comes of it. */
export const DEEDS: readonly string[] = [
  '| you do | it goes | you see |',
  '| --- | --- | --- |',
  '| `abort` | stepping or promoting → rejected.aborting, → aborted, with an Application → reverting, → (BACK) settled → held | `Degraded`, `RolloutAborted: …`, weight 0; then `held at …` |',
  '| `retry` | rejected → stepping, from the first stage; held → stepping, by way of the Application | `Progressing`, step `0/…` |',
  '| `pause` | attention: running → paused; the release stays where it is | `Paused`, `manually paused; …` |',
  '| `resume` | attention: paused → running | the phase of the state |',
  '| `promote` | attention: paused → running; else background: unsure → waived; else the stage ends: pausing, measuring or asking → choosing; verifying or doubting → draining | the next step, or `Healthy` |',
  '| `promote=full` | stepping → promoting; verifying or doubting → draining; rejected → promoting, without stages or analysis | `Progressing`, `promoting: …`; then `Healthy` |',
  '| `rollback=<pod hash>`, without Git | settled, draining or rejected, then by what is declared now: → stepping, → promoting where it is warm, → settled where it is the stable one | as of a new commit |',
  '| a new commit | settled or draining → stepping; stepping, promoting, rejected or held → stepping, from the first stage | `Progressing` |',
  '| a commit of the stable revision | stepping, promoting or rejected → settled | `Healthy`, as soon as all is back |',
  '| `restart` | pods: steady → restarting → steady | the phase of the state |',
];

/** The steps of blue-green (docs/rollout.md) in the chart. */
export const BLUE_GREEN: readonly string[] = [
  '| step of [blue-green](rollout.md#blue-green) | state |',
  '| --- | --- |',
  '| 1. pods, and the preview Service | stepping.scaling |',
  '| 2. `prePromotionAnalysis` | stepping.measuring (asking where it cannot tell) |',
  '| 3. waiting | stepping.pausing |',
  '| `promotionSteps` | stepping.weighing, pausing, measuring |',
  '| 4. growing, and the switch | promoting.growing, promoting.switching |',
  '| 5. `postPromotionAnalysis` | promoting.verifying (doubting where it cannot tell) |',
  '| 6. the old pods stay a while | draining, then settled |',
  '| back to warm pods | settled or draining → promoting, without stages |',
];
