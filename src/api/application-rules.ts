// What an Application must fulfil beyond the form of its fields.
import type { ApplicationSpec } from './application.ts';
import { durationMs } from './fields.ts';
import type { Issue } from './result.ts';

const MIN_INTERVAL_MS = 5000;
const MIN_TIMEOUT_MS = 1000;
const MAX_TIMEOUT_MS = 300_000;

export function applicationIssues({ source }: ApplicationSpec): Issue[] {
  const issues: Issue[] = [];
  const complain = (key: string, message: string): void => void issues.push({ field: `spec.source.${key}`, message });
  if (!/^https?:\/\//.test(source.repoURL)) complain('repoURL', 'must be an http or https URL');
  else if (/^https?:\/\/[^/]*@/.test(source.repoURL))
    complain('repoURL', 'must hold no credentials: put them into the Secret of secretRef');
  if (source.path !== undefined && /^\/|(^|\/)\.\.(\/|$)/.test(source.path))
    complain('path', 'must be inside the repository, such as deploy/production');
  if (source.interval !== undefined && (durationMs(source.interval) ?? 0) < MIN_INTERVAL_MS)
    complain('interval', 'must be at least 5s, such as 30s');
  const timeout = source.timeout === undefined ? MIN_TIMEOUT_MS : (durationMs(source.timeout) ?? 0);
  if (timeout < MIN_TIMEOUT_MS || timeout > MAX_TIMEOUT_MS) complain('timeout', 'must be from 1s to 5m, such as 60s');
  return issues;
}
