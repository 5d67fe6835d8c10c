// The status of a Rollout whose spec cannot be used at all. Everything else in it stays: it tells what is running.
import type { Condition } from '../api/k8s.ts';
import type { Issue } from '../api/result.ts';
import { issuesTold, textOfIssues } from './announcements.ts';
import { withNews } from './status-events.ts';
import { time } from './time.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';

/** `recorded`: what counts as recorded. */
export function invalidStatus(
  rollout: Rollout,
  recorded: RolloutStatus | undefined,
  issues: readonly Issue[],
  now: number,
): RolloutStatus {
  const { generation = 0 } = rollout.metadata;
  const [issue] = issues;
  const text = issue === undefined ? 'the spec is invalid' : `${issue.field}: ${issue.message}`;
  const before = recorded?.conditions ?? [];
  const known = before.find((c) => c.type === 'InvalidSpec');
  const condition: Condition = {
    type: 'InvalidSpec',
    status: 'True',
    reason: 'InvalidSpec',
    message: textOfIssues(issues),
    lastTransitionTime: known?.lastTransitionTime ?? time(now),
  };
  const seen = {
    generation,
    status: recorded ?? {},
    told: rollout.status?.recentEvents ?? [],
  };
  return {
    ...recorded,
    ...withNews(seen, issuesTold('InvalidSpec', issues, seen)),
    phase: 'Degraded',
    message: `InvalidSpec: ${text}`,
    observedGeneration: String(generation),
    conditions: [condition, ...before.filter((c) => c.type !== 'InvalidSpec')],
  };
}
