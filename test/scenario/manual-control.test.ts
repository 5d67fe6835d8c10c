import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { aborted, apply, givenV1, givenV1FromGit, isReverted, promoted, shaped, waits, weight } from './given.ts';
import { analysisStep, IMAGE } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 10 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const annotations = (): Record<string, string> => cluster.rollout().metadata.annotations ?? {};
const consumed = (verb: string): Promise<void> =>
  cluster.until(
    `${verb} is acted on`,
    () => annotations()[`sluice.dev/${verb}`] === undefined && cluster.rollout().status?.lastCommand?.verb === verb,
  );

async function givenV2AtItsFirstPause(): Promise<void> {
  await givenV1(cluster, { steps: STEPS });
  apply(cluster, 'v2', { steps: STEPS });
  await waits(cluster);
  expect(cluster.weights()).toEqual({ stable: 90, canary: 10 });
}

describe('promote', () => {
  it('lets one pause end, is removed, and is told of in an Event and the status', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('promote');
    await consumed('promote');
    await weight(cluster, 50);
    await waits(cluster);
    expect(cluster.rollout().status?.step).toBe('3/4');
    expect(cluster.rollout().status?.lastCommand).toMatchObject({ verb: 'promote', outcome: 'Done: step 2 ended' });
    expect(cluster.events('CommandAccepted')).toEqual(['CommandAccepted: promote=true: Done: step 2 ended']);
    await cluster.run(3_600_000);
    expect(cluster.rollout().status?.step).toBe('3/4');
  });

  it('takes the revision that is being rolled out', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('promote', cluster.rollout().status?.currentPodHash);
    await weight(cluster, 50);
  });

  it('does nothing when it names another revision, and says which one it would have to be', async () => {
    await givenV2AtItsFirstPause();
    const v2 = cluster.rollout().status?.currentPodHash ?? '';
    cluster.annotate('promote', cluster.rollout().status?.stableRS);
    await consumed('promote');
    await cluster.run(60_000);
    expect(cluster.weights()?.canary).toBe(10);
    expect(cluster.events('CommandIgnored')[0]).toContain(`but ${v2} is the one being rolled out`);
  });

  it('skips what is left with full', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('promote', 'full');
    await promoted(cluster, 'v2');
    expect(cluster.rollout().status?.lastCommand?.outcome).toBe('Done: promoted in full');
  });

  it('refuses a value that it does not know', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('promote', 'please');
    await consumed('promote');
    expect(cluster.rollout().status?.lastCommand?.outcome).toBe(
      'Ignored: promote takes true, full or a revision, not "please"',
    );
    expect(cluster.weights()?.canary).toBe(10);
  });

  it('is refused while nothing is rolled out', async () => {
    await givenV1(cluster, { steps: STEPS });
    cluster.annotate('promote');
    await consumed('promote');
    expect(cluster.rollout().status?.lastCommand?.outcome).toBe('Ignored: nothing is being rolled out');
    expect(cluster.rollout().status?.phase).toBe('Healthy');
  });

  it('that Git declares acts once per revision, not in every pass', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('promote', cluster.rollout().status?.stableRS);
    await consumed('promote');
    cluster.annotate('promote', cluster.rollout().status?.stableRS);
    await consumed('promote');
    expect(cluster.weights()?.canary).toBe(10);
  });
});

describe('abort', () => {
  it('takes the traffic back and keeps the reason', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('abort', 'the basket is empty');
    await aborted(cluster);
    await consumed('abort');
    expect(cluster.rollout().status?.phase).toBe('Degraded');
    expect(cluster.rollout().status?.message).toContain('the basket is empty');
    expect(cluster.events('RolloutAborted')).toHaveLength(1);
    expect(cluster.rollout().status?.history?.at(-1)).toMatchObject({
      outcome: 'Aborted',
      reason: 'the basket is empty',
    });
  });

  it('takes the traffic back before it takes the annotation away', async () => {
    await givenV2AtItsFirstPause();
    const from = cluster.journal.length;
    cluster.annotate('abort');
    await consumed('abort');
    const writes = cluster.journal.slice(from).filter((line) => /^kube (PATCH|POST|PUT)/.test(line));
    expect(writes[0]).toMatch(/virtualservices\/web$/);
  });

  it('holds the revision in Git, too', async () => {
    await givenV1FromGit(cluster, { steps: STEPS }, { writeBack: { onAbort: 'None' } });
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort', 'we changed our minds');
    await cluster.until('v2 is taken back', () => isReverted(cluster, 'v1'));
    await cluster.run(60_000);
    expect(cluster.application().status?.message).toMatch(/^web held at .* rejected, we changed our minds/);
    expect(annotations()).not.toHaveProperty('sluice.dev/abort');
  });

  it('is refused while nothing is rolled out', async () => {
    await givenV1(cluster, { steps: STEPS });
    cluster.annotate('abort');
    await consumed('abort');
    expect(cluster.rollout().status?.phase).toBe('Healthy');
  });
});

