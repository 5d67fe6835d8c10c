// What each kind of stage is: when it is done, and what is said of it. A new kind is a file here, a member of `Stage` in plan.ts and a
// state of the chart; the type makes sure that none is forgotten.
import type { Known } from '../known.ts';
import type { Stage, StageKind } from '../plan.ts';
import { measure } from './measure.ts';
import { pause } from './pause.ts';
import { scale } from './scale.ts';
import { split } from './split.ts';
import type { StageModule } from './stage-module.ts';

const STAGES: { readonly [K in StageKind]: StageModule<K> } = {
  Split: split,
  Scale: scale,
  Pause: pause,
  Measure: measure,
};

const moduleOf = (stage: Stage): StageModule<StageKind> => STAGES[stage.kind] as StageModule<StageKind>;

export const isStageReached = (known: Known, stage: Stage): boolean => moduleOf(stage).isReached(known, stage);
export const sayStage = (known: Known, stage: Stage): string => moduleOf(stage).says(known, stage);
export const tellStage = (stage: Stage): string => moduleOf(stage).told(stage);
