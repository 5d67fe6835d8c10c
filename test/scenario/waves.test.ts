// A commit that is applied in waves: the next one once all of the one before is healthy.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { Cluster } from './cluster.ts';
import { momentsOf, TIMEOUT } from './crash-moments.ts';
import type { EngineProcess, ProcessOptions } from './engine-process.ts';
import { isPromoted, isReverted, shaped } from './given.ts';
import { config, IMAGE, yaml } from './manifests.ts';
import { deployment, givenApplication, versionOf } from './ordering.ts';

const ARGO = 'argocd.argoproj.io/sync-wave';
const OWN = 'sluice.dev/sync-wave';
const image = (name: string, version: string): string => `registry.example.com/shop/${name}:${version}`;

/** A store in wave -1, what serves in wave 0, what looks on in wave 2. */
const files = (version: string): Record<string, string> => ({
  'deploy/all.yaml': yaml(
    deployment('spectator', version, { [OWN]: '2' }),
    deployment('api', version),
    deployment('db', version, { [ARGO]: '-1' }),
  ),
});

const versions = (cluster: Cluster): (string | undefined)[] =>
  ['db', 'api', 'spectator'].map((name) => versionOf(cluster, name));
const app = (cluster: Cluster): ReturnType<Cluster['application']>['status'] => cluster.application().status;
const isReady = (cluster: Cluster): boolean => cluster.condition(cluster.application(), 'Ready')?.['status'] === 'True';

describe('waves', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
    cluster.workloads.readyAfterMs = 2_000;
    await cluster.start();
  });
  afterEach(() => cluster.close());

  async function givenV1(): Promise<void> {
    cluster.push(files('v1'), 'Deploy v1');
    givenApplication(cluster, { sync: { prune: true } });
    await cluster.until('v1 is ready', () => isReady(cluster));
  }

  it('are applied one after the other, each when the one before is healthy, and say what they wait for', async () => {
    const seen: string[] = [];
    cluster.server.store.subscribe({ group: 'apps', kind: 'Deployment' }, () => {
      const now = versions(cluster).map((version) => version ?? '-');
      if (seen.at(-1) !== now.join(' ')) seen.push(now.join(' '));
    });
    await givenV1();
    expect(seen).toEqual(['v1 - -', 'v1 v1 -', 'v1 v1 v1']);
    expect(cluster.events('Waiting')).toEqual([
      'Waiting: the next wave waits for wave -1: Deployment shop/db',
      'Waiting: the next wave waits for wave 0: Deployment shop/api',
    ]);
  });

  it('stop at what is degraded, which is told, and a newer commit takes over at once', async () => {
    await givenV1();
    cluster.workloads.broken.add(image('db', 'v2'));
    cluster.push(files('v2'), 'Deploy v2');
    await cluster.until('v2 has failed', () => app(cluster)?.phase === 'Failed');
    expect(cluster.condition(cluster.application(), 'Ready')).toMatchObject({ reason: 'WaveDegraded' });
    expect(app(cluster)?.message).toMatch(
      /^wave -1 is degraded: Deployment shop\/db: .*what comes after it is not applied$/,
    );
    expect(versions(cluster)).toEqual(['v2', 'v1', 'v1']);
    cluster.push(files('v3'), 'Deploy v3');
    await cluster.until(
      'v3 is ready',
      () => isReady(cluster) && versions(cluster).every((version) => version === 'v3'),
    );
  });

  it('that wait are taken over by a newer commit, without an end of the wait', async () => {
    await givenV1();
    cluster.workloads.broken.add(image('db', 'v2'));
    cluster.push(files('v2'), 'Deploy v2');
    await cluster.until('v2 waits', () => cluster.condition(cluster.application(), 'Ready')?.['reason'] === 'Waiting');
    cluster.push(files('v3'), 'Deploy v3');
    await cluster.until('v3 is on its way', () => versionOf(cluster, 'db') === 'v3', 15_000);
    await cluster.until('v3 is ready', () => isReady(cluster) && versionOf(cluster, 'spectator') === 'v3');
  });

  it('keep what is applied as it is declared while others wait', async () => {
    await givenV1();
    cluster.workloads.broken.add(image('db', 'v2'));
    cluster.push(
      { ...files('v1'), 'deploy/all.yaml': files('v1')['deploy/all.yaml']?.replace('db:v1', 'db:v2') ?? '' },
      'Db',
    );
    await cluster.until('it waits', () => app(cluster)?.health?.status === 'Progressing');
    cluster.edit<KubeObject & { spec: { replicas: number } }>('Deployment', 'spectator', ({ spec }) => {
      spec.replicas = 7;
    });
    const replicas = (): unknown =>
      cluster.find<KubeObject & { spec: { replicas: number } }>('Deployment', 'spectator')?.spec.replicas;
    await cluster.until('it is put back', () => replicas() === 2, 5_000);
  });

  it('are deleted backwards, once all that is declared is in place', async () => {
    await givenV1();
    const gone: string[] = [];
    cluster.server.store.subscribe({ group: 'apps', kind: 'Deployment' }, ({ type, object }) => {
      if (type === 'DELETED') gone.push(object.metadata.name);
    });
    cluster.push({ 'deploy/all.yaml': yaml(config('hello')) }, 'Away');
    await cluster.until('all are gone', () => gone.length === 3);
    expect(gone).toEqual(['spectator', 'api', 'db']);
  });
});

