// Turns what the rollout controller tells about itself into metrics.
import { ANNOTATIONS } from '../api/names.ts';
import type { RolloutMetrics } from '../controller/metrics-port.ts';
import type { Metrics } from '../server/metrics.ts';

export function rolloutMetrics(metrics: Metrics): RolloutMetrics {
  /** Releases whose first weight was counted, by Rollout. */
  const counted = new Map<string, string>();
  return {
    reconciled: (durationMs) => metrics.reconcile('rollout', durationMs, false),
    failed: () => metrics.reconcile('rollout', 0, true),
    observed(rollout, decision, happenings) {
      const { namespace = '', name } = rollout.metadata;
      const steps = rollout.spec.strategy.canary?.steps?.length ?? 0;
      const { phase = 'Progressing', currentStepIndex = 0, weight = 0 } = decision.status;
      metrics.rollout({ namespace, name, phase, step: currentStepIndex, steps, weight });
      for (const happening of happenings) {
        if (happening.kind === 'Aborted') metrics.abort(happening.cause);
        if (happening.kind === 'Promoted') metrics.promotion();
      }
    },
    weightRaised(rollout, decision, at) {
      const key = `${rollout.metadata.namespace ?? ''}/${rollout.metadata.name}`;
      const release = `${decision.memory.candidate}-${decision.memory.attempt}`;
      const receivedAt = Date.parse(rollout.metadata.annotations?.[ANNOTATIONS.receivedAt] ?? '');
      if (Number.isNaN(receivedAt) || counted.get(key) === release) return;
      counted.set(key, release);
      metrics.pushToFirstWeight(at - receivedAt);
    },
    trafficBack: (durationMs) => metrics.badSampleToZero(durationMs),
    forgotten({ namespace, name }) {
      counted.delete(`${namespace}/${name}`);
      metrics.rolloutGone(namespace, name);
    },
  };
}
