// Looking at a Rollout, and waiting for it, by what its status says.
import { RESOURCES } from '../../../src/api/names.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import { until } from '../cluster/until.ts';
import type { World } from './world.ts';

export async function read(world: World, name = 'web'): Promise<Rollout> {
  const rollout = await world.client.get<Rollout>(RESOURCES.rollouts, name, world.namespace);
  if (rollout === undefined) throw new Error(`there is no Rollout ${name} in ${world.namespace}`);
  return rollout;
}

const isCurrent = (rollout: Rollout): boolean =>
  Number(rollout.status?.observedGeneration) === rollout.metadata.generation;

/** Resolves with the Rollout once its status answers its latest spec and `holds`. */
export function waitFor(
  world: World,
  what: string,
  holds: (status: NonNullable<Rollout['status']>, rollout: Rollout) => boolean,
  { name = 'web', within = 120_000 } = {},
): Promise<Rollout> {
  const look = async (): Promise<Rollout | undefined> => {
    const rollout = await read(world, name);
    return isCurrent(rollout) && holds(rollout.status ?? {}, rollout) ? rollout : undefined;
  };
  const state = async (): Promise<unknown> => (await read(world, name)).status;
  return until(`rollout/${name} to be ${what}`, look, { within, every: 50, state });
}

export const isHealthy = (world: World, options: { name?: string; within?: number } = {}): Promise<Rollout> =>
  waitFor(world, 'Healthy', (status) => status.phase === 'Healthy', options);

/** Paused at a step, counted from 0. */
export const isPausedAt = (world: World, step: number, name = 'web'): Promise<Rollout> =>
  waitFor(world, `paused at step ${step}`, (s) => s.phase === 'Paused' && s.currentStepIndex === step, { name });

export async function promote(world: World, name = 'web', how = 'true'): Promise<void> {
  await world.kubectl('annotate', 'rollout', name, `sluice.dev/promote=${how}`);
}