/** The configuration in wave -2, the Rollout and what it drives in 0, what looks on in 1. */
const waved = (version: string): Record<string, string> => {
  const metadata = { name: 'web-config', namespace: 'shop', annotations: { [ARGO]: '-2' } };
  return {
    ...shaped(version, { steps: [{ setWeight: 10 }, { pause: {} }] }),
    'deploy/config.yaml': yaml({ ...config('hello'), metadata }),
    'deploy/spectator.yaml': yaml(deployment('spectator', version, { [ARGO]: '1' })),
  };
};

describe('a Rollout in a wave', () => {
  it('that is paused is waited for and fails nobody; aborted, it goes back at once, and what comes after is not applied', async () => {
    const cluster = await Cluster.open();
    await cluster.start();
    cluster.push(waved('v1'), 'Deploy v1');
    givenApplication(cluster, { writeBack: { onAbort: 'None' } });
    await cluster.until('v1 is ready', () => isPromoted(cluster, 'v1') && isReady(cluster));
    cluster.push(waved('v2'), 'Deploy v2');
    await cluster.until('v2 is paused', () => cluster.rollout().status?.phase === 'Paused');
    await cluster.run(60_000);
    expect(app(cluster)?.phase).toBe('OutOfSync');
    expect(versionOf(cluster, 'spectator')).toBe('v1');
    cluster.annotate('abort', 'too slow');
    await cluster.until('it is held', () => isReverted(cluster, 'v1'), 20_000);
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
    await cluster.run(5_000);
    expect(versionOf(cluster, 'spectator')).toBe('v1');
    expect(app(cluster)).toMatchObject({
      phase: 'Held',
      message: expect.stringContaining('wave 0 is degraded') as string,
    });
    cluster.end();
  });
});

interface Ending {
  first: EngineProcess;
  picture: unknown;
  seen: string[];
}

/** v1 in waves, then v2, whose pods take their time. */
async function story(die?: ProcessOptions['die']): Promise<Ending> {
  const cluster = await Cluster.open();
  try {
    cluster.workloads.readyAfterMs = 2_000;
    const first = await cluster.start(die === undefined ? {} : { die });
    cluster.onDeath(first, 3_000);
    const seen: string[] = [];
    cluster.server.store.subscribe({ group: 'apps', kind: 'Deployment' }, () => {
      const now = versions(cluster)
        .map((version) => version ?? '-')
        .join(' ');
      if (seen.at(-1) !== now) seen.push(now);
    });
    cluster.push(files('v1'), 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('v1 is ready', () => isReady(cluster) && versionOf(cluster, 'spectator') === 'v1');
    cluster.push(files('v2'), 'Deploy v2');
    await cluster.until('v2 is ready', () => isReady(cluster) && versionOf(cluster, 'spectator') === 'v2');
    await cluster.run(60_000);
    const { phase, health, resources } = app(cluster) ?? {};
    return { first, seen, picture: [phase, health, resources?.map(({ name, status }) => [name, status])] };
  } finally {
    cluster.close();
  }
}

describe('a process that is killed between waves', async () => {
  const whole = await story();

  it('has a story to compare with', () => {
    expect(whole.seen).toEqual(['v1 - -', 'v1 v1 -', 'v1 v1 v1', 'v2 v1 v1', 'v2 v2 v1', 'v2 v2 v2']);
  });

  it.each(momentsOf(whole.first.writes))(
    'keeps the order when it dies $when write $at ($what)',
    async ({ at, when }) => {
      const ending = await story({ at, when });
      expect(ending.first.dead).toBe(true);
      expect(ending.seen).toEqual(whole.seen);
      expect(ending.picture).toEqual(whole.picture);
    },
    TIMEOUT,
  );
});
