// What is concluded about an Application: its phase, and a condition without its times.
import type { ApplicationStatus } from '../../api/application.ts';
import type { Condition } from '../../api/k8s.ts';

export type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export const said = (type: string, isTrue: boolean, reason: string, message: string): Said => ({
  type,
  status: isTrue ? 'True' : 'False',
  reason,
  message,
});

/** Where a commit stands, and why. */
export interface Verdict {
  phase: NonNullable<ApplicationStatus['phase']>;
  reason: string;
  message: string;
}
