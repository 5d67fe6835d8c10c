import { afterEach, describe, expect, it } from 'vitest';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';
import type { Rollout } from '../../src/api/rollout.ts';
import { createCaches } from '../../src/controller/caches.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { silentLog } from '../../src/ports/log.ts';
import { Feed, ScriptedTransport } from '../support/scripted-transport.ts';

const rollout = (resourceVersion: string, generation: number, uid = 'u-1'): Rollout =>
  ({
    metadata: { name: 'web', namespace: 'shop', uid, resourceVersion, generation },
    spec: { replicas: generation, strategy: { canary: {} } },
    status: { phase: `Healthy at ${resourceVersion}` },
  }) as unknown as Rollout;

describe('the cache of Rollouts', () => {
  const clock = new VirtualClock();
  const feed = new Feed();
  const client = kubeClient({
    transport: new ScriptedTransport((request) =>
      request.stream ? { body: feed } : { json: { metadata: { resourceVersion: '1' }, items: [rollout('1', 1)] } },
    ),
    version: '1',
    clock,
  });
  const { rollouts } = createCaches({ client, clock, random: () => 0, log: silentLog });
  afterEach(() => rollouts.stop());

  it('keeps the very spec of an unchanged generation, so that what was worked out from it holds', async () => {
    rollouts.start();
    await rollouts.synced();
    const modified = async (object: Rollout): Promise<Rollout> => {
      feed.push({ type: 'MODIFIED', object });
      await settle();
      return rollouts.get('shop', 'web') as Rollout;
    };
    const { spec } = rollouts.get('shop', 'web') as Rollout;
    const told = await modified(rollout('2', 1));
    expect([told.spec === spec, told.status?.phase]).toEqual([true, 'Healthy at 2']);
    const changed = await modified(rollout('3', 2));
    expect(changed.spec).toMatchObject({ replicas: 2 });
    const another = await modified(rollout('4', 2, 'u-2'));
    expect(another.spec).not.toBe(changed.spec);
  });
});
