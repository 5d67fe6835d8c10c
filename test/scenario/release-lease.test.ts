// `sluice release` beside a controller: it looks at the Lease.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kubeClient } from '../../src/kube/client.ts';
import { RESOURCES } from '../../src/api/names.ts';
import { Cluster } from './cluster.ts';
import type { EngineProcess } from './engine-process.ts';
import { apply, givenV1, waits } from './given.ts';
import { released } from './released.ts';

const STEPS = [{ setWeight: 25 }, { pause: {} }];

let cluster: Cluster;
let controller: EngineProcess;
beforeEach(async () => {
  cluster = await Cluster.open();
  await givenV1(cluster, { steps: STEPS });
  apply(cluster, 'v2', { steps: STEPS });
  await waits(cluster);
  cluster.close();
  controller = await cluster.start({ name: 'sluice-a', elect: true });
  await cluster.until('it leads', () => controller.lease?.isLeader());
});
afterEach(() => cluster.end());

const client = () => kubeClient({ transport: cluster.server.transport('cli'), version: 'test', clock: cluster.clock });
const isDriven = (): boolean => cluster.selected('web-stable') !== undefined;

const run = (options: Parameters<typeof released>[1] = {}): Promise<string[]> =>
  released(cluster, { abort: true, ...options });

describe('release', () => {
  it.each([{ abort: true }, { abort: false }, { leaseNamespace: 'shop' }])(
    'changes nothing while a controller renews its Lease, and says who: %j',
    async (options) => {
      await expect(run(options)).rejects.toThrow(/^a controller acts \(sluice-a renews Lease shop\/sluice\).*stop it/);
      expect(isDriven()).toBe(true);
      expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    },
  );

  it('says what it would do all the same with --dry-run, which changes nothing', async () => {
    expect(await run({ dryRun: true })).toContainEqual(expect.stringMatching(/^would take back Rollout shop\/web/));
  });

  it('goes on at once where the controller has given its Lease back', async () => {
    await controller.lease?.stop();
    controller.kill();
    expect(await run()).not.toContainEqual(expect.stringContaining('Lease'));
    expect(isDriven()).toBe(false);
  });

  it('goes on where the controller died, once its Lease would have been renewed', async () => {
    controller.kill();
    expect(await run()).toContainEqual(
      expect.stringContaining('looking whether a controller still renews Lease shop/sluice'),
    );
    expect(isDriven()).toBe(false);
  });

  it('takes no notice of a controller whose Lease is elsewhere where it is said which one is meant', async () => {
    controller.kill();
    await client().create(RESOURCES.leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'other', namespace: 'default', labels: { 'sluice.dev/lease': 'controller' } },
      spec: { holderIdentity: 'x', leaseDurationSeconds: 1_000_000 },
    } as never);
    expect(await run({ leaseNamespace: 'shop' })).not.toContainEqual(expect.stringContaining('default/other'));
    expect(isDriven()).toBe(false);
  });
});
