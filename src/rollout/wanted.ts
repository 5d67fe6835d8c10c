// What a state wants of the world. Level, not edge: the same state wants the same thing in every pass.
import { mostRouted } from './traffic.ts';
import { meansOf } from './means/by-split.ts';
import type { Pods, Selectors, Wanting } from './means/means.ts';
import { availableOf, hasRouter } from './observed.ts';
import type { PlannedAnalysis, RunKind } from './plan.ts';
import { hasTag } from './place.ts';
import { releaseKey, runName, runOf } from './runs.ts';
import { isFrozen, type Situation } from './situation.ts';
import { rowOf } from './states.ts';

export interface WantedRun {
  readonly kind: RunKind;
  readonly step: number | undefined;
  readonly name: string;
}

export interface Wanted {
  /** Percent on the canary; undefined without a router, and where each route stays as it is. */
  readonly weight: number | undefined;
  /** The verdict for the routes to remember: a release, null for none. */
  readonly rejected: string | null;
  /** What the sides are to select. */
  readonly selected: Selectors;
  readonly pods: Pods;
  readonly runs: readonly WantedRun[];
}

/** The run of the stage, or of what comes after the switch. */
function isAwaited(situation: Situation, { kind, stage }: PlannedAnalysis): boolean {
  const { runs = [] } = rowOf(situation);
  return runs.includes(kind) && (stage === undefined || stage === situation.memory.stage);
}

function isInBackground(situation: Situation): boolean {
  const { seen, memory, place } = situation;
  const from = seen.plan.backgroundFrom;
  if (from === undefined || memory.stage < from || !hasTag(place, 'moving') || place.background === 'waived')
    return false;
  // Before the first request reaches the canary there is nothing to measure.
  const hasTraffic = hasRouter(seen) ? mostRouted(seen) > 0 : availableOf(seen, memory.candidate) > 0;
  return hasTraffic || runOf(situation, 'Background') !== undefined;
}

/** Runs that the state waits for, and that go on though the spec that declared them was replaced by one that cannot be followed. */
function underWay(situation: Situation): WantedRun[] {
  const runs = (rowOf(situation).runs ?? []).flatMap((kind) => runOf(situation, kind) ?? []);
  return runs.map(({ kind, step, name }) => ({ kind, step, name }));
}

function wantedRuns(situation: Situation): WantedRun[] {
  const declared = situation.seen.plan.analyses
    .filter((analysis) => (analysis.kind === 'Background' ? isInBackground(situation) : isAwaited(situation, analysis)))
    .map((analysis): WantedRun => ({ kind: analysis.kind, step: analysis.stage, name: runName(situation, analysis) }));
  return [...declared, ...underWay(situation).filter(({ name }) => declared.every((run) => run.name !== name))];
}

export function wantedOf(situation: Situation): Wanted {
  const { seen, memory, place } = situation;
  const wanting: Wanting = { seen, memory, aim: rowOf(situation).aim(situation), isFrozen: isFrozen(situation) };
  const means = meansOf(situation);
  const pods = means.pods(wanting);
  return {
    weight: means.weight(wanting),
    rejected: hasTag(place, 'rejected') ? releaseKey(memory) : null,
    selected: means.selectors(wanting, pods),
    pods,
    runs: wantedRuns(situation),
  };
}
