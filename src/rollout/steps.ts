// What a step asks for: traffic weight and number of canary pods.
import { durationMs } from '../api/fields.ts';
import type { SetCanaryScale, Step } from '../api/rollout.ts';
import { hasRouter, replicasOf, type Observed } from './observed.ts';

export const stepsOf = (seen: Observed): readonly Step[] => seen.spec.strategy.canary?.steps ?? [];

export type StepKind = 'setWeight' | 'pause' | 'analysis' | 'setCanaryScale';

export function kindOf(step: Step | undefined): StepKind | undefined {
  if (step === undefined) return undefined;
  if (step.setWeight !== undefined) return 'setWeight';
  if (step.pause !== undefined) return 'pause';
  if (step.analysis !== undefined) return 'analysis';
  return step.setCanaryScale !== undefined ? 'setCanaryScale' : undefined;
}

/** Percent of the last setWeight at or before `step`; 0 before the first, 100 behind the last step. */
export function weightAt(steps: readonly Step[], step: number): number {
  if (step >= steps.length) return 100;
  for (let i = step; i >= 0; i--) {
    const weight = steps[i]?.setWeight;
    if (weight !== undefined) return weight;
  }
  return 0;
}

/** The setCanaryScale that holds at `step`, unless it follows the weight again. */
function scaleAt(seen: Observed, step: number): SetCanaryScale | undefined {
  const scales = stepsOf(seen).slice(0, step + 1);
  const scale = hasRouter(seen) ? scales.findLast((s) => s.setCanaryScale !== undefined)?.setCanaryScale : undefined;
  return scale?.replicas !== undefined || scale?.weight !== undefined ? scale : undefined;
}

/** Canary pods that `step` wants: those of the last setCanaryScale, else the share of the weight, rounded up. */
export function canaryPodsAt(seen: Observed, step: number): number {
  const steps = stepsOf(seen);
  const replicas = replicasOf(seen);
  if (step >= steps.length) return replicas;
  const scale = scaleAt(seen, step);
  return scale?.replicas ?? Math.ceil(((scale?.weight ?? weightAt(steps, step)) * replicas) / 100);
}

/**
 * Canary pods of a setWeight and of those right behind it, which are reached without a wait: they are brought up together, as far as
 * maxSurge goes. Each ReplicaSet that grows once and not twice spares the cluster a handful of writes, and the release the time.
 */
export function canaryPodsAhead(seen: Observed, step: number, maxSurge: number): number {
  const steps = stepsOf(seen);
  const now = canaryPodsAt(seen, step);
  if (scaleAt(seen, step) !== undefined) return now;
  let most = now;
  for (let next = step + 1; next <= steps.length; next++) {
    if (next < steps.length && kindOf(steps[next]) !== 'setWeight') break;
    most = Math.max(most, canaryPodsAt(seen, next));
  }
  return Math.min(most, now + maxSurge);
}

/** The step whose weight and pods hold; behind the last step, still the last. */
export const presentStep = (seen: Observed, step: number): number => Math.min(step, stepsOf(seen).length - 1);

/** Whether a background analysis is due at `step`. */
export function backgroundAt(seen: Observed, step: number): boolean {
  const analysis = seen.spec.strategy.canary?.analysis;
  return analysis !== undefined && step >= (analysis.startingStep ?? 0);
}

/** Milliseconds of a pause; undefined for one that a person ends. */
export function durationOf(step: Step | undefined): number | undefined {
  const duration = step?.pause?.duration;
  return duration === undefined ? undefined : durationMs(duration);
}
