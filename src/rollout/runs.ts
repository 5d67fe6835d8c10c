// The analysis runs of a release, and what they say.
import type { Known } from './known.ts';
import type { Memory } from './memory.ts';
import type { SeenRun } from './observed.ts';
import type { PlannedAnalysis, RunKind, Stage } from './plan.ts';

/** The key under which routes remember a verdict. */
export const releaseKey = ({ candidate, attempt }: Memory): string => `${candidate}-${attempt}`;

/** What of the name of a run tells it from the others of its release. */
const SUFFIXES: Record<RunKind, (stage: number | undefined) => string> = {
  Step: (stage) => `-${stage ?? 0}`,
  Background: () => '',
  PrePromotion: () => '-pre',
  PostPromotion: () => '-post',
};

/** What each is, in words. */
export const RUN_TEXTS: Readonly<Record<RunKind, string>> = {
  Step: 'analysis',
  Background: 'background analysis',
  PrePromotion: 'pre-promotion analysis',
  PostPromotion: 'post-promotion analysis',
};

export function runName({ seen, memory }: Known, { kind, stage }: Pick<PlannedAnalysis, 'kind' | 'stage'>): string {
  return `${seen.name}-${releaseKey(memory)}${SUFFIXES[kind](stage)}`;
}

/** Runs of the release that is under way, not of an earlier attempt. */
function runsOf({ seen, memory }: Known): readonly SeenRun[] {
  return seen.runs.filter((run) => run.hash === memory.candidate && run.attempt === memory.attempt);
}

export const runOf = (known: Known, kind: RunKind): SeenRun | undefined =>
  runsOf(known).find((run) => run.kind === kind && (kind !== 'Step' || run.step === known.memory.stage));

/** The run of the present stage. */
export function stageRun(known: Known): SeenRun | undefined {
  const stage = stageOf(known);
  return stage?.kind === 'Measure' ? runOf(known, stage.run) : undefined;
}

export const failedRun = (known: Known): SeenRun | undefined =>
  runsOf(known).find((run) => run.phase === 'Failed' || run.phase === 'Error');

/** The present stage; undefined behind the last one, and where all that is left is skipped. */
export const stageOf = ({ seen, memory }: Known): Stage | undefined =>
  memory.full === true ? undefined : seen.plan.stages[memory.stage];
