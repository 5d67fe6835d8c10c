// From the templates that an analysis names to the run that is made of them: merged, arguments filled in, checked.
// Arguments from Secrets keep their placeholder: they are read at each measurement and are in no object.
import type { AnalysisRunSpec, Argument, RolloutAnalysis, TemplateSpec } from '../../api/analysis.ts';
import { fail, ok, type Issue, type Result } from '../../api/result.ts';
import { namedForms } from '../providers/forms.ts';
import { argumentValues, substitute } from './arguments.ts';
import { fieldValue } from './field-path.ts';
import { validateRun, type RunRules } from './validate.ts';

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
export function resolveRun(
  analysis: RolloutAnalysis,
  lookup: TemplateLookup,
  context: ResolveContext,
): Result<AnalysisRunSpec, Issue[]> {
  const templates = findTemplates(analysis, lookup, context.field);
  if (!templates.ok) return templates;
  const issues: Issue[] = [];
  const given = (analysis.args ?? []).map((arg, index) =>
    givenValue(arg, `${context.field}.args[${index}]`, context, issues),
  );
  const args = mergeArguments(templates.value, given, context.field, issues);
  if (issues.length > 0) return fail(issues);
  const dryRun = uniqueBy(
    [...templates.value, analysis].flatMap((part) => part.dryRun ?? []),
    (entry) => entry.metricName,
  );
  // What the Rollout says about retention goes before what a template says.
  const retention = uniqueBy(
    [analysis, ...templates.value].flatMap((part) => part.measurementRetention ?? []),
    (entry) => entry.metricName,
  );
  const merged: AnalysisRunSpec = {
    ...(args.length > 0 && { args }),
    metrics: templates.value.flatMap((template) => template.metrics),
    ...(dryRun.length > 0 && { dryRun }),
    ...(retention.length > 0 && { measurementRetention: retention }),
  };
  return fillIn(merged, context.field, { isFinite: context.requireFinite, isStored: false });
}

/** The same for a run that somebody made by hand: its own arguments filled in, validated. */
export function prepareRun(spec: AnalysisRunSpec): Result<AnalysisRunSpec, Issue[]> {
  return fillIn(spec, 'spec', { isFinite: false, isStored: true });
}

function fillIn(spec: AnalysisRunSpec, field: string, rules: RunRules): Result<AnalysisRunSpec, Issue[]> {
  const metrics = substitute(spec.metrics, argumentValues(spec.args ?? []), `${field}.metrics`);
  if (!metrics.ok) return metrics;
  const filled = { ...spec, metrics: metrics.value };
  const issues = validateRun(filled, field, rules);
  return issues.length > 0 ? fail(issues) : ok(filled);
}

function findTemplates(
  analysis: RolloutAnalysis,
  lookup: TemplateLookup,
  field: string,
): Result<TemplateSpec[], Issue[]> {
  const issues: Issue[] = [];
  const found: TemplateSpec[] = [];
  const refs = uniqueBy([...analysis.templates], (ref) => `${ref.clusterScope === true}/${ref.templateName}`);
  for (const ref of refs) {
    const template = lookup(ref);
    if (template !== undefined) found.push(ref.clusterScope === true ? escaping(template) : template);
    else {
      const kind = ref.clusterScope === true ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
      const index = analysis.templates.indexOf(ref);
      const other = ref.clusterScope === true ? 'leave out clusterScope' : 'add clusterScope: true';
      issues.push({
        field: `${field}.templates[${index}].templateName`,
        message: `there is no ${kind} named ${ref.templateName}: create it, name one that exists, or ${other} if it is of the other kind`,
      });
    }
  }
  return issues.length > 0 ? fail(issues) : ok(found);
}

/** A template of the whole cluster: who gives it arguments may not change its queries. The run keeps it, for Secrets. */
function escaping(template: TemplateSpec): TemplateSpec {
  const metrics = template.metrics.map((metric) => {
    const escaped = namedForms(metric.provider).map(({ name, form, config }) => [
      name,
      form.query?.escaped(config) ?? config,
    ]);
    return { ...metric, provider: { ...metric.provider, ...Object.fromEntries(escaped) } };
  });
  return { ...template, metrics };
}

/** An argument of the Rollout with its value taken from where valueFrom says. */
function givenValue(arg: Argument, field: string, context: ResolveContext, issues: Issue[]): Argument {
  const from = arg.valueFrom;
  if (from?.podTemplateHashValue !== undefined) {
    return { name: arg.name, value: from.podTemplateHashValue === 'Stable' ? context.stableHash : context.latestHash };
  }
  if (from?.fieldRef === undefined) return arg;
  const path = from.fieldRef.fieldPath;
  const value = fieldValue(context.rollout, path);
  if (value !== undefined) return { name: arg.name, value };
  issues.push({
    field: `${field}.valueFrom.fieldRef.fieldPath`,
    message: `the Rollout has no text or number at ${path}`,
  });
  return arg;
}

function mergeArguments(templates: TemplateSpec[], given: Argument[], field: string, issues: Issue[]): Argument[] {
  const merged = new Map<string, Argument>(given.map((arg) => [arg.name, arg]));
  const own = new Set(given.filter(hasValue).map((arg) => arg.name));
  for (const arg of templates.flatMap((template) => template.args ?? [])) {
    const before = merged.get(arg.name);
    if (own.has(arg.name) || (before !== undefined && !hasValue(arg))) continue;
    if (before !== undefined && hasValue(before) && JSON.stringify(before) !== JSON.stringify(arg)) {
      issues.push({
        field: `${field}.args`,
        message: `the templates give ${arg.name} different values: set it in args`,
      });
    } else merged.set(arg.name, arg);
  }
  issues.push(...valueless([...merged.values()], templates, given, field));
  return [...merged.values()];
}

/** An argument without a value; one that was given and that nobody asks for may be a slip of the finger. */
function valueless(args: Argument[], templates: TemplateSpec[], given: Argument[], field: string): Issue[] {
  const asked = new Set(templates.flatMap((template) => (template.args ?? []).map(({ name }) => name)));
  const strange = given.map(({ name }) => name).filter((name) => !asked.has(name));
  const hint = strange.length === 0 ? '' : `; no template asks for ${strange.join(', ')}`;
  return args
    .filter((arg) => !hasValue(arg))
    .map(({ name }) => ({
      field: `${field}.args`,
      message: `the argument ${name} has no value: add it to args${hint}`,
    }));
}

const hasValue = (arg: Argument): boolean => arg.value !== undefined || arg.valueFrom !== undefined;

function uniqueBy<T>(list: T[], key: (item: T) => string): T[] {
  const seen = new Map<string, T>();
  for (const item of list) if (!seen.has(key(item))) seen.set(key(item), item);
  return [...seen.values()];
}
