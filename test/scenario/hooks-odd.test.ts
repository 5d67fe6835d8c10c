// What careless and hostile people do to hooks: it is refused by name, told, or gone on from, and never does harm to others.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { Cluster } from './cluster.ts';
import {
  createJob,
  deleteJob,
  diary,
  editJob,
  hooked,
  isBecause,
  isReady,
  job,
  jobOf,
  OWN,
  POLICY,
  record,
  runs,
} from './hooked.ts';
import { application, config, rollout, yaml } from './manifests.ts';
import { deployment, givenApplication, versionOf } from './ordering.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
  await cluster.start();
});
afterEach(() => cluster.close());

const message = (): string => cluster.application().status?.message ?? '';
const endless = jobOf('migrate', 'PreSync', { command: 'sleep 100000' });

const running = (): Promise<void> =>
  cluster.until('it runs', () => record(cluster)?.runs.some(({ state }) => state === 'Running'));

async function given(files: Record<string, string>): Promise<void> {
  cluster.push(files, 'Deploy v1');
  givenApplication(cluster);
  await cluster.until('it was looked at', () => cluster.application().status?.attempted !== undefined);
  await cluster.run(2_000);
}

const annotated = (object: object, annotations: Record<string, string>): KubeObject => {
  const typed = structuredClone(object) as KubeObject;
  return { ...typed, metadata: { ...typed.metadata, annotations } };
};

describe('a commit is refused by file and line', () => {
  it.each<[string, object[], RegExp]>([
    [
      'a hook on a Rollout',
      [annotated(rollout('v1'), { [OWN]: 'Sync' })],
      /hooks.yaml:1: Rollout shop\/web: a Rollout cannot/,
    ],
    [
      'a phase that is none',
      [annotated(config('x'), { [OWN]: 'PreSink' })],
      /did you mean PreSync\?\); there are PreSync, Sync/,
    ],
    ['one name in two hooks', [jobOf('a', 'PreSync'), jobOf('a', 'PostSync')], /Job shop\/a is already declared/],
    [
      'a hook and an object of one name',
      [jobOf('a', 'Sync'), { ...jobOf('a', ''), metadata: { name: 'a' } }],
      /already declared/,
    ],
    [
      'a hook in another namespace',
      [{ ...jobOf('a', 'Sync'), metadata: { name: 'a', namespace: 'bank', annotations: { [OWN]: 'Sync' } } }],
      /Job bank\/a: is in namespace bank/,
    ],
    [
      'a field that the server does not know',
      [{ ...jobOf('a', 'PreSync'), spec: { ...(jobOf('a', '').spec as object), backofLimit: 3 } }],
      /hooks.yaml:1: Job shop\/a: .*backofLimit/,
    ],
    [
      'a name that no object may have',
      [jobOf('', 'PreSync', { generateName: 'UPPER_' })],
      /metadata.name: Invalid value/,
    ],
    [
      'a mark of its own',
      [annotated(jobOf('a', ''), { [OWN]: 'Sync', 'sluice.dev/hook-run': 'x' })],
      /hook-run cannot be declared/,
    ],
  ])('for %s, and nothing is run', async (_what, objects, why) => {
    const seen = diary(cluster);
    await given(hooked('v1', ...objects));
    expect(message()).toMatch(why);
    expect([seen, record(cluster)]).toEqual([[], undefined]);
  });

  it('for a hook that rests on what its own commit brings after it', async () => {
    const scope = { names: { kind: 'Thing', plural: 'things' }, group: 'example.com', scope: 'Namespaced' };
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: { ...scope, versions: [version] },
    };
    const thing = {
      apiVersion: 'example.com/v1',
      kind: 'Thing',
      metadata: { name: 'a', annotations: { [OWN]: 'PreSync' } },
    };
    cluster.close();
    cluster = await Cluster.open();
    await cluster.start({ clusterApplications: ['shop/shop'] });
    await given(hooked('v1', definition, thing));
    expect(message()).toMatch(
      /Thing shop\/a: needs the definition of Thing, .* is applied after its PreSync hooks: make it a Sync hook/,
    );
    thing.metadata.annotations[OWN] = 'Sync';
    cluster.push(hooked('v1', definition, thing), 'As a Sync hook');
    await cluster.until('it is ready', () => isReady(cluster));
    expect(runs(cluster)).toEqual(['Sync a Succeeded']);
  });

  it('for a Job that is no hook, and one with a strange account, where no account is named', async () => {
    const strange = jobOf('b', 'PreSync');
    Object.assign((strange.spec as { template: { spec: object } }).template.spec, { serviceAccountName: 'admin' });
    cluster.push({ 'deploy/a.yaml': yaml({ ...jobOf('a', ''), metadata: { name: 'a' } }, strange) }, 'Jobs');
    cluster.create(application());
    await cluster.until('it is refused', () => isBecause(cluster, 'InvalidManifest'));
    expect(message()).toMatch(
      /Job shop\/a: is of a kind that needs an account.*Job shop\/b: its pods name the ServiceAccount admin/,
    );
    cluster.push({ 'deploy/a.yaml': yaml(jobOf('a', 'PreSync'), config('x')) }, 'A hook');
    await cluster.until('it is ready', () => isReady(cluster));
    expect(runs(cluster)).toEqual(['PreSync a Succeeded']);
  });
});