describe('retry', () => {
  it('begins the release anew, from its first step', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('abort');
    await aborted(cluster);
    await consumed('abort');
    cluster.annotate('retry');
    await waits(cluster);
    expect(cluster.rollout().status?.step).toBe('1/4');
    expect(cluster.weights()?.canary).toBe(10);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0, 10]);
  });
});

describe('pause and resume', () => {
  it('stop the release between two steps, and let it go on', async () => {
    const steps: Step[] = [{ setWeight: 10 }, { pause: { duration: '1m' } }, { setWeight: 50 }];
    await givenV1(cluster, { steps });
    apply(cluster, 'v2', { steps });
    await weight(cluster, 10);
    cluster.annotate('pause');
    await consumed('pause');
    await cluster.run(600_000);
    expect(cluster.weights()?.canary).toBe(10);
    expect(cluster.rollout().status?.message).toContain('manually paused');
    cluster.annotate('resume');
    await promoted(cluster, 'v2');
  });
});

describe('restart', () => {
  it('replaces the pods a few at a time, without a new revision', async () => {
    await givenV1(cluster, { steps: STEPS });
    await cluster.run(60_000);
    const old = names('Pod');
    cluster.annotate('restart');
    await cluster.until('every pod is new', () => {
      const now = names('Pod');
      return (
        now.length === 4 &&
        now.every((name) => !old.includes(name)) &&
        cluster.rollout().status?.availableReplicas === 4
      );
    });
    expect(cluster.replicaSets()).toHaveLength(1);
    expect(cluster.rollout().status?.history).toHaveLength(1);
  });
});

const names = (kind: string): string[] =>
  cluster.server.store.list({ group: '', kind }, { namespace: 'shop' }).map(({ metadata }) => metadata.name);

describe('rollback', () => {
  it('aborts an update that is under way', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('rollback');
    await aborted(cluster);
    expect(cluster.rollout().status?.message).toContain('rolled back by a person');
  });

  it('restores the template of an earlier revision where there is no Git', async () => {
    await givenV1(cluster, { steps: [] });
    const v1 = cluster.rollout().status?.stableRS;
    apply(cluster, 'v2', { steps: [] });
    await promoted(cluster, 'v2');
    cluster.annotate('rollback', v1);
    await promoted(cluster, 'v1');
    expect(cluster.rollout().status?.stableRS).toBe(v1);
  });

  it('is refused where Git declares the Rollout, and says what to do there', async () => {
    await givenV1FromGit(cluster, { steps: [] });
    const v1 = cluster.rollout().status?.stableRS;
    cluster.push(shaped('v2', { steps: [] }), 'Deploy v2');
    await promoted(cluster, 'v2');
    cluster.annotate('rollback', v1);
    await consumed('rollback');
    expect(cluster.rollout().status?.lastCommand?.outcome).toMatch(/git revert/);
    expect(cluster.declaredImage()).toBe(IMAGE('v2'));
  });
});

describe("the status fields that Argo Rollouts' plugin writes", () => {
  it('promote: an emptied list of pause conditions ends the pause', async () => {
    await givenV2AtItsFirstPause();
    cluster.signal({ pauseConditions: undefined, controllerPause: undefined });
    await weight(cluster, 50);
    await waits(cluster);
    expect(cluster.rollout().status?.step).toBe('3/4');
  });

  it('promote --full: promoteFull skips what is left', async () => {
    await givenV2AtItsFirstPause();
    cluster.signal({ promoteFull: true });
    await promoted(cluster, 'v2');
  });

  it('abort: true takes the traffic back, and abort: false tries again', async () => {
    await givenV2AtItsFirstPause();
    cluster.signal({ abort: true });
    await cluster.until('it is aborted', () => cluster.weights()?.canary === 0 && cluster.rollout().status?.abortedAt);
    cluster.signal({ abort: false });
    await waits(cluster);
    expect(cluster.weights()?.canary).toBe(10);
  });

  it('the next step index skips the present step', async () => {
    const steps = [{ setWeight: 10 }, analysisStep, { setWeight: 50 }, { pause: {} }];
    await givenV1(cluster, { steps }, { count: 100 });
    apply(cluster, 'v2', { steps });
    await cluster.until('it measures', () => cluster.rollout().status?.currentStepIndex === 1);
    cluster.signal({ currentStepIndex: 2 });
    await weight(cluster, 50);
  });
});

