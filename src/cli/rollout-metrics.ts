// Turns what the rollout controller tells about itself into metrics.
import { ANNOTATIONS } from '../api/names.ts';
import type { RolloutMetrics } from '../controller/metrics-port.ts';
import { planOf } from '../rollout/compile.ts';
import type { Metrics } from '../server/metrics.ts';

export function rolloutMetrics(metrics: Metrics): RolloutMetrics {
  /** Releases whose first weight was counted, by Rollout. */
  const counted = new Map<string, string>();
  return {
    observed({ metadata, spec, status }) {
      if (status?.phase === undefined) return;
      const { namespace = '', name } = metadata;
      const steps = planOf({ spec })?.stages.length ?? 0;
      const { phase, currentStepIndex = 0, weight = 0 } = status;
      metrics.rollout({ namespace, name, phase, step: currentStepIndex, steps, weight });
    },
    promoted: () => metrics.promotion(),
    aborted: (cause) => metrics.abort(cause),
    weightRaised(rollout, release, at) {
      const key = `${rollout.metadata.namespace ?? ''}/${rollout.metadata.name}`;
      const receivedAt = Date.parse(rollout.metadata.annotations?.[ANNOTATIONS.receivedAt] ?? '');
      if (Number.isNaN(receivedAt) || counted.get(key) === release) return;
      counted.set(key, release);
      metrics.pushToFirstWeight(at - receivedAt);
    },
    trafficBack: (durationMs) => metrics.badSampleToZero(durationMs),
    corrected: (rollout, what) => metrics.correction({ ...rollout, ...what }),
    forgotten({ namespace, name }) {
      counted.delete(`${namespace}/${name}`);
      metrics.rolloutGone(namespace, name);
    },
  };
}
