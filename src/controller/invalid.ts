// The status of a Rollout whose spec cannot be used at all. Everything else in it stays: it tells what is running.
import type { Condition } from '../api/k8s.ts';
import type { Issue } from '../api/result.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';

export function invalidStatus(rollout: Rollout, issues: readonly Issue[], now: number): RolloutStatus {
  const [issue] = issues;
  const text = issue === undefined ? 'the spec is invalid' : `${issue.field}: ${issue.message}`;
  const before = rollout.status?.conditions ?? [];
  const known = before.find((c) => c.type === 'InvalidSpec');
  const condition: Condition = {
    type: 'InvalidSpec',
    status: 'True',
    reason: 'InvalidSpec',
    message: issues.length > 1 ? `${text} (and ${issues.length - 1} more)` : text,
    lastTransitionTime: known?.lastTransitionTime ?? `${new Date(now).toISOString().slice(0, 19)}Z`,
  };
  return {
    ...rollout.status,
    phase: 'Degraded',
    message: `InvalidSpec: ${text}`,
    observedGeneration: String(rollout.metadata.generation ?? 0),
    conditions: [condition, ...before.filter((c) => c.type !== 'InvalidSpec')],
  };
}