describe('who gave a command, as far as the API server knows,', () => {
  const history = () => cluster.rollout().status?.history?.at(-1);

  it('is kept with a promotion, at no further write', async () => {
    await givenV2AtItsFirstPause();
    const [process] = cluster.processes;
    const before = process!.writes.length;
    cluster.annotate('promote', 'full', 'console');
    await promoted(cluster, 'v2');
    expect(history()).toMatchObject({
      outcome: 'Promoted',
      command: { verb: 'promote', value: 'full', by: 'console' },
    });
    expect(cluster.rollout().status?.lastCommand).toMatchObject({ verb: 'promote', by: 'console' });
    const taken = process!.writes.slice(before).filter((write) => write.endsWith('/rollouts/web'));
    expect(taken).toHaveLength(1);
  });

  it('is kept with an abort, which is acted on before it is taken, and told in the note', async () => {
    await givenV1FromGit(cluster, { steps: STEPS });
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort', 'too slow', 'kubectl-annotate');
    await cluster.until('it is taken back', () => isReverted(cluster, 'v1'));
    const abort = { verb: 'abort', value: 'too slow', by: 'kubectl-annotate' };
    expect(history()).toMatchObject({ outcome: 'Aborted', command: abort });
    expect(cluster.rollout().status?.lastCommand).toMatchObject(abort);
    await cluster.until('a note is written', () => cluster.repository.notes.size > 1);
    expect([...cluster.repository.notes.values()].join('\n')).toMatch(
      /^Command: abort too slow at 20\S+Z, set by field manager kubectl-annotate$/m,
    );
  });

  it.each(['pause', 'retry'])('is kept with what asked to %s', async (verb) => {
    await givenV2AtItsFirstPause();
    if (verb === 'retry') {
      cluster.annotate('abort');
      await aborted(cluster);
    }
    cluster.annotate(verb, 'true', 'somebody');
    await consumed(verb);
    expect(cluster.rollout().status?.release?.command).toMatchObject({ verb, by: 'somebody' });
  });

  it('is kept with the release of what was held, which the agent retries', async () => {
    await givenV1FromGit(cluster, { steps: STEPS }, { writeBack: { onAbort: 'None' } });
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort');
    await cluster.until(
      'it is held',
      () => isReverted(cluster, 'v1') && cluster.rollout().status?.phase === 'Degraded',
    );
    const before = cluster.processes[0]!.writes.length;
    cluster.annotate('retry', 'it was the network', 'console');
    await waits(cluster);
    const command = { verb: 'retry', value: 'it was the network', by: 'console' };
    expect(cluster.rollout().status?.release).toMatchObject({ attempt: 3, command });
    // Taken off, tried twice, applied: as many as before it was kept.
    const writes = cluster.processes[0]!.writes.slice(before).filter((write) => write.endsWith('/rollouts/web'));
    expect(writes).toHaveLength(4);
    cluster.push(shaped('v3', { steps: STEPS }), 'Deploy v3');
    await cluster.until('v3 waits', () => cluster.rollout().status?.history?.at(-1)?.outcome === 'Superseded');
    expect(history()).toMatchObject({ command });
    await waits(cluster);
    expect(cluster.rollout().status?.release?.command).toBeUndefined();
  });

  it('is the last who wrote it', async () => {
    await givenV2AtItsFirstPause();
    cluster.annotate('promote', '0000000', 'first');
    cluster.annotate('promote', 'no revision', 'second');
    await consumed('promote');
    expect(cluster.rollout().status?.lastCommand).toMatchObject({ value: 'no revision', by: 'second' });
  });
});

describe('a command that changes in the very moment in which it is taken', () => {
  /** Just before Sluice takes the next command, somebody else does something. */
  function justBefore(change: () => void): void {
    let done = false;
    cluster.server.intercept(({ method, path, body }) => {
      if (done || method !== 'PATCH' || !path.includes('/rollouts/web') || !String(body).includes('"test"')) return;
      done = true;
      change();
    });
  }

  const quietly = async (): Promise<void> => {
    await cluster.run(600_000);
    expect(cluster.events('ReconciliationError')).toEqual([]);
  };

  it('is taken as it is now', async () => {
    await givenV2AtItsFirstPause();
    justBefore(() => cluster.annotate('promote', 'full'));
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    expect(cluster.rollout().status?.lastCommand).toMatchObject({ value: 'full', outcome: 'Done: promoted in full' });
    await quietly();
  });

  it('is not taken when it was withdrawn', async () => {
    await givenV2AtItsFirstPause();
    justBefore(() =>
      cluster.edit('Rollout', 'web', ({ metadata }) => {
        delete metadata.annotations?.['sluice.dev/promote'];
      }),
    );
    cluster.annotate('promote');
    await quietly();
    expect(cluster.weights()?.canary).toBe(10);
    expect(cluster.rollout().status?.lastCommand).toBeUndefined();
  });

  it('is acted on once when another process took it first', async () => {
    await givenV2AtItsFirstPause();
    justBefore(() =>
      cluster.edit('Rollout', 'web', ({ metadata }) => {
        const { 'sluice.dev/promote': value, ...rest } = metadata.annotations ?? {};
        const taken = { id: `${metadata.resourceVersion}-promote`, verb: 'promote', value, at: '2026-11-25T10:00:00Z' };
        metadata.annotations = { ...rest, 'sluice.dev/command': JSON.stringify(taken) };
      }),
    );
    cluster.annotate('promote');
    await weight(cluster, 50);
    await waits(cluster);
    await quietly();
    expect(cluster.rollout().status?.step).toBe('3/4');
  });
});
