// What `sluice release` does with a Rollout that is switched, and what is left of its marks.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { release } from '../../src/cli/release.ts';
import { kubeClient } from '../../src/kube/client.ts';
import {
  aborted,
  ACTIVE,
  active,
  apply,
  givenV1,
  judged,
  MANUAL,
  PREVIEW,
  previewed,
  serves,
  waits,
} from './blue-green.ts';
import { Cluster } from './cluster.ts';
import { IMAGE } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const verified = { blueGreen: { postPromotionAnalysis: judged(ACTIVE) } };
const isHandedBack = (): boolean =>
  [ACTIVE, PREVIEW].every(
    (name) => cluster.selected(name) === undefined && cluster.find('Service', name) !== undefined,
  );

/** Runs the command to its end, in virtual time. Resolves to what it printed. */
async function run(options: { abort?: boolean; dryRun?: boolean }): Promise<string[]> {
  const lines: string[] = [];
  const client = kubeClient({ transport: cluster.server.transport('cli'), version: 'test', clock: cluster.clock });
  const around = { client, clock: cluster.clock, print: (line: string) => void lines.push(line) };
  let ended = false;
  const all = { namespace: undefined, dryRun: false, abort: false, rollouts: [] };
  const done = release(around, { ...all, ...options }).finally(() => (ended = true));
  done.catch(() => undefined);
  await cluster.until('it ends', () => ended, 3_600_000);
  await done;
  return lines;
}

/** v2 stands beside v1, and waits for a person. */
async function givenV2Waits(): Promise<void> {
  await givenV1(cluster, { blueGreen: MANUAL });
  apply(cluster, 'v2', { blueGreen: MANUAL });
  await waits(cluster);
  cluster.close();
}

/** v2 serves, and is being verified. */
async function givenV2Serves(): Promise<void> {
  await givenV1(cluster, verified, { count: 600 });
  apply(cluster, 'v2', verified);
  await serves(cluster, 'v2');
  await cluster.run(5_000);
  cluster.close();
}

describe('the command release', () => {
  it('refuses while a new revision waits to be switched to, and while one is verified', async () => {
    await givenV2Waits();
    await expect(run({})).rejects.toThrow(
      /^Rollout shop\/web: besides its stable revision \S+ there are 4 pods of revision /,
    );
    expect([active(cluster), previewed(cluster)]).toEqual(['v1', 'v2']);
  });

  it('with --abort takes away what waits to be switched to: what serves is not touched until it is let go of', async () => {
    await givenV2Waits();
    const lines = await run({ abort: true });
    expect(lines[0]).toMatch(/^took back Rollout shop\/web: all traffic goes to its stable revision /);
    expect(isHandedBack()).toBe(true);
    expect([cluster.pods(), cluster.readyBehind(ACTIVE)]).toEqual([{ v1: 4, v2: 0 }, 4]);
  });

  it('with --abort switches back what is verified, in one write, before any pod goes', async () => {
    await givenV2Serves();
    const hash = cluster.rollout().status?.stableRS;
    const seen: unknown[] = [];
    cluster.server.intercept(({ method, path }) => {
      if (method === 'PATCH' && path.includes('/replicasets/')) seen.push(cluster.selected(ACTIVE));
      if (cluster.readyBehind(ACTIVE) === 0) seen.push('nobody serves');
      return undefined;
    });
    await run({ abort: true });
    expect(seen).toEqual([hash]);
    expect(isHandedBack()).toBe(true);
    expect([cluster.pods(), cluster.readyBehind(ACTIVE)]).toEqual([{ v1: 4, v2: 0 }, 4]);
  });

  it('with --abort leaves word: a controller that comes back does not go on with the release', async () => {
    await givenV2Serves();
    await run({ abort: true });
    await cluster.start();
    await aborted(cluster);
    await cluster.run(60_000);
    expect(active(cluster)).toBe('v1');
    expect(cluster.rollout().status?.history?.at(-1)).toMatchObject({
      outcome: 'Aborted',
      reason: 'taken back by sluice release',
    });
  });

  it('with --abort and --dry-run says so, and does nothing', async () => {
    await givenV2Serves();
    const lines = await run({ abort: true, dryRun: true });
    expect(lines[0]).toMatch(/^would take back Rollout shop\/web, until all traffic goes to its stable revision /);
    expect([active(cluster), cluster.pods()]).toEqual(['v2', { v1: 4, v2: 4 }]);
  });
});

describe('a Rollout that is deleted', () => {
  it('lets its Services go, with the verdict that one of them bears', async () => {
    await givenV1(cluster, verified);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    apply(cluster, 'v2', verified);
    await aborted(cluster);
    const annotations = (): object => cluster.find('Service', ACTIVE)?.metadata.annotations ?? {};
    expect(annotations()).toHaveProperty('sluice.dev/rejected');
    cluster.delete('Rollout', 'web');
    await cluster.until('they are handed back', isHandedBack, 5_000);
    expect(annotations()).not.toHaveProperty('sluice.dev/rejected');
  });
});