describe('the object of a hook that runs', () => {
  it('fails the hook when somebody deletes it, and is not made anew', async () => {
    await given(hooked('v1', endless));
    await running();
    const seen = diary(cluster);
    deleteJob(cluster, 'migrate');
    await cluster.until('it has failed', () => isBecause(cluster, 'HookFailed'));
    expect(message()).toMatch(/Job shop\/migrate failed: was gone before its end was seen: somebody deleted it/);
    await cluster.run(300_000);
    expect(seen).toEqual(['migrate gone']);
  });

  it('fails the hook when somebody makes another one in its place, which is left alone', async () => {
    await given(hooked('v1', endless));
    await running();
    const copy = structuredClone(job(cluster, 'migrate')) as KubeObject;
    deleteJob(cluster, 'migrate');
    const {
      uid: _uid,
      resourceVersion: _version,
      managedFields: _managed,
      finalizers: _f,
      ...metadata
    } = copy.metadata;
    createJob(cluster, { ...copy, metadata, spec: jobOf('migrate', '').spec, status: undefined } as KubeObject);
    await cluster.until('it has failed', () => isBecause(cluster, 'HookFailed'));
    expect(message()).toMatch(/another object of its name is there, which is not the one that was run/);
    await cluster.run(300_000);
    expect(job(cluster, 'migrate')).toBeDefined();
    expect(versionOf(cluster, 'api')).toBeUndefined();
  });

  it('has succeeded where its TTL takes it away the moment it has completed', async () => {
    await given(hooked('v1', jobOf('migrate', 'PreSync', { spec: { ttlSecondsAfterFinished: 0 } })));
    const isDone = ({ status }: KubeObject): boolean => JSON.stringify(status ?? {}).includes('"type":"Complete"');
    cluster.server.store.subscribe({ group: 'batch', kind: 'Job' }, ({ type, object }) => {
      if (type === 'MODIFIED' && isDone(object)) deleteJob(cluster, object.metadata.name);
    });
    await cluster.until('it is ready', () => isReady(cluster));
    expect(runs(cluster)).toEqual(['PreSync migrate Succeeded']);
    expect(job(cluster, 'migrate')).toBeUndefined();
  });

  it('has failed where it went while nobody looked: what became of it is not known', async () => {
    await given(hooked('v1', endless));
    await running();
    cluster.processes[0]?.kill();
    deleteJob(cluster, 'migrate');
    await cluster.run(10_000);
    await cluster.start();
    await cluster.until('it has failed', () => isBecause(cluster, 'HookFailed'));
    expect(message()).toMatch(/or its ttlSecondsAfterFinished did/);
  });

  it('is followed though somebody strips its marks and labels', async () => {
    await given(hooked('v1', jobOf('migrate', 'PreSync', { command: 'sleep 30' })));
    await running();
    editJob(cluster, 'migrate', ({ metadata }) => {
      metadata.labels = {};
      metadata.annotations = {};
    });
    await cluster.until('it is ready', () => isReady(cluster), 300_000);
    expect(runs(cluster)).toEqual(['PreSync migrate Succeeded']);
  });
});

