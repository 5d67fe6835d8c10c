// Faults found by use, and their kind: what a person says, and the answer to it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { aborted, apply, givenV1, givenV1FromGit, isReverted, shaped, waits, weight } from './given.ts';
import { analysisStep, IMAGE } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 10 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const annotations = (): Record<string, string> => cluster.rollout().metadata.annotations ?? {};
const last = () => cluster.rollout().status?.lastCommand;
const answered = async (verb: string): Promise<string> => {
  await cluster.until(
    `${verb} is answered`,
    () => annotations()[`sluice.dev/${verb}`] === undefined && last()?.verb === verb,
  );
  return last()?.outcome ?? '';
};

async function givenV2AtItsFirstPause(steps = STEPS): Promise<void> {
  await givenV1(cluster, { steps });
  apply(cluster, 'v2', { steps });
  await waits(cluster);
}

describe('an abort is an abort, and its value the reason, when it', () => {
  const reasons = [
    ['is a date', '20261125'],
    ['is a number', '4711000'],
    ['is a ticket', 'deadbee1'],
    ['looks like a commit that nobody knows', '3f9c2d1a8b7a6e5f3f9c2d1a8b7a6e5f3f9c2d1a'],
    ['looks like a pod hash that nobody knows', 'bcdfghjklm'],
  ];

  it.each(reasons)('%s: "%s"', async (_what, reason) => {
    await givenV2AtItsFirstPause();
    cluster.annotate('abort', reason);
    await aborted(cluster);
    expect(cluster.rollout().status?.message).toContain(reason);
  });

  it('is a date, and the release came from Git', async () => {
    await givenV1FromGit(cluster, { steps: STEPS });
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort', '20261125');
    await cluster.until('v2 is taken back', () => isReverted(cluster, 'v1'));
  });

  it.each([
    ['is a sentence', 'the basket is empty'],
    ['is a ticket', 'INC-4711'],
    ['is false', 'false'],
    ['holds line breaks', 'first\nsecond'],
    ['has 300 letters', 'x'.repeat(300)],
  ])('%s', async (_what, reason) => {
    await givenV2AtItsFirstPause();
    cluster.annotate('abort', reason);
    await aborted(cluster);
    expect(cluster.rollout().status?.history?.at(-1)).toMatchObject({ outcome: 'Aborted' });
  });
});

describe('an abort of a known other revision does nothing, and says so', () => {
  it('by its pod hash', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('abort', cluster.rollout().status?.stableRS ?? '');
    expect(await answered('abort')).toMatch(/^Ignored: it names revision/);
    expect(cluster.weights()?.canary).toBe(10);
  });

  it('by its commit, in full or abbreviated', async () => {
    await givenV1FromGit(cluster, { steps: STEPS });
    const v1 = cluster.commits()[0]?.oid ?? '';
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    for (const name of [v1, v1.slice(0, 7)]) {
      cluster.annotate('abort', name);
      expect(await answered('abort')).toMatch(/^Ignored: it names revision/);
    }
    expect(cluster.weights()?.canary).toBe(10);
  });
});

