// What a step asks for: traffic weight and number of canary pods.
import { durationMs } from '../api/fields.ts';
import type { Step } from '../api/rollout.ts';
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

/** Canary pods that `step` wants: those of the last setCanaryScale, else the share of the weight, rounded up. */
export function canaryPodsAt(seen: Observed, step: number): number {
  const steps = stepsOf(seen);
  const replicas = replicasOf(seen);
  const share = (percent: number): number => Math.ceil((percent * replicas) / 100);
  if (step >= steps.length) return replicas;
  for (let i = step; i >= 0 && hasRouter(seen); i--) {
    const scale = steps[i]?.setCanaryScale;
    if (scale?.replicas !== undefined) return scale.replicas;
    if (scale?.weight !== undefined) return share(scale.weight);
    if (scale?.matchTrafficWeight) break;
  }
  return share(weightAt(steps, step));
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
