// The status as people and tools read it: a projection of the machine's state and of what was observed. Times in it only change
// with what they tell of, so that a pass with nothing new writes nothing.
import type { HistoryEntry, RolloutStatus } from '../api/rollout.ts';
import { present } from '../api/json.ts';
import { conditionsOf } from './conditions.ts';
import { meansOf } from './means/by-split.ts';
import { memorise } from './record.ts';
import { availableOf, replicaSet, type Observed } from './observed.ts';
import type { Outcome } from './outcome.ts';
import { phaseOf } from './phase.ts';
import { hasTag } from './place.ts';
import type { Role, RunKind } from './plan.ts';
import { releasesOf } from './release.ts';
import { runOf } from './runs.ts';
import type { Situation } from './situation.ts';
import { rowOf } from './states.ts';
import { exactTime, time } from './time.ts';

const HISTORY = 10;
const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** Percent of the traffic (of the available pods, where these are the weight) on the candidate. */
function weightOf(situation: Situation): number {
  const { seen, memory } = situation;
  if (memory.stable === undefined) return availableOf(seen, memory.candidate) > 0 ? 100 : 0;
  return memory.stable === memory.candidate ? 100 : meansOf(situation).share(situation);
}

function counters(seen: Observed): Partial<RolloutStatus> {
  const updated = replicaSet(seen, seen.declared);
  return {
    replicas: sum(seen.replicaSets.map((rs) => rs.current)),
    updatedReplicas: updated?.current ?? 0,
    readyReplicas: sum(seen.replicaSets.map((rs) => rs.ready)),
    availableReplicas: sum(seen.replicaSets.map((rs) => rs.available)),
    HPAReplicas: sum(seen.replicaSets.map((rs) => rs.current)),
    selector: selectorText(seen),
  };
}

function selectorText(seen: Observed): string {
  const { matchLabels = {}, matchExpressions = [] } = seen.spec.selector;
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...labels.sort(), ...expressions].join(',');
}

type RunStatus = { name: string; status: string; message?: string };

function runStatus(situation: Situation, kind: RunKind): RunStatus | undefined {
  const run = runOf(situation, kind);
  return run && { name: run.name, status: run.phase, ...(run.message === undefined ? {} : { message: run.message }) };
}

const serviceOf = ({ seen }: Situation, role: Role): string | undefined =>
  seen.plan.services.find((service) => service.role === role)?.name;

/** What Argo Rollouts tells of a canary. */
function canaryStatus(situation: Situation, weight: number): RolloutStatus['canary'] {
  const { memory } = situation;
  const side = (hash: string | undefined, share: number, role: Role) => ({
    weight: share,
    ...present({ podTemplateHash: hash, serviceName: serviceOf(situation, role) }),
  });
  const onCanary = memory.candidate === memory.stable ? 0 : weight;
  return {
    weights: {
      canary: side(memory.candidate, onCanary, 'canary'),
      stable: side(memory.stable, 100 - onCanary, 'stable'),
    },
    ...present({
      currentStepAnalysisRunStatus: runStatus(situation, 'Step'),
      currentBackgroundAnalysisRunStatus: runStatus(situation, 'Background'),
    }),
  };
}

/** What Argo Rollouts tells of a blue-green release. */
function blueGreenStatus(situation: Situation): RolloutStatus['blueGreen'] {
  const { seen, place } = situation;
  const selected = (role: Role): string | undefined => seen.selectors.find((s) => s.role === role)?.hash ?? undefined;
  return present({
    activeSelector: selected('stable'),
    previewSelector: selected('canary'),
    scaleUpPreviewCheckPoint: place.state === 'promoting.growing' || undefined,
    prePromotionAnalysisRunStatus: runStatus(situation, 'PrePromotion'),
    postPromotionAnalysisRunStatus: runStatus(situation, 'PostPromotion'),
  });
}

const byStrategy = (situation: Situation, weight: number): Pick<RolloutStatus, 'canary' | 'blueGreen'> =>
  situation.seen.plan.reportsIn === 'blueGreen'
    ? { blueGreen: blueGreenStatus(situation) }
    : { canary: canaryStatus(situation, weight) };

function historyOf({ seen, transitions }: Outcome, trails: ReturnType<typeof releasesOf>['ended']): HistoryEntry[] {
  const news: HistoryEntry[] = [];
  for (const h of transitions) {
    if (h.kind !== 'Promoted' && h.kind !== 'Aborted' && h.kind !== 'Superseded' && h.kind !== 'RolledBack') continue;
    news.push({
      podHash: h.hash,
      ...(h.revision === undefined ? {} : { revision: h.revision }),
      outcome: h.kind,
      ...(h.kind === 'Aborted' ? { reason: h.reason } : {}),
      at: time(seen.now),
      ...trails[news.length],
    });
  }
  return [...(seen.status.history ?? []), ...news].slice(-HISTORY);
}

