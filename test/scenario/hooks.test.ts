// Hooks of a sync, in the order that a commit comes to them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { diary, hooked, isBecause, isReady, job, jobOf, jobs, OWN, POLICY, record, runs } from './hooked.ts';
import { config, yaml } from './manifests.ts';
import { deployment, givenApplication, versionOf } from './ordering.ts';

const WAVE = 'sluice.dev/sync-wave';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
  await cluster.start();
});
afterEach(() => cluster.close());

const app = (): ReturnType<Cluster['application']>['status'] => cluster.application().status;

/** Pushes and waits until all of it is ready. */
async function deployed(files: Record<string, string>): Promise<string> {
  const commit = cluster.push(files, 'Deploy');
  if (cluster.find('Application', 'shop') === undefined) givenApplication(cluster, { sync: { prune: true } });
  await cluster.until('it is ready', () => isReady(cluster, commit));
  return commit;
}

const annotateApplication = (annotation: string, value: string): void => {
  cluster.edit('Application', 'shop', ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [annotation]: value };
  });
};

describe('a hook before the sync', () => {
  it('is waited for before the first write of a commit, which says which hook it is', async () => {
    const seen = diary(cluster);
    cluster.push(hooked('v1', jobOf('migrate', 'PreSync', { command: 'sleep 20' })), 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('it waits', () => isBecause(cluster, 'HookRunning') && runs(cluster)[0]?.endsWith('Running'));
    expect(versionOf(cluster, 'api')).toBeUndefined();
    expect(app()?.message).toMatch(/^[0-9a-f]{7}: PreSync hook Job shop\/migrate is waited for since 20/);
    await cluster.until('it is ready', () => isReady(cluster));
    expect(seen).toEqual(['migrate created', 'migrate Complete', 'api v1']);
    expect(runs(cluster)).toEqual(['PreSync migrate Succeeded']);
    expect(cluster.events().filter((line) => line.startsWith('Hook'))).toEqual([
      expect.stringMatching(/^HookStarted: PreSync hook Job shop\/migrate was started at [0-9a-f]{7}$/),
      expect.stringMatching(/^HookSucceeded: PreSync hook Job shop\/migrate has succeeded/),
    ]);
    expect(app()?.resources?.map(({ kind }) => kind)).toEqual(['Deployment']);
  });

  it('keeps what was applied before in force meanwhile: drift of it is put back', async () => {
    await deployed(hooked('v1'));
    cluster.push(hooked('v2', jobOf('migrate', 'PreSync', { command: 'sleep 60' })), 'Deploy v2');
    await cluster.until('it runs', () => runs(cluster)[0]?.endsWith('Running'));
    cluster.edit('Deployment', 'api', (object) => {
      (object.spec as { replicas: number }).replicas = 7;
    });
    const replicas = (): unknown =>
      (cluster.find('Deployment', 'api')?.spec as { replicas: number } | undefined)?.replicas;
    await cluster.until('it is put back', () => replicas() === 2, 5_000);
    expect(versionOf(cluster, 'api')).toBe('v1');
    expect(app()?.message).toMatch(/; [0-9a-f]{7} stays applied$/);
    await cluster.until('v2 is ready', () => isReady(cluster) && versionOf(cluster, 'api') === 'v2');
  });

  it('that fails leaves the commit out, until Git declares something else, and SyncFail hooks are run once', async () => {
    await deployed(hooked('v1'));
    const seen = diary(cluster);
    const failing = jobOf('migrate', 'PreSync', { command: 'sleep 2; exit 3' });
    cluster.push(hooked('v2', failing, jobOf('alarm', 'SyncFail')), 'Deploy v2');
    await cluster.until('it has failed', () => isBecause(cluster, 'HookFailed'));
    expect(app()).toMatchObject({
      phase: 'Failed',
      message: expect.stringMatching(
        /PreSync hook Job shop\/migrate failed: .*sluice.dev\/retry=true; [0-9a-f]{7} stays applied$/,
      ) as string,
    });
    await cluster.run(600_000);
    expect(seen).toEqual(['migrate created', 'migrate Failed', 'alarm created', 'alarm Complete']);
    expect(versionOf(cluster, 'api')).toBe('v1');
    cluster.push({ 'README.md': 'nothing here' }, 'Nothing that is declared');
    await cluster.run(120_000);
    expect(seen).toHaveLength(4);
    await deployed(hooked('v2', jobOf('migrate', 'PreSync', { version: 'v2' }), jobOf('alarm', 'SyncFail')));
    expect(seen.slice(4)).toEqual(['migrate gone', 'migrate created', 'migrate Complete', 'api v2']);
  });

  it('that has failed is run again when a person says so, and what has succeeded is not', async () => {
    const seen = diary(cluster);
    const first = jobOf('first', 'PreSync', { annotations: { [WAVE]: '-1' } });
    cluster.push(hooked('v1', first, jobOf('second', 'PreSync', { command: 'exit 1' })), 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('it has failed', () => isBecause(cluster, 'HookFailed'));
    annotateApplication('sluice.dev/retry', 'true');
    await cluster.until(
      'it was taken off',
      () => cluster.application().metadata.annotations?.['sluice.dev/retry'] === undefined,
    );
    await cluster.until('it has failed again', () => seen.filter((line) => line === 'second Failed').length === 2);
    await cluster.run(300_000);
    expect(seen).toEqual([
      'first created',
      'first Complete',
      'second created',
      'second Failed',
      'second gone',
      'second created',
      'second Failed',
    ]);
    expect(record(cluster)?.attempt).toBe(2);
  });
});

describe('hooks', () => {
  it('are run in the order of their phases, and of waves within a phase', async () => {
    const seen = diary(cluster);
    await deployed({
      'deploy/all.yaml': yaml(
        deployment('db', 'v1', { [WAVE]: '-1' }),
        deployment('api', 'v1'),
        jobOf('after', 'PostSync'),
        jobOf('seed', 'Sync', { annotations: { [WAVE]: '-1' } }),
        jobOf('later', 'PreSync', { annotations: { 'helm.sh/hook-weight': '5' } }),
        jobOf('sooner', 'PreSync'),
        jobOf('alarm', 'SyncFail'),
      ),
    });
    expect(seen).toEqual([
      'sooner created',
      'sooner Complete',
      'later created',
      'later Complete',
      'db v1',
      'seed created',
      'seed Complete',
      'api v1',
      'after created',
      'after Complete',
    ]);
    expect(app()?.phase).toBe('Synced');
  });

  it('are not run again by looks at Git, drift, a restart, another replica, or a commit that changes nothing here', async () => {
    const hooks = [jobOf('migrate', 'PreSync'), jobOf('seed', 'Sync'), jobOf('smoke', 'PostSync')];
    await deployed(hooked('v1', ...hooks));
    const seen = diary(cluster);
    cluster.edit('Deployment', 'api', (object) => {
      (object.spec as { replicas: number }).replicas = 7;
    });
    cluster.push({ 'README.md': 'nothing' }, 'Nothing that is declared');
    await cluster.run(120_000);
    cluster.processes[0]?.kill();
    await cluster.start();
    await cluster.run(300_000);
    expect(seen.filter((line) => !line.startsWith('api'))).toEqual([]);
    expect(runs(cluster)).toHaveLength(3);
    expect(await cluster.writesIn(120_000)).toEqual([]);
  });

  it('are all run again for other content, even where that was applied before', async () => {
    await deployed(hooked('v1', jobOf('migrate', 'PreSync')));
    await deployed(hooked('v2', jobOf('migrate', 'PreSync')));
    const seen = diary(cluster);
    await deployed(hooked('v1', jobOf('migrate', 'PreSync')));
    expect(seen).toEqual(['migrate gone', 'migrate created', 'migrate Complete', 'api v1']);
  });

  it('have names of their own where they are given the beginning of one', async () => {
    const long = 'x'.repeat(80);
    await deployed(
      hooked(
        'v1',
        jobOf('migrate', 'PreSync', { generateName: 'migrate-' }),
        jobOf('a', 'PreSync', { generateName: long }),
      ),
    );
    await deployed(hooked('v2', jobOf('migrate', 'PreSync', { generateName: 'migrate-' })));
    const names = jobs(cluster)
      .map(({ metadata }) => metadata.name)
      .sort();
    expect(names).toEqual([
      expect.stringMatching(/^migrate-\w{10}$/),
      expect.stringMatching(/^migrate-\w{10}$/),
      expect.stringMatching(/^x{53}\w{10}$/),
    ]);
  });

  it('may be of several phases, one run in each', async () => {
    const seen = diary(cluster);
    await deployed(hooked('v1', jobOf('check', 'PreSync,PostSync')));
    expect(seen).toEqual([
      'check created',
      'check Complete',
      'api v1',
      'check gone',
      'check created',
      'check Complete',
    ]);
    expect(runs(cluster)).toEqual(['PreSync check Succeeded', 'PostSync check Succeeded']);
  });

  it('may be of a kind without an end, which is done when it is healthy', async () => {
    const seen = diary(cluster);
    const mock = deployment('mock', 'v1', { [OWN]: 'PreSync' });
    await deployed(hooked('v1', mock));
    expect(seen).toEqual(['mock v1', 'api v1']);
    expect(app()?.resources?.map(({ name }) => name)).toEqual(['api']);
  });

  it('of a chart are run as Argo CD runs them, and those that nothing runs are named', async () => {
    const helm = (name: string, events: string): object => {
      const { metadata, ...rest } = jobOf(name, '');
      return { ...rest, metadata: { ...metadata, annotations: { 'helm.sh/hook': events } } };
    };
    const seen = diary(cluster);
    await deployed(
      hooked(
        'v1',
        helm('before', 'pre-install,pre-upgrade'),
        helm('after', 'post-install'),
        helm('test', 'test'),
        helm('end', 'pre-delete'),
      ),
    );
    expect(seen).toEqual(['before created', 'before Complete', 'api v1', 'after created', 'after Complete']);
    expect(app()?.message).toMatch(/; hooks that nothing here runs: Job shop\/end \(helm.sh\/hook: pre-delete\)$/);
  });

  it('are not pruned, neither as hooks nor when they leave Git, and what becomes a hook is its object no more', async () => {
    const plain = jobOf('migrate', 'Sync');
    delete plain.metadata.annotations;
    await deployed(hooked('v1', plain));
    expect(app()?.resources?.map(({ kind }) => kind)).toEqual(['Deployment', 'Job']);
    const seen = diary(cluster);
    await deployed(hooked('v1', jobOf('migrate', 'PreSync')));
    expect(seen).toEqual(['migrate gone', 'migrate created', 'migrate Complete']);
    expect(app()?.resources?.map(({ kind }) => kind)).toEqual(['Deployment']);
    await deployed(hooked('v2'));
    await cluster.run(120_000);
    expect(job(cluster, 'migrate')).toBeDefined();
    expect(record(cluster)).toBeUndefined();
  });

  it('that were applied like any other object by an earlier version are not run by the upgrade', async () => {
    await deployed(hooked('v1', jobOf('migrate', 'PreSync')));
    const live = job(cluster, 'migrate');
    const hash = live?.metadata.annotations?.['sluice.dev/content-hash'] ?? '';
    cluster.processes[0]?.kill();
    const found = structuredClone(cluster.application());
    const { hooks: _none, ...status } = found.status ?? {};
    const entry = {
      group: 'batch',
      version: 'v1',
      kind: 'Job',
      namespace: 'shop',
      name: 'migrate',
      status: 'Synced' as const,
      hash,
    };
    const before = { ...status, resources: [...(status.resources ?? []), entry] };
    cluster.server.store.updateStatus({ group: 'sluice.dev', kind: 'Application' }, {
      ...found,
      status: before,
    } as never);
    const seen = diary(cluster);
    await cluster.start();
    await cluster.run(120_000);
    expect(seen.filter((line) => line.startsWith('migrate'))).toEqual([]);
    expect([record(cluster)?.runs, app()?.phase]).toEqual([[], 'Synced']);
  });
});

describe('a hook along with a wave', () => {
  it('that fails stops what comes after it, and nothing is deleted', async () => {
    await deployed({ 'deploy/old.yaml': yaml(config('hello')), ...hooked('v1') });
    const seed = jobOf('seed', 'Sync', { command: 'exit 1', annotations: { [WAVE]: '-1' } });
    cluster.push({ ...hooked('v2', seed, jobOf('smoke', 'PostSync')), 'deploy/old.yaml': null }, 'Deploy v2');
    await cluster.until('it has failed', () => isBecause(cluster, 'HookFailed'));
    await cluster.run(60_000);
    expect(versionOf(cluster, 'api')).toBe('v1');
    expect(cluster.find('ConfigMap', 'web-config')).toBeDefined();
    expect(runs(cluster)).toEqual(['Sync seed Failed']);
  });
});

describe('a hook after the sync', () => {
  it('waits until all is healthy, and the Application is not ready before it has ended', async () => {
    cluster.workloads.readyAfterMs = 10_000;
    cluster.push(hooked('v1', jobOf('smoke', 'PostSync', { command: 'sleep 30' })), 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('it is applied', () => versionOf(cluster, 'api') === 'v1');
    await cluster.run(5_000);
    expect(jobs(cluster)).toEqual([]);
    await cluster.until('it runs', () => isBecause(cluster, 'HookRunning'));
    expect(cluster.application().status?.health?.status).toBe('Healthy');
    await cluster.until('it is ready', () => isReady(cluster));
  });

  it('is not run where what is applied is degraded; SyncFail is, and what recovers goes on', async () => {
    const image = 'registry.example.com/shop/api:v1';
    cluster.workloads.broken.add(image);
    const seen = diary(cluster);
    cluster.push(hooked('v1', jobOf('smoke', 'PostSync'), jobOf('alarm', 'SyncFail')), 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('the alarm is over', () => seen.includes('alarm Complete'));
    cluster.workloads.mend(image);
    await cluster.until('it is ready', () => isReady(cluster));
    expect(seen).toEqual(['api v1', 'alarm created', 'alarm Complete', 'smoke created', 'smoke Complete']);
  });

  it('is no alarm for what was degraded before the commit that mends it', async () => {
    cluster.workloads.broken.add('registry.example.com/shop/api:v1');
    const files = (version: string, ...hooks: object[]): Record<string, string> => ({
      'deploy/all.yaml': yaml(
        deployment('api', version),
        deployment('last', version, { [WAVE]: '1' }),
        jobOf('smoke', 'PostSync'),
        ...hooks,
      ),
    });
    cluster.push(files('v1'), 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('it is degraded', () => isBecause(cluster, 'WaveDegraded'));
    const seen = diary(cluster);
    await deployed(files('v2', jobOf('alarm', 'SyncFail')));
    expect(seen).toEqual(['api v2', 'last v2', 'smoke created', 'smoke Complete']);
  });

  it('that fails is told, takes nothing back, and is no reason to write anything again', async () => {
    cluster.push(hooked('v1', jobOf('smoke', 'PostSync', { command: 'exit 1' })), 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('it has failed', () => isBecause(cluster, 'HookFailed'));
    await cluster.run(10_000);
    expect(await cluster.writesIn(300_000)).toEqual([]);
    expect([app()?.phase, versionOf(cluster, 'api')]).toEqual(['Failed', 'v1']);
    expect(cluster.events('HookFailed')).toEqual([expect.stringContaining('PostSync hook Job shop/smoke has failed')]);
  });
});

describe('the object of a hook', () => {
  it.each([
    ['HookSucceeded', 'sleep 2', false],
    ['HookSucceeded', 'exit 1', true],
    ['HookFailed', 'sleep 2', true],
    ['HookFailed', 'exit 1', false],
    ['HookSucceeded,HookFailed', 'exit 1', false],
    ['BeforeHookCreation', 'sleep 2', true],
  ])('by the policy %s after `%s` stays: %s', async (policy, command, stays) => {
    cluster.push(
      hooked('v1', jobOf('migrate', 'PreSync', { command, annotations: { [POLICY]: policy } })),
      'Deploy v1',
    );
    givenApplication(cluster);
    await cluster.until('it is over', () => isReady(cluster) || isBecause(cluster, 'HookFailed'));
    await cluster.run(10_000);
    expect(job(cluster, 'migrate') !== undefined).toBe(stays);
    expect(await cluster.writesIn(120_000)).toEqual([]);
  });

  it('is deleted when its phase is over, since others of the phase may need it', async () => {
    const settings = {
      ...config('hello'),
      metadata: {
        name: 'settings',
        namespace: 'shop',
        annotations: { [OWN]: 'PreSync', [POLICY]: 'HookSucceeded', [WAVE]: '-1' },
      },
    };
    cluster.push(hooked('v1', settings, jobOf('migrate', 'PreSync', { command: 'sleep 20' })), 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('the second runs', () => runs(cluster)[1]?.endsWith('Running'));
    await cluster.run(5_000);
    expect(cluster.find('ConfigMap', 'settings')).toBeDefined();
    await cluster.until('it is ready', () => isReady(cluster));
    await cluster.run(5_000);
    expect(cluster.find('ConfigMap', 'settings')).toBeUndefined();
  });
});

describe('a newer commit', () => {
  it('takes over from a hook that is waited for: what it left unfinished goes first', async () => {
    await deployed(hooked('v1'));
    const seen = diary(cluster);
    cluster.push(hooked('v2', jobOf('endless', 'PreSync', { command: 'sleep 100000' })), 'Deploy v2');
    await cluster.until('it runs', () => runs(cluster)[0]?.endsWith('Running'));
    await cluster.run(10_000);
    await deployed(hooked('v3', jobOf('migrate', 'PreSync')));
    expect(seen).toEqual(['endless created', 'endless gone', 'migrate created', 'migrate Complete', 'api v3']);
    expect(cluster.podObjects().filter(({ metadata }) => metadata.name.startsWith('endless'))).toEqual([]);
  });

  it('that goes back to what is applied runs nothing, and ends what was waited for', async () => {
    await deployed(hooked('v1', jobOf('migrate', 'PreSync')));
    const seen = diary(cluster);
    cluster.push(
      hooked('v2', jobOf('migrate', 'PreSync'), jobOf('endless', 'PreSync', { command: 'sleep 100000' })),
      'Deploy v2',
    );
    await cluster.until('it runs', () => seen.includes('endless created'));
    await deployed(hooked('v1', jobOf('migrate', 'PreSync')));
    await cluster.run(60_000);
    expect(seen.filter((line) => line.startsWith('endless'))).toEqual(['endless created', 'endless gone']);
    expect(versionOf(cluster, 'api')).toBe('v1');
  });

  it('that is refused leaves the hook alone', async () => {
    cluster.push(hooked('v1', jobOf('migrate', 'PreSync', { command: 'sleep 60' })), 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('it runs', () => runs(cluster)[0]?.endsWith('Running'));
    cluster.push({ 'deploy/bad.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nwrong: true\n' }, 'Bad');
    await cluster.run(40_000);
    expect(app()?.phase).toBe('Failed');
    expect(job(cluster, 'migrate')?.metadata.deletionTimestamp).toBeUndefined();
  });
});
