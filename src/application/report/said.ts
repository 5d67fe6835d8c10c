// A condition of an Application without its times.
import type { Condition } from '../../api/k8s.ts';

export type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export const said = (type: string, isTrue: boolean, reason: string, message: string): Said => ({
  type,
  status: isTrue ? 'True' : 'False',
  reason,
  message,
});
