// Validation of whole objects: the schema, and the rules that span fields. Nothing is changed: what is declared stays what it is.
import type { z } from 'zod';
import { analysisRunSpecSchema, templateSpecSchema, type AnalysisRun, type AnalysisTemplate } from './analysis.ts';
import { templateIssues } from './analysis-rules.ts';
import { applicationSpecSchema, type Application } from './application.ts';
import { applicationIssues } from './application-rules.ts';
import { fail, ok, type Issue, type Result } from './result.ts';
import { rolloutSpecSchema, type Rollout } from './rollout.ts';
import { rolloutIssues } from './rollout-rules.ts';

/** The Rollout itself, or every issue with its field path. Rules that span fields are looked at once each field is well formed. */
export function parseRollout(object: object): Result<Rollout> {
  return parsed<Rollout, z.infer<typeof rolloutSpecSchema>>(object, rolloutSpecSchema, rolloutIssues);
}

/** The AnalysisTemplate or ClusterAnalysisTemplate itself, or every issue. */
export function parseAnalysisTemplate(object: object): Result<AnalysisTemplate> {
  return parsed<AnalysisTemplate, z.infer<typeof templateSpecSchema>>(object, templateSpecSchema, templateIssues);
}

/** The AnalysisRun itself, or every issue. */
export function parseAnalysisRun(object: object): Result<AnalysisRun> {
  return parsed<AnalysisRun, z.infer<typeof analysisRunSpecSchema>>(object, analysisRunSpecSchema, templateIssues);
}

/** The Application itself, or every issue. */
export function parseApplication(object: object): Result<Application> {
  return parsed<Application, z.infer<typeof applicationSpecSchema>>(object, applicationSpecSchema, applicationIssues);
}

function parsed<T, S>(object: object, schema: z.ZodType<S>, rules: (spec: S) => Issue[]): Result<T> {
  const spec: unknown = 'spec' in object ? object.spec : undefined;
  const result = schema.safeParse(spec);
  if (!result.success) return fail(result.error.issues.map(issueOf));
  const issues = rules(result.data);
  return issues.length === 0 ? ok(object as T) : fail(issues);
}

function issueOf(issue: z.core.$ZodIssue): Issue {
  const field = issue.path.reduce<string>(
    (path, key) => (typeof key === 'number' ? `${path}[${String(key)}]` : `${path}.${String(key)}`),
    'spec',
  );
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return { field, message: missing ? `is required, a value of type ${issue.expected}` : issue.message };
}
