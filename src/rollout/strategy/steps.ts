// Steps as stages: each with the weight and the pods that hold at it, which are those of the last step that said so.
import { durationMs } from '../../api/fields.ts';
import type { Step } from '../../api/rollout.ts';
import type { PlannedAnalysis, PodsRule, Stage, Standing } from '../plan.ts';

/** Without a router the numbers of pods are the weight, so that a scale of its own means nothing. */
function scaledBy({ setCanaryScale: scale }: Step, before: PodsRule | undefined): PodsRule | undefined {
  if (scale === undefined) return before;
  if (scale.replicas !== undefined) return { replicas: scale.replicas };
  return scale.weight === undefined ? undefined : { share: scale.weight };
}

type OwnOf<S> = S extends S ? Omit<S, keyof Standing> : never;
/** What a stage is, beside what holds at it. */
type Own = OwnOf<Stage>;

/** What each step makes, where it is declared. A kind of step that is missing here is an error of type. */
const MADE_OF: Readonly<Record<keyof Step, (step: Step) => Own | undefined>> = {
  setWeight: ({ setWeight }) => (setWeight === undefined ? undefined : { kind: 'Split' }),
  pause({ pause }) {
    if (pause === undefined) return undefined;
    const ms = pause.duration === undefined ? undefined : durationMs(pause.duration);
    return { kind: 'Pause', ms, reason: 'CanaryPauseStep' };
  },
  analysis: ({ analysis }) => (analysis === undefined ? undefined : { kind: 'Measure', run: 'Step' }),
  setCanaryScale: ({ setCanaryScale }) => (setCanaryScale === undefined ? undefined : { kind: 'Scale' }),
};

/** A step that says nothing is refused by the schema; what was stored without it leaves everything as it is. */
function stageOf(step: Step, standing: Standing): Stage {
  const [own] = Object.values(MADE_OF).flatMap((make) => make(step) ?? []);
  return { ...(own ?? { kind: 'Scale' }), ...standing };
}

/** The stages of steps that begin at a standing; pods that do not follow the weight there never do. */
export function stagesOf(steps: readonly Step[], before: Standing, isRouted: boolean): Stage[] {
  let { weight } = before;
  let scale: PodsRule | undefined = before.follows ? undefined : before.pods;
  return steps.map((step) => {
    weight = step.setWeight ?? weight;
    scale = isRouted ? scaledBy(step, scale) : undefined;
    return stageOf(step, { weight, pods: scale ?? { share: weight }, follows: scale === undefined });
  });
}

/** The analyses that are steps, `first` being the stage of the first step. */
export const stepAnalyses = (steps: readonly Step[] | undefined, field: string, first: number): PlannedAnalysis[] =>
  (steps ?? []).flatMap(({ analysis }, at): PlannedAnalysis[] =>
    analysis === undefined
      ? []
      : [{ kind: 'Step', stage: first + at, analysis, field: `${field}[${at}].analysis`, finite: true }],
  );
