// What keeps the analyses of a Rollout from being run, told before any of them is due. Worked out once for what it depends on: each look asks.
import type { RolloutAnalysis, TemplateSpec } from '../api/analysis.ts';
import type { Issue } from '../api/result.ts';
import type { Rollout } from '../api/rollout.ts';
import { resolveRun, type TemplateLookup } from '../analysis/run/resolve.ts';
import type { Plan, PlannedAnalysis } from '../rollout/plan.ts';
import type { Caches } from './caches.ts';

/** The templates that an analysis of a namespace can name. */
export function templateLookup(caches: Caches, namespace: string): TemplateLookup {
  return ({ templateName, clusterScope }): TemplateSpec | undefined =>
    clusterScope
      ? caches.clusterAnalysisTemplates.get(undefined, templateName)?.spec
      : caches.analysisTemplates.get(namespace, templateName)?.spec;
}

interface Asked {
  readonly rollout: Rollout;
  readonly stableHash: string;
  readonly latestHash: string;
  readonly lookup: TemplateLookup;
}

interface Known {
  /** All that the issues depend on besides the analysis, in one order. */
  readonly given: readonly unknown[];
  readonly issues: readonly Issue[];
}

/** By the analysis of a plan, which is compiled once for each version of a Rollout. */
const known = new WeakMap<RolloutAnalysis, Known>();

/** Issues of all analyses of a plan. Throws where one of them cannot be read. */
export function analysisIssues(caches: Caches, rollout: Rollout, { analyses }: Plan, declared: string): Issue[] {
  const lookup = templateLookup(caches, rollout.metadata.namespace ?? '');
  const stableHash = rollout.status?.stableRS ?? declared;
  return analyses.flatMap((planned) => issuesOf(planned, { rollout, stableHash, latestHash: declared, lookup }));
}

function issuesOf(planned: PlannedAnalysis, asked: Asked): readonly Issue[] {
  const { analysis } = planned;
  const before = known.get(analysis);
  if (before !== undefined && isSame(before.given, givenTo(analysis, asked))) return before.issues;
  const { lookup, ...context } = asked;
  const { field, finite } = planned;
  const result = resolveRun(analysis, lookup, { ...context, field, requireFinite: finite });
  const issues = result.ok ? [] : result.error;
  known.set(analysis, { given: givenTo(analysis, asked), issues });
  return issues;
}

/** A field of the Rollout may be anything of it, its status too; else it is the templates and the hashes alone. */
function givenTo({ templates, args = [] }: RolloutAnalysis, { rollout, stableHash, latestHash, lookup }: Asked) {
  const ofRollout = args.some(({ valueFrom }) => valueFrom?.fieldRef !== undefined) ? rollout : undefined;
  return [stableHash, latestHash, ofRollout, ...templates.map((ref) => lookup(ref))];
}

const isSame = (before: readonly unknown[], now: readonly unknown[]): boolean =>
  before.length === now.length && before.every((each, index) => each === now[index]);
