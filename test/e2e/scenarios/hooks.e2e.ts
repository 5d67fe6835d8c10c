// Hooks of a sync on the real Job controller, whose pods are processes: before the first write of a commit and after the last, ended by a
// newer commit, failed and run again, and taken away by their TTL the moment they are done.
import { expect, test, type TestContext } from 'vitest';
import type { HookRun } from '../../../src/api/hooks.ts';
import type { KubeObject, Resource } from '../../../src/api/k8s.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { until } from '../cluster/until.ts';
import { PODS } from '../kubelet/pod.ts';
import { startRepository, type Repository } from '../support/repository.ts';
import { begin, type World } from '../support/world.ts';

const JOBS: Resource = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };
const POLICY = 'argocd.argoproj.io/hook-delete-policy';

interface Job extends KubeObject {
  status?: { completionTime?: string };
}

const job = (name: string, hook: string, command: string, more: { policy?: string; spec?: object } = {}): object => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name,
    annotations: { 'argocd.argoproj.io/hook': hook, ...(more.policy === undefined ? {} : { [POLICY]: more.policy }) },
  },
  spec: {
    backoffLimit: 0,
    ...more.spec,
    template: {
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'run', image: 'shop/run:v1', command: ['/bin/sh', '-c', command] }],
      },
    },
  },
});

const config = (version: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'web' },
  data: { version },
});

interface Hooked {
  world: World;
  repository: Repository;
  job(name: string): Promise<Job | undefined>;
  version(): Promise<string | undefined>;
  /** Waits for what is on record of the runs. */
  runsAre(...runs: string[]): Promise<HookRun[]>;
}

async function given(context: TestContext, namespace: string): Promise<Hooked> {
  const world = await begin(context, namespace);
  await world.controller();
  const repository = await startRepository(world, { writeBack: { onAbort: 'None', notes: false } });
  const textOf = ({ phase, name, state }: HookRun): string => `${phase} ${name} ${state}`;
  return {
    world,
    repository,
    job: (name) => world.client.get<Job>(JOBS, name, namespace),
    async version() {
      const found = await world.client.get(RESOURCES.configMaps, 'web', namespace);
      return (found as { data?: { version?: string } } | undefined)?.data?.version;
    },
    async runsAre(...runs) {
      const app = await repository.applicationIs(
        `with the runs ${runs.join(', ')}`,
        ({ hooks }) => hooks?.runs.map((run) => textOf(run)).join() === runs.join(),
      );
      return app.status?.hooks?.runs ?? [];
    },
  };
}

test('a Job before the sync is waited for, one after it makes it ready, and each runs once', async (context) => {
  const hooked = await given(context, 'hooks-once');
  const { world, repository } = hooked;
  const smoke = job('smoke', 'PostSync', 'true', { spec: { ttlSecondsAfterFinished: 0 } });
  const commit = repository.declare('v1', job('migrate', 'PreSync', 'sleep 2'), config('v1'), smoke);
  await hooked.runsAre('PreSync migrate Running');
  expect(await hooked.version()).toBeUndefined();
  await world.kubectl('wait', '--for=condition=Ready', 'application/shop', '--timeout=60s');
  const [migrate] = await hooked.runsAre('PreSync migrate Succeeded', 'PostSync smoke Succeeded');
  const made = await world.client.get(RESOURCES.configMaps, 'web', world.namespace);
  const completed = (await hooked.job('migrate'))?.status?.completionTime ?? '';
  expect(Date.parse(made?.metadata.creationTimestamp ?? '')).toBeGreaterThanOrEqual(Date.parse(completed));
  await until('the TTL to take it away', async () => (await hooked.job('smoke')) === undefined);
  const events = await world.kubectl(
    'get',
    'events',
    '-o',
    'jsonpath={range .items[*]}{.reason} {.message}{"\\n"}{end}',
  );
  for (const line of [
    `HookStarted PreSync hook Job hooks-once/migrate was started at ${commit.slice(0, 7)}`,
    'HookSucceeded PreSync hook Job hooks-once/migrate has succeeded: has completed',
    'HookSucceeded PostSync hook Job hooks-once/smoke has succeeded: has completed',
  ])
    expect(events.split('\n').filter((one) => one === line)).toHaveLength(1);
  // Drift and other looks at Git run nothing.
  await world.kubectl('patch', 'configmap', 'web', '--type=merge', '-p', '{"data":{"version":"by hand"}}');
  await until('drift to be put back', async () => (await hooked.version()) === 'v1');
  expect((await hooked.job('migrate'))?.metadata.uid).toBe(migrate?.uid);
  expect(await hooked.job('smoke')).toBeUndefined();
});

test('a Job that fails keeps its commit out, until a person has it run again', async (context) => {
  const hooked = await given(context, 'hooks-failed');
  const { world, repository } = hooked;
  repository.declare('v1', config('v1'));
  await repository.applicationIs('Synced', ({ phase }) => phase === 'Synced');
  const alarm = job('alarm', 'SyncFail', 'true', { policy: 'HookSucceeded' });
  repository.declare('v2', config('v2'), job('migrate', 'PreSync', 'exit 3'), alarm);
  const [failed] = await hooked.runsAre('PreSync migrate Failed', 'SyncFail alarm Succeeded');
  const app = await repository.applicationIs('Failed', ({ phase }) => phase === 'Failed');
  expect(app.status?.message).toMatch(/PreSync hook Job hooks-failed\/migrate failed: .*stays applied$/);
  await until('the alarm to be deleted', async () => (await hooked.job('alarm')) === undefined);
  expect(await hooked.version()).toBe('v1');
  await world.kubectl('annotate', 'application', 'shop', 'sluice.dev/retry=true');
  await until('another run', async () => {
    const found = await hooked.job('migrate');
    return found !== undefined && found.metadata.uid !== failed?.uid;
  });
  await repository.applicationIs(
    'failed again',
    ({ hooks }) =>
      hooks?.attempt === 2 && hooks.runs.some(({ phase, state }) => phase === 'PreSync' && state === 'Failed'),
  );
  const { metadata } = await repository.application();
  expect(metadata.annotations?.['sluice.dev/retry']).toBeUndefined();
});

test('a newer commit takes over from a Job that does not end, once that and its pods are gone', async (context) => {
  const hooked = await given(context, 'hooks-ended');
  const { world, repository } = hooked;
  repository.declare('v1', config('v1'), job('migrate', 'PreSync', 'sleep 100000'));
  const [endless] = await hooked.runsAre('PreSync migrate Running');
  const isRunning = async (): Promise<boolean> =>
    (await world.client.list<KubeObject>(PODS, { namespace: world.namespace })).items.length === 1;
  await until('its pod', isRunning);
  repository.declare('v2', config('v2'), job('migrate', 'PreSync', 'true'));
  const [next] = await hooked.runsAre('PreSync migrate Succeeded');
  expect(next?.uid).not.toBe(endless?.uid);
  await until('v2 to be applied', async () => (await hooked.version()) === 'v2');
  const pods = await world.client.list<KubeObject>(PODS, { namespace: world.namespace });
  expect(pods.items.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual([next?.uid]);
});
