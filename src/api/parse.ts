// Validation of whole objects: the schemas, with their rules. Nothing is changed: what is declared stays what it is.
import type { z } from 'zod';
import { analysisRunSpecSchema, templateSpecSchema, type AnalysisRunSpec, type AnalysisTemplate } from './analysis.ts';
import { applicationSpecSchema, type Application } from './application.ts';
import { fail, ok, type Issue, type Result } from './result.ts';
import { rolloutSpecSchema, type Rollout } from './rollout.ts';

/** The Rollout itself, or every issue with its field path. A rule that spans fields is asked once each of them has its form. */
export function parseRollout(object: object): Result<Rollout> {
  return parsed<Rollout>(object, rolloutSpecSchema);
}

/** The AnalysisTemplate or ClusterAnalysisTemplate itself, or every issue. */
export function parseAnalysisTemplate(object: object): Result<AnalysisTemplate> {
  return parsed<AnalysisTemplate>(object, templateSpecSchema);
}

/** The Application itself, or every issue. */
export function parseApplication(object: object): Result<Application> {
  return parsed<Application>(object, applicationSpecSchema);
}

/** The spec of an AnalysisRun itself, or every issue; `field` is where what it is made of stands. */
export function parseAnalysisRunSpec(spec: unknown, field: string): Result<AnalysisRunSpec> {
  const issues = issuesOf(spec, analysisRunSpecSchema, field);
  return issues.length === 0 ? ok(spec as AnalysisRunSpec) : fail(issues);
}

/** Every issue of the spec of an object, by the form of its kind. */
export const specIssues = (object: object, schema: z.ZodType): Issue[] =>
  issuesOf('spec' in object ? object.spec : undefined, schema, 'spec');

function parsed<T>(object: object, schema: z.ZodType): Result<T> {
  const issues = specIssues(object, schema);
  return issues.length === 0 ? ok(object as T) : fail(issues);
}

function issuesOf(value: unknown, schema: z.ZodType, field: string): Issue[] {
  return (schema.safeParse(value).error?.issues ?? []).map((issue) => issueOf(issue, field));
}

function issueOf(issue: z.core.$ZodIssue, root: string): Issue {
  const field = issue.path.reduce<string>(
    (path, key) => (typeof key === 'number' ? `${path}[${String(key)}]` : `${path}.${String(key)}`),
    root,
  );
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return { field, message: missing ? `is required, a value of type ${issue.expected}` : issue.message };
}