describe('a command is answered once, with what it did', () => {
  const answers = (): string[] => [...cluster.events('CommandAccepted'), ...cluster.events('CommandIgnored')];

  it.each(['None', 'Commit'])('an abort of a release from Git, with write-back %s', async (onAbort) => {
    await givenV1FromGit(cluster, { steps: STEPS }, { writeBack: { onAbort } });
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort', 'x');
    await cluster.until('v2 is taken back', () => isReverted(cluster, 'v1'));
    await cluster.run(120_000);
    expect(last()).toMatchObject({ verb: 'abort', outcome: 'Done: aborted' });
    expect(answers()).toEqual(['CommandAccepted: abort=x: Done: aborted']);
  });

  it('an abort in the middle of an analysis', async () => {
    const steps = [{ setWeight: 10 }, analysisStep, { pause: {} }];
    await givenV1FromGit(cluster, { steps });
    cluster.push(shaped('v2', { steps }), 'Deploy v2');
    await cluster.until('it measures', () => cluster.rollout().status?.currentStepIndex === 1);
    cluster.annotate('abort', 'x');
    await cluster.until('v2 is taken back', () => isReverted(cluster, 'v1'));
    await cluster.run(120_000);
    expect(answers()).toEqual(['CommandAccepted: abort=x: Done: aborted']);
  });

  it('an abort that is given while another command waits', async () => {
    await givenV2AtItsFirstPause();
    cluster.edit('Rollout', 'web', ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'sluice.dev/promote': 'true', 'sluice.dev/abort': 'x' };
    });
    await aborted(cluster);
    await cluster.run(60_000);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
    expect(answers().filter((text) => text.includes('abort=x'))).toEqual(['CommandAccepted: abort=x: Done: aborted']);
    expect(answers().filter((text) => text.includes('promote=true'))).toHaveLength(1);
  });

  it('a retry and a pause', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('abort', 'x');
    await aborted(cluster);
    await answered('abort');
    cluster.annotate('retry');
    await waits(cluster);
    cluster.annotate('pause');
    await answered('pause');
    await cluster.run(60_000);
    const told = answers().map((text) => text.split(':')[1]?.trim());
    expect(new Set(told)).toEqual(new Set(['abort=x', 'retry=true', 'pause=true']));
    expect(told).toHaveLength(3);
    expect(cluster.events('CommandIgnored')).toEqual([]);
  });
});

describe('a promotion', () => {
  it('of a step that has ended meanwhile does not end a later one', async () => {
    const steps: Step[] = [{ setWeight: 10 }, { pause: { duration: '30s' } }, { setWeight: 50 }, { pause: {} }];
    await givenV1(cluster, { steps });
    apply(cluster, 'v2', { steps });
    await waits(cluster);
    const [process] = cluster.processes;
    // The controller is away while the pause runs out; a person, who sees step 2, lets it end.
    process?.kill();
    cluster.annotate('promote');
    await cluster.run(60_000);
    await cluster.start();
    await weight(cluster, 50);
    await cluster.run(120_000);
    expect(cluster.rollout().status?.step).toBe('3/4');
  });
});

describe('the answer says the right word, and what to do instead', () => {
  it('to an abort in a first release', async () => {
    cluster.workloads.broken.add(IMAGE('v1'));
    const start = givenV1(cluster, { steps: STEPS }).catch(() => undefined);
    await cluster.until('it waits for pods', () => cluster.rollout().status?.phase === 'Progressing');
    cluster.annotate('abort');
    const outcome = await answered('abort');
    cluster.workloads.mend(IMAGE('v1'));
    await start;
    expect(outcome).toMatch(/^Ignored: .*first revision/);
    expect(outcome).toMatch(/nothing to go back to|delete|declare/);
  });

  it.each(['true', 'full'])('to promote=%s while what Git declares is held back', async (value) => {
    await givenV1FromGit(cluster, { steps: STEPS }, { writeBack: { onAbort: 'None' } });
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort', 'bad');
    await cluster.until('v2 is held', () => isReverted(cluster, 'v1'));
    await cluster.run(10_000);
    cluster.annotate('promote', value);
    expect(await answered('promote')).toMatch(/^Ignored: .*(held|rejected).*retry/);
  });

  it.each([
    ['promote', 'please', /takes true, full or a revision/],
    ['resume', 'true', /not paused|updating/],
  ])('to %s=%s', async (verb, value, words) => {
    await givenV2AtItsFirstPause();
    cluster.annotate(verb, value);
    expect(await answered(verb)).toMatch(words);
  });

  it.each([
    ['sluice.dev/abrot', 'sluice.dev/abort'],
    ['sluice.dev/promot', 'sluice.dev/promote'],
    ['sluice.dev/Retry', 'sluice.dev/retry'],
  ])('to %s, which is no verb', async (typed, meant) => {
    await givenV2AtItsFirstPause();
    cluster.edit('Rollout', 'web', ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [typed]: 'x' };
    });
    await cluster.until('it is told', () => cluster.condition(cluster.rollout(), 'InvalidAnnotation'), 10_000);
    expect(cluster.condition(cluster.rollout(), 'InvalidAnnotation')?.['message']).toContain(meant);
    expect(cluster.events('InvalidAnnotation')).toHaveLength(1);
    expect(cluster.weights()?.canary).toBe(10);
  });
});
