// How long pods stay that nothing wants any more, as every strategy declares it.
import type { Plan } from '../plan.ts';

const DEFAULT_S = 30;

interface Declared {
  readonly scaleDownDelaySeconds?: number | undefined;
  /** 0: for ever. */
  readonly abortScaleDownDelaySeconds?: number | undefined;
}

export function delaysOf({
  scaleDownDelaySeconds: old = DEFAULT_S,
  abortScaleDownDelaySeconds: rejected = DEFAULT_S,
}: Declared): Pick<Plan, 'oldPodsStay' | 'rejectedPodsStay'> {
  return { oldPodsStay: old * 1000, rejectedPodsStay: rejected === 0 ? undefined : rejected * 1000 };
}
