// The status of an Application whose spec cannot be used: what is applied stays, and the object says what to write instead.
import type { Application, ApplicationStatus } from '../../api/application.ts';
import { toTime } from '../../ports/clock.ts';

export function invalidStatus(
  app: Application,
  before: ApplicationStatus,
  message: string,
  now: number,
): ApplicationStatus {
  const known = before.conditions?.find(({ type }) => type === 'Ready');
  const lastTransitionTime = known?.status === 'False' ? known.lastTransitionTime : toTime(now);
  const observedGeneration = app.metadata.generation ?? 0;
  const ready = {
    type: 'Ready',
    status: 'False' as const,
    reason: 'InvalidSpec',
    message,
    lastTransitionTime,
    observedGeneration,
  };
  const others = (before.conditions ?? []).filter(({ type }) => type !== 'Ready');
  return { ...before, observedGeneration, phase: 'Failed', message, conditions: [ready, ...others] };
}
