// What an Application must fulfil beyond the form of its fields.
import type { ApplicationSpec } from './application.ts';
import { durationMs } from './fields.ts';
import type { Issue } from './result.ts';

export function applicationIssues({ source }: ApplicationSpec): Issue[] {
  const issues: Issue[] = [];
  const complain = (key: string, message: string): void => void issues.push({ field: `spec.source.${key}`, message });
  if (!/^https?:\/\//.test(source.repoURL)) complain('repoURL', 'must be an http or https URL');
  else if (/^https?:\/\/[^/]*@/.test(source.repoURL))
    complain('repoURL', 'must hold no credentials: put them into the Secret of secretRef');
  if (source.path !== undefined && /^\/|(^|\/)\.\.(\/|$)/.test(source.path))
    complain('path', 'must be inside the repository, such as deploy/production');
  for (const key of ['interval', 'timeout'] as const) {
    const value = source[key];
    if (value !== undefined && (durationMs(value) ?? 0) <= 0) complain(key, 'must be more than 0, such as 30s');
  }
  return issues;
}