function pauseConditions(outcome: Outcome): RolloutStatus['pauseConditions'] {
  const { seen, place, transitions, kept } = outcome;
  const isUnsure = hasTag(place, 'moving') && place.background === 'unsure';
  const reason = rowOf(outcome).pause?.(outcome) ?? (isUnsure ? 'InconclusiveAnalysisRun' : undefined);
  if (reason === undefined || kept === 'promote') return undefined;
  const before = seen.status.pauseConditions?.find((p) => p.reason === reason);
  const fresh = transitions.some((h) => h.kind === 'Paused' || (h.kind === 'Inconclusive' && h.of !== 'Background'));
  return [before !== undefined && !fresh ? before : { reason, startTime: time(seen.now) }];
}

function imagesOf(seen: Observed): string {
  return (seen.spec.template.spec?.containers ?? []).map((c) => c.image ?? '').join(', ');
}

function revisions({ seen, memory, transitions }: Outcome): Partial<RolloutStatus> {
  const promoted = transitions.some((h) => h.kind === 'Promoted');
  const isStable = memory.stable === memory.candidate;
  const stable = isStable && (promoted || memory.revision !== undefined) ? memory.revision : seen.status.stableRevision;
  return {
    ...(seen.revision === undefined ? {} : { revision: seen.revision }),
    ...(stable === undefined ? {} : { stableRevision: stable }),
  };
}

function lastCommand({ seen: { command, status }, answer }: Outcome): RolloutStatus['lastCommand'] {
  if (command === undefined || answer === undefined || answer.id !== command.id) return status.lastCommand;
  return { ...command, outcome: answer.outcome };
}

/** Where the traffic is, as it was observed. */
export function trafficOf(situation: Situation): Pick<RolloutStatus, 'canary' | 'blueGreen'> & { weight: number } {
  const weight = weightOf(situation);
  return { weight, ...byStrategy(situation, weight) };
}

/** Stages that are behind the release, of all. */
function stagesDone({ seen, memory, place }: Situation): { done: number; all: number } {
  const all = seen.plan.stages.length;
  const isThrough = hasTag(place, 'done') || (hasTag(place, 'moving') && !hasTag(place, 'stepping'));
  return { done: isThrough ? all : Math.min(memory.stage, all), all };
}

/** Fields by which Argo Rollouts' clients steer, and read how it is steered. */
function signals(outcome: Outcome): Partial<RolloutStatus> {
  const { memory, place, kept } = outcome;
  const paused = pauseConditions(outcome);
  return present({
    abort: (hasTag(place, 'rejected') && kept !== 'retry') || undefined,
    abortedAt: memory.abortedAt === undefined ? undefined : time(memory.abortedAt),
    promoteFull: memory.full || kept === 'promote-full' || undefined,
    controllerPause: paused === undefined ? undefined : true,
    pauseConditions: paused,
    nextTransitionTime: memory.until === undefined ? undefined : time(memory.until),
    restartedAt: memory.restartedAt === undefined ? undefined : exactTime(memory.restartedAt),
  });
}

/** What is not decided yet is not observed. */
function observedGeneration({ undecided, generation, status }: Observed): Pick<RolloutStatus, 'observedGeneration'> {
  return undecided
    ? present({ observedGeneration: status.observedGeneration })
    : { observedGeneration: String(generation) };
}

/** The whole status; fields that are undefined are to be removed. */
export function statusOf(outcome: Outcome): RolloutStatus {
  const { seen, memory, place, kept } = outcome;
  const { done, all } = stagesDone(outcome);
  const traffic = trafficOf(outcome);
  const { phase, message } = phaseOf(outcome);
  const { release, ended } = releasesOf(outcome, traffic.weight);
  return {
    phase,
    message,
    ...observedGeneration(seen),
    ...counters(seen),
    currentPodHash: seen.declared,
    ...present({ stableRS: memory.stable }),
    currentStepIndex: kept === 'skip' ? done + 1 : done,
    currentStepHash: seen.plan.stagesHash,
    step: `${done}/${all}`,
    ...traffic,
    ...signals(outcome),
    ...revisions(outcome),
    images: imagesOf(seen),
    ...present({ release }),
    history: historyOf(outcome, ended),
    ...present({ lastCommand: lastCommand(outcome) }),
    machine: memorise(place, memory, seen),
    conditions: conditionsOf(outcome, phase, message),
  };
}
