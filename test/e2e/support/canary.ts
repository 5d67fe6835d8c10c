// A web service behind Istio whose release is watched all the time by the share of good answers, and its expected course.
import { expect } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { until } from '../cluster/until.ts';
import { analysisOf, analysisTemplate, documentedSuccessRate } from './analysis.ts';
import { istioCanary, istioRoutes, rollout, type WebOptions } from './manifests.ts';
import { read } from './rollouts.ts';
import type { World } from './world.ts';

/** What the Rollout of `watchedRollout` needs beside it. */
export const surroundings = (host: string): object[] => [
  ...istioRoutes(host),
  analysisTemplate({
    name: 'success-rate',
    query: documentedSuccessRate('3s'),
    successCondition: 'result[0] >= 0.95',
    noData: 'Ignore',
  }),
];

export interface WatchedOptions extends WebOptions {
  namespace: string;
  steps: object[];
}

export function watchedRollout({ namespace, steps, ...options }: WatchedOptions): object {
  const analysis = analysisOf('success-rate', namespace);
  const delays = { scaleDownDelaySeconds: 1, abortScaleDownDelaySeconds: 1 };
  return rollout({ ...istioCanary, ...delays, analysis, steps }, options);
}

/** Weights with a pause after each. */
export const stepsOf = (weights: readonly number[], duration: string): object[] =>
  weights.flatMap((setWeight) => [{ setWeight }, { pause: { duration } }]);

interface Event extends KubeObject {
  reason?: string;
  message?: string;
  count?: number;
}

/** `Reason: message` of the Events on the Rollout, oldest first; one that was told twice is there twice. */
export async function told(world: World, reason?: string): Promise<string[]> {
  const { items } = await world.client.list<Event>(RESOURCES.events, { namespace: world.namespace });
  return items
    .filter((event) => (event['involvedObject'] as { kind?: string }).kind === 'Rollout')
    .filter((event) => reason === undefined || event.reason === reason)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((event) => Array.from({ length: event.count ?? 1 }, () => `${event.reason}: ${event.message}`));
}

/** The steps, counted from 1, that Events say have ended; one of several Events is there as often. */
export async function stepsTold(world: World): Promise<number[]> {
  const matches = (await told(world)).map((text) => /Steps? (\d+)(?:-(\d+))?\/\d+ completed/.exec(text));
  const steps = matches.flatMap((match) => {
    if (match === null) return [];
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return steps.sort((a, b) => a - b);
}

/** The second revision was promoted, once. */
export async function expectOnePromotion(world: World): Promise<void> {
  const { status } = await read(world);
  expect(status?.history?.map(({ outcome }) => outcome)).toEqual(['Promoted', 'Promoted']);
  // Events are written after the status, on their own.
  await until('the Event of the promotion', async () => (await told(world, 'RolloutCompleted')).length >= 2);
  expect(await told(world, 'RolloutCompleted')).toHaveLength(2);
}
