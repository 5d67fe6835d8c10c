import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Rollout, Step } from '../../src/api/rollout.ts';
import { release } from '../../src/cli/release.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, waits } from './given.ts';
import { service } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

async function givenV2AtItsPause(): Promise<void> {
  await givenV1(cluster, { steps: STEPS });
  apply(cluster, 'v2', { steps: STEPS });
  await waits(cluster);
  expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
}

const marks = (): string[] =>
  Object.keys(cluster.find('VirtualService', 'web')?.metadata.annotations ?? {}).filter((name) =>
    name.startsWith('sluice.dev/'),
  );
const isHandedBack = (): boolean =>
  cluster.selected('web-stable') === undefined &&
  cluster.selected('web-canary') === undefined &&
  cluster.weights()?.canary === 0 &&
  marks().length === 0;
const client = () => kubeClient({ transport: cluster.server.transport('cli'), version: 'test', clock: cluster.clock });

describe('what is no longer driven is handed back', () => {
  it('when its Rollout is deleted by hand', async () => {
    await givenV2AtItsPause();
    cluster.delete('Rollout', 'web');
    await cluster.until('it is handed back', isHandedBack, 5_000);
    expect(cluster.events('HandedBack')).toContain(
      'HandedBack: No Rollout drives it any more: all its traffic goes to the stable destination',
    );
  });

  it('when it was deleted while no process was there', async () => {
    await givenV2AtItsPause();
    cluster.close();
    cluster.delete('Rollout', 'web');
    await cluster.run(60_000);
    expect(isHandedBack()).toBe(false);
    await cluster.start();
    await cluster.until('it is handed back', isHandedBack, 5_000);
  });

  it('the weights before the selectors', async () => {
    await givenV2AtItsPause();
    cluster.journal.length = 0;
    cluster.delete('Rollout', 'web');
    await cluster.until('it is handed back', isHandedBack, 5_000);
    const writes = cluster.journal.filter((line) => /PATCH .*(virtualservices|services)\/web/.test(line));
    expect(writes[0]).toContain('virtualservices/web');
    expect(writes.length).toBe(3);
  });

  it('when the Rollout names another canary Service', async () => {
    await givenV2AtItsPause();
    cluster.create(service('web-next'));
    cluster.edit<Rollout & KubeObject>('Rollout', 'web', ({ spec }) => {
      if (spec.strategy.canary) spec.strategy.canary.canaryService = 'web-next';
    });
    await cluster.until('the old one is free', () => cluster.selected('web-canary') === undefined, 5_000);
    expect(cluster.selected('web-stable')).toBeDefined();
  });

  it('when the strategy drops its router', async () => {
    await givenV2AtItsPause();
    cluster.edit<Rollout & KubeObject>('Rollout', 'web', ({ spec }) => {
      delete spec.strategy.canary?.trafficRouting;
    });
    await cluster.until('the route is free', () => cluster.weights()?.canary === 0 && marks().length === 0, 5_000);
  });

  it('but never a hash that another controller wrote', async () => {
    await givenV1(cluster, { steps: STEPS });
    cluster.create(service('argo'));
    cluster.edit<KubeObject & { spec: { selector: Record<string, string> } }>('Service', 'argo', ({ spec }) => {
      spec.selector[POD_TEMPLATE_HASH] = '6f8c9d7b5';
    });
    await cluster.run(60_000);
    expect(cluster.selected('argo')).toBe('6f8c9d7b5');
  });

  it('and nothing that is driven', async () => {
    await givenV2AtItsPause();
    cluster.close();
    await cluster.start();
    await cluster.run(60_000);
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    expect(cluster.selected('web-stable')).toBeDefined();
  });
});

describe('sluice release', () => {
  it('says what it would hand back, and does nothing, with --dry-run', async () => {
    await givenV2AtItsPause();
    cluster.close();
    const lines: string[] = [];
    await release(client(), { namespace: undefined, dryRun: true, rollouts: [] }, (line) => lines.push(line));
    expect(lines[0]).toBe('would hand back VirtualService shop/web: all its traffic goes to the stable destination');
    expect(lines.length).toBe(3);
    expect(isHandedBack()).toBe(false);
  });

  it('hands everything back while the Rollouts are still there', async () => {
    await givenV2AtItsPause();
    cluster.close();
    await release(client(), { namespace: undefined, dryRun: false, rollouts: [] }, () => undefined);
    expect(isHandedBack()).toBe(true);
    const lines: string[] = [];
    await release(client(), { namespace: 'shop', dryRun: false, rollouts: ['web'] }, (line) => lines.push(line));
    expect(lines).toEqual(['nothing is driven']);
  });

  it('names a Rollout that there is not', async () => {
    await givenV1(cluster, { steps: STEPS });
    const options = { namespace: 'shop', dryRun: false, rollouts: ['wob'] };
    await expect(release(client(), options, () => undefined)).rejects.toThrow(
      'there is no Rollout wob in namespace shop',
    );
  });
});
