import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { momentsOf } from './crash-moments.ts';
import type { EngineProcess, ProcessOptions } from './engine-process.ts';
import { apply, givenV1, isPromoted } from './given.ts';

const STEPS: Step[] = [{ setWeight: 10 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: '1m' } }];

interface Ending {
  process: EngineProcess;
  picture: unknown;
}

/** Without Git: v2 is aborted by a person at its pause, tried again, let on by one step, and then promoted in full. */
async function story(die?: ProcessOptions['die']): Promise<Ending> {
  const cluster = await Cluster.open();
  try {
    await givenV1(cluster, { steps: STEPS });
    cluster.close();
    const process = await cluster.start(die === undefined ? {} : { die });
    cluster.onDeath(process, 3_000);
    apply(cluster, 'v2', { steps: STEPS });
    const commanded = async (verb: string, value: string, what: string, check: () => unknown): Promise<void> => {
      cluster.annotate(verb, value);
      const isTaken = (): boolean => cluster.rollout().metadata.annotations?.[`sluice.dev/${verb}`] === undefined;
      await cluster.until(what, () => check() && isTaken() && cluster.rollout().status?.lastCommand?.verb === verb);
    };
    const pausesAt = (step: string) => (): boolean =>
      cluster.rollout().status?.controllerPause === true && cluster.rollout().status?.step === step;
    await cluster.until('v2 waits', pausesAt('1/4'));
    await commanded('abort', 'not today', 'v2 is aborted', () => cluster.weights()?.canary === 0);
    await commanded('retry', 'true', 'v2 waits again', pausesAt('1/4'));
    await commanded('promote', 'true', 'v2 waits at 50', pausesAt('3/4'));
    await commanded('promote', 'full', 'v2 is promoted', () => isPromoted(cluster, 'v2'));
    await cluster.run(120_000);
    const picture = pictureOf(cluster);
    cluster.end();
    return { process, picture };
  } finally {
    cluster.close();
  }
}

function pictureOf(cluster: Cluster): unknown {
  const { status } = cluster.rollout();
  return {
    weights: cluster.weights(),
    shifted: Object.fromEntries(cluster.audit.weights),
    pods: cluster.pods(),
    phase: status?.phase,
    history: status?.history?.map(({ outcome, reason }) => [outcome, reason]),
    command: [status?.lastCommand?.verb, status?.lastCommand?.value, status?.lastCommand?.outcome],
  };
}

describe('a process that is killed at any write while a person commands', async () => {
  const whole = await story();

  it('has a story without a crash to compare with', () => {
    expect(whole.picture).toMatchObject({
      weights: { stable: 100, canary: 0 },
      phase: 'Healthy',
      history: [
        ['Promoted', undefined],
        ['Aborted', 'not today'],
        ['Promoted', undefined],
      ],
      command: ['promote', 'full', 'Done: promoted in full'],
    });
  });

  it.each(momentsOf(whole.process.writes))(
    'acts on each command once when it dies $when write $at ($what)',
    async ({ at, when }) => {
      const ending = await story({ at, when });
      expect(ending.process.dead).toBe(true);
      expect(ending.picture).toEqual(whole.picture);
    },
  );
});
