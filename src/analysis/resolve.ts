import type { AnalysisRunSpec, RolloutAnalysis, TemplateSpec } from '../api/analysis.ts';
import type { Issue, Result } from '../api/result.ts';

export type TemplateLookup = (ref: {
  templateName: string;
  clusterScope?: boolean | undefined;
}) => TemplateSpec | undefined;

export interface ResolveContext {
  /** Path of the analysis in the Rollout, for issues: `spec.strategy.canary.steps[1].analysis`. */
  field: string;
  stableHash: string;
  latestHash: string;
  /** The Rollout, for valueFrom.fieldRef. */
  rollout: object;
  /** Every metric must come to an end by itself (steps); false for background analysis. */
  requireFinite: boolean;
}

/** The run that an analysis asks for: templates merged, arguments (but secrets) filled in, everything validated. */
export declare function resolveRun(
  analysis: RolloutAnalysis,
  lookup: TemplateLookup,
  context: ResolveContext,
): Result<AnalysisRunSpec, Issue[]>;

/** The same for a run that somebody made by hand: its own arguments filled in, validated. */
export declare function prepareRun(spec: AnalysisRunSpec): Result<AnalysisRunSpec, Issue[]>;
