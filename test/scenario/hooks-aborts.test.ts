// Hooks and an abort: going back waits for none, and has hooks of its own.
import { describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { isPromoted, isReverted, shaped } from './given.ts';
import { diary, jobOf, OWN, record, runs } from './hooked.ts';
import { yaml } from './manifests.ts';
import { givenApplication } from './ordering.ts';

const own = (name: string, phase: string): object => jobOf(name, '', { annotations: { [OWN]: phase } });

const files = (version: string, ...hooks: object[]): Record<string, string> => ({
  // What is rejected changes more than its pods.
  ...shaped(version, { steps: [{ setWeight: 10 }, { pause: {} }], spec: { replicas: version === 'v1' ? 4 : 5 } }),
  'deploy/hooks.yaml': yaml(...hooks),
});

const moments = [own('warn', 'OnAbort'), own('restored', 'PostRollback')];

/** v1 is promoted, v2 is aborted by a person. */
async function aborted(hooks: object[], writeBack = 'None'): Promise<{ cluster: Cluster; seen: string[] }> {
  const cluster = await Cluster.open();
  await cluster.start();
  cluster.push(files('v1', ...hooks), 'Deploy v1');
  givenApplication(cluster, { writeBack: { onAbort: writeBack } });
  await cluster.until('v1 is promoted', () => isPromoted(cluster, 'v1') && record(cluster)?.finishedAt !== undefined);
  const seen = diary(cluster);
  cluster.push(files('v2', ...hooks), 'Deploy v2');
  await cluster.until('v2 is paused', () => cluster.rollout().status?.phase === 'Paused');
  cluster.annotate('abort', 'too slow');
  await cluster.until('it went back', () => isReverted(cluster, 'v1') || isPromoted(cluster, 'v1'), 30_000);
  return { cluster, seen };
}

describe('an abort', () => {
  it('runs OnAbort once when the hold begins and PostRollback once when the stable revision is served', async () => {
    const { cluster, seen } = await aborted(moments);
    await cluster.until(
      'both have ended',
      () => runs(cluster).length === 2 && !/Pending|Running/.test(runs(cluster).join()),
    );
    await cluster.run(120_000);
    expect(seen.toSorted()).toEqual(['restored Complete', 'restored created', 'warn Complete', 'warn created']);
    expect(seen[0]).toBe('warn created');
    expect(await cluster.writesIn(120_000)).toEqual([]);
    cluster.processes[0]?.kill();
    await cluster.start();
    await cluster.run(120_000);
    expect(seen).toHaveLength(4);
    cluster.end();
  });

  it('waits for no hook, rewinds none, and runs no PostSync; SyncFail is told', async () => {
    const endless = jobOf('before', 'PreSync', { command: 'sleep 30' });
    const { cluster, seen } = await aborted([endless, jobOf('smoke', 'PostSync'), jobOf('alarm', 'SyncFail')]);
    await cluster.run(60_000);
    expect(seen).toEqual(['before gone', 'before created', 'before Complete', 'alarm created', 'alarm Complete']);
    expect(cluster.application().status?.phase).toBe('Held');
    cluster.end();
  });

  it('goes back while PreSync hooks of a newer commit are waited for', async () => {
    const cluster = await Cluster.open();
    await cluster.start();
    cluster.push(files('v1', own('warn', 'OnAbort')), 'Deploy v1');
    givenApplication(cluster, { writeBack: { onAbort: 'None' } });
    await cluster.until('v1 is promoted', () => isPromoted(cluster, 'v1'));
    cluster.push(files('v2', own('warn', 'OnAbort')), 'Deploy v2');
    await cluster.until('v2 is paused', () => cluster.rollout().status?.phase === 'Paused');
    cluster.push(files('v3', jobOf('endless', 'PreSync', { command: 'sleep 100000' })), 'Deploy v3');
    await cluster.until('it waits', () => runs(cluster)[0] === 'PreSync endless Running');
    cluster.annotate('abort', 'too slow');
    await cluster.until('it went back', () => isReverted(cluster, 'v1'), 10_000);
    expect(cluster.weights()?.canary).toBe(0);
    cluster.end();
  });

  it('that restores its files by a commit of its own runs no hooks for that', async () => {
    const { cluster, seen } = await aborted([jobOf('before', 'PreSync'), jobOf('smoke', 'PostSync')], 'Commit');
    await cluster.until(
      'the hold has ended',
      () => cluster.log()[0]?.startsWith('Revert') && isPromoted(cluster, 'v1'),
    );
    await cluster.until('it is in sync', () => cluster.application().status?.phase === 'Synced');
    await cluster.run(60_000);
    expect(seen).toEqual(['before gone', 'before created', 'before Complete']);
    cluster.end();
  });
});