describe('what is in the way of a hook', () => {
  it('is left alone where it is a person’s, which is told, and the hook goes on when it is gone', async () => {
    createJob(cluster, jobOf('migrate', ''));
    await given(hooked('v1', jobOf('migrate', 'PreSync')));
    await cluster.until('it is told', () => isBecause(cluster, 'HookBlocked'));
    expect(message()).toMatch(/Job shop\/migrate is there, and is no hook of this Application: delete it/);
    await cluster.run(120_000);
    expect(job(cluster, 'migrate')?.metadata.deletionTimestamp).toBeUndefined();
    deleteJob(cluster, 'migrate');
    await cluster.until('it is ready', () => isReady(cluster), 120_000);
  });

  it('is kept where the delete policy keeps it, which is told', async () => {
    const kept = (version: string): object =>
      jobOf('migrate', 'PreSync', { version, annotations: { [POLICY]: 'HookFailed' } });
    await given(hooked('v1', kept('v1')));
    await cluster.until('it is ready', () => isReady(cluster));
    cluster.push(hooked('v2', kept('v2')), 'Deploy v2');
    await cluster.until('it is told', () => isBecause(cluster, 'HookBlocked'));
    expect(message()).toMatch(/Job shop\/migrate of an earlier run is there, and its delete policy keeps it/);
    expect(versionOf(cluster, 'api')).toBe('v1');
  });

  it('by a finalizer that never lets go is named, and a commit without hooks gets past it', async () => {
    await given(hooked('v1', jobOf('migrate', 'PreSync')));
    await cluster.until('it is ready', () => isReady(cluster));
    editJob(cluster, 'migrate', ({ metadata }) => {
      metadata.finalizers = ['example.com/never'];
    });
    cluster.push(hooked('v2', jobOf('migrate', 'PreSync', { version: 'v2' })), 'Deploy v2');
    await cluster.until('it is told', () => /which its finalizers hold: example.com\/never/.test(message()));
    await cluster.run(10_000);
    expect(await cluster.writesIn(300_000)).toEqual([]);
    cluster.push(hooked('v3'), 'Without hooks');
    await cluster.until('it is ready', () => isReady(cluster) && versionOf(cluster, 'api') === 'v3');
  });

  it('by a finalizer on what a newer commit has ended holds up its hooks alone, with its name', async () => {
    await given(hooked('v1', endless));
    await running();
    editJob(cluster, 'migrate', ({ metadata }) => {
      metadata.finalizers = ['example.com/never'];
    });
    cluster.push(hooked('v2', jobOf('other', 'PreSync')), 'Deploy v2');
    await cluster.until('it is told', () =>
      /PreSync hooks: waits for Job shop\/migrate to go, which its finalizers hold/.test(message()),
    );
    cluster.push(hooked('v3'), 'Without hooks');
    await cluster.until('it is ready', () => isReady(cluster) && versionOf(cluster, 'api') === 'v3');
    editJob(cluster, 'migrate', ({ metadata }) => {
      metadata.finalizers = [];
    });
    await cluster.until(
      'nothing is left',
      () => record(cluster) === undefined && job(cluster, 'migrate') === undefined,
    );
  });
});

describe('a record that somebody wrote into the status', () => {
  const forge = (change: (hooks: NonNullable<ReturnType<typeof record>>) => void): void => {
    const app = structuredClone(cluster.application());
    if (app.status?.hooks) change(app.status.hooks);
    cluster.server.store.updateStatus({ group: 'sluice.dev', kind: 'Application' }, app as never);
  };

  it('has nothing deleted that no hook has made', async () => {
    await given(hooked('v1', jobOf('migrate', 'PreSync')));
    await cluster.until('it is ready', () => isReady(cluster));
    createJob(cluster, jobOf('precious', '', { command: 'sleep 100000' }));
    forge((hooks) => {
      const uid = job(cluster, 'precious')?.metadata.uid ?? '';
      const forged = {
        phase: 'PreSync' as const,
        group: 'batch',
        version: 'v1',
        kind: 'Job',
        namespace: 'shop',
        name: 'precious',
      };
      hooks.ending = [{ ...forged, hash: 'x', mark: 'x', state: 'Running', uid }];
    });
    await cluster.until('it is off the record', () => record(cluster)?.ending === undefined);
    await cluster.run(10_000);
    expect(job(cluster, 'precious')?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('or that was lost has the hooks run again, and keeps what is applied in force', async () => {
    await given(hooked('v1', jobOf('migrate', 'PreSync')));
    await cluster.until('it is ready', () => isReady(cluster));
    const app = structuredClone(cluster.application());
    const { hooks: _lost, ...status } = app.status ?? {};
    cluster.server.store.updateStatus({ group: 'sluice.dev', kind: 'Application' }, { ...app, status } as never);
    await cluster.until('it is on record again', () => runs(cluster)[0] === 'PreSync migrate Succeeded');
    await cluster.until('it is ready', () => isReady(cluster));
    expect(versionOf(cluster, 'api')).toBe('v1');
  });
});

describe('two Applications', () => {
  it('with a hook of one name do not delete each other’s', async () => {
    await given(hooked('v1', jobOf('migrate', 'PreSync')));
    await cluster.until('it is ready', () => isReady(cluster));
    const uid = job(cluster, 'migrate')?.metadata.uid;
    const other = structuredClone(application({ serviceAccountName: 'deployer' })) as KubeObject;
    cluster.push(
      { 'other/hooks.yaml': yaml(deployment('other', 'v1'), jobOf('migrate', 'PreSync', { version: 'v9' })) },
      'Other',
    );
    const spec = other.spec as { source: object };
    cluster.create({
      ...other,
      metadata: { ...other.metadata, name: 'other' },
      spec: { ...spec, source: { ...spec.source, path: 'other' } },
    });
    const told = (): string =>
      cluster.find<KubeObject & { status?: { message?: string } }>('Application', 'other')?.status?.message ?? '';
    await cluster.until('it is told', () => told().includes('is no hook of this Application'));
    await cluster.run(60_000);
    expect(job(cluster, 'migrate')?.metadata.uid).toBe(uid);
  });
});
