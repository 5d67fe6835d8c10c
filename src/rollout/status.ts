// The status as people and tools read it: a projection of the machine's state and of what was observed. Times in it only change
// with what they tell of, so that a pass with nothing new writes nothing.
import type { HistoryEntry, RolloutStatus } from '../api/rollout.ts';
import { conditionsOf } from './conditions.ts';
import * as facts from './facts.ts';
import { memorise, type Memory, type StateName } from './memory.ts';
import { availableOf, hasRouter, replicaSet, type Observed } from './observed.ts';
import type { Outcome } from './outcome.ts';
import { phaseOf } from './phase.ts';
import { releasesOf } from './release.ts';
import { stepsOf } from './steps.ts';
import { shortHash } from './hash.ts';
import type { Answer } from './wish.ts';

const HISTORY = 10;
const seconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** Percent of the traffic (of the available pods, without a router) on the candidate. */
export function weightOf(seen: Observed, memory: Memory, state: StateName): number {
  if (memory.stable === undefined) return availableOf(seen, memory.candidate) > 0 ? 100 : 0;
  if (state === 'settled') return 100;
  if (hasRouter(seen)) return facts.selects(seen, 'canary', memory.candidate) ? routedAtMost(seen) : 0;
  const canary = availableOf(seen, memory.candidate);
  const all = canary + availableOf(seen, memory.stable);
  return all === 0 ? 0 : Math.round((100 * canary) / all);
}

/** What a route that cannot be read sends there is not known: as much as it was when it last could be. */
function routedAtMost(seen: Observed): number {
  const isUnread = seen.routes.some((route) => route.canary === undefined);
  return Math.max(facts.mostRouted(seen), isUnread ? (seen.status.weight ?? 0) : 0);
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

function canaryStatus(seen: Observed, memory: Memory, weight: number): RolloutStatus['canary'] {
  const strategy = seen.spec.strategy.canary;
  const step = facts.stepRun(seen, memory);
  const background = facts.backgroundRun(seen, memory);
  const run = (r: typeof step): { name: string; status: string; message?: string } | undefined =>
    r && { name: r.name, status: r.phase, ...(r.message === undefined ? {} : { message: r.message }) };
  const side = (hash: string | undefined, share: number, service: string | undefined) => ({
    weight: share,
    ...(hash === undefined ? {} : { podTemplateHash: hash }),
    ...(service === undefined ? {} : { serviceName: service }),
  });
  const onCanary = memory.candidate === memory.stable ? 0 : weight;
  const [stepStatus, backgroundStatus] = [run(step), run(background)];
  return {
    weights: {
      canary: side(memory.candidate, onCanary, strategy?.canaryService),
      stable: side(memory.stable, 100 - onCanary, strategy?.stableService),
    },
    ...(stepStatus ? { currentStepAnalysisRunStatus: stepStatus } : {}),
    ...(backgroundStatus ? { currentBackgroundAnalysisRunStatus: backgroundStatus } : {}),
  };
}

function historyOf(seen: Observed, outcome: Outcome, trails: ReturnType<typeof releasesOf>['ended']): HistoryEntry[] {
  const news: HistoryEntry[] = [];
  for (const h of outcome.happenings) {
    if (h.kind !== 'Promoted' && h.kind !== 'Aborted' && h.kind !== 'Superseded' && h.kind !== 'RolledBack') continue;
    news.push({
      podHash: h.hash,
      ...(h.revision === undefined ? {} : { revision: h.revision }),
      outcome: h.kind,
      ...(h.kind === 'Aborted' ? { reason: h.reason } : {}),
      at: seconds(seen.now),
      ...trails[news.length],
    });
  }
  return [...(seen.status.history ?? []), ...news].slice(-HISTORY);
}

function pauseConditions(seen: Observed, outcome: Outcome): RolloutStatus['pauseConditions'] {
  const reason = pauseReason(seen, outcome);
  if (reason === undefined || outcome.kept === 'promote') return undefined;
  const before = seen.status.pauseConditions?.find((p) => p.reason === reason);
  const fresh = outcome.happenings.some((h) => h.kind === 'Paused' || h.kind === 'Inconclusive');
  return [before !== undefined && !fresh ? before : { reason, startTime: seconds(seen.now) }];
}

function pauseReason(seen: Observed, { state, memory }: Outcome): string | undefined {
  if (state === 'updating.pausing') return 'CanaryPauseStep';
  if (state === 'updating.inconclusive') return 'InconclusiveAnalysisRun';
  const moving = state.startsWith('updating') || state === 'promoting';
  return moving && facts.backgroundInconclusive(seen, memory) ? 'InconclusiveAnalysisRun' : undefined;
}

function imagesOf(seen: Observed): string {
  return (seen.spec.template.spec?.containers ?? []).map((c) => c.image ?? '').join(', ');
}

function revisions(seen: Observed, { memory, happenings }: Outcome): Partial<RolloutStatus> {
  const promoted = happenings.some((h) => h.kind === 'Promoted');
  const isStable = memory.stable === memory.candidate;
  const stable = isStable && (promoted || memory.revision !== undefined) ? memory.revision : seen.status.stableRevision;
  return {
    ...(seen.revision === undefined ? {} : { revision: seen.revision }),
    ...(stable === undefined ? {} : { stableRevision: stable }),
  };
}

function lastCommand(seen: Observed, answer: Answer | undefined): RolloutStatus['lastCommand'] {
  const command = seen.command;
  if (command === undefined || answer === undefined || answer.id !== command.id) return seen.status.lastCommand;
  return { ...command, outcome: answer.outcome };
}

/** The whole status; fields that are undefined are to be removed. */
export function statusOf(seen: Observed, outcome: Outcome): RolloutStatus {
  const { state, memory } = outcome;
  const steps = stepsOf(seen).length;
  const done = state === 'settled' || state === 'promoting' ? steps : Math.min(memory.step, steps);
  const weight = weightOf(seen, memory, state);
  const { phase, message } = phaseOf(seen, outcome);
  const command = lastCommand(seen, outcome.answer);
  const paused = pauseConditions(seen, outcome);
  const { release, ended } = releasesOf(seen, outcome, weight);
  return {
    phase,
    message,
    observedGeneration: String(seen.generation),
    ...counters(seen),
    currentPodHash: seen.declared,
    ...(memory.stable === undefined ? {} : { stableRS: memory.stable }),
    currentStepIndex: outcome.kept === 'skip' ? done + 1 : done,
    currentStepHash: seen.stepsHash,
    step: `${done}/${steps}`,
    weight,
    ...(state === 'aborted' && outcome.kept !== 'retry' ? { abort: true } : {}),
    ...(memory.abortedAt === undefined ? {} : { abortedAt: seconds(memory.abortedAt) }),
    ...(memory.full || outcome.kept === 'promote-full' ? { promoteFull: true } : {}),
    ...(paused === undefined ? {} : { controllerPause: true, pauseConditions: paused }),
    ...(memory.until === undefined ? {} : { nextTransitionTime: seconds(memory.until) }),
    ...revisions(seen, outcome),
    images: imagesOf(seen),
    ...(release === undefined ? {} : { release }),
    history: historyOf(seen, outcome, ended),
    ...(command === undefined ? {} : { lastCommand: command }),
    canary: canaryStatus(seen, memory, weight),
    machine: memorise(state, memory),
    conditions: conditionsOf(seen, outcome, phase, message),
  };
}

/** Identity of the steps: a change of them begins the release anew. */
export const hashOfSteps = (seen: Pick<Observed, 'spec'>): string => shortHash(seen.spec.strategy.canary?.steps ?? []);
