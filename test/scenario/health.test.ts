// How what was applied does, as its Application says it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { yaml } from './manifests.ts';
import { deployment, givenApplication } from './ordering.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
  await cluster.start();
});
afterEach(() => cluster.close());

const ready = (): Record<string, unknown> | undefined => cluster.condition(cluster.application(), 'Ready');

describe('what was applied', () => {
  it('is ready once it is healthy, as the watch tells, and says on the way what it waits for', async () => {
    cluster.workloads.readyAfterMs = 2_000;
    cluster.push({ 'deploy/db.yaml': yaml(deployment('db', 'v1')) }, 'Deploy');
    givenApplication(cluster, { source: { repoURL: URL, path: 'deploy', interval: '1h' } });
    await cluster.until('it is applied', () => cluster.application().status?.phase === 'Synced');
    expect(ready()).toMatchObject({ status: 'False', reason: 'Progressing' });
    await cluster.until('it is ready', () => ready()?.['status'] === 'True', 10_000);
    expect(cluster.application().status).toMatchObject({
      health: { status: 'Healthy' },
      resources: [{ kind: 'Deployment', status: 'Synced', health: { status: 'Healthy' } }],
    });
    expect(cluster.processes[0]?.errors).toEqual([]);
  });

  it('and does not get there is degraded, in the words of its controller, and recovers', async () => {
    cluster.workloads.broken.add('registry.example.com/shop/db:v1');
    cluster.push({ 'deploy/db.yaml': yaml(deployment('db', 'v1')) }, 'Deploy');
    givenApplication(cluster);
    await cluster.until('it is degraded', () => cluster.application().status?.health?.status === 'Degraded');
    expect(cluster.condition(cluster.application(), 'Degraded')).toMatchObject({
      status: 'True',
      reason: 'ObjectDegraded',
      message: expect.stringContaining('Deployment shop/db') as string,
    });
    expect(cluster.application().status?.phase).toBe('Synced');
    expect(ready()).toMatchObject({ status: 'False', reason: 'Degraded' });
    cluster.workloads.mend('registry.example.com/shop/db:v1');
    await cluster.until('it is ready', () => ready()?.['status'] === 'True');
    await cluster.run(1_000);
    expect(cluster.events('Degraded').length + cluster.events('Recovered').length).toBe(2);
  });

  it('costs a status no more than a write for what changes and one for what is counted, whatever is counted', async () => {
    cluster.workloads.readyAfterMs = 1_000;
    const { spec, ...rest } = deployment('db', 'v1');
    cluster.push({ 'deploy/db.yaml': yaml({ ...rest, spec: { ...(spec as object), replicas: 20 } }) }, 'Deploy');
    givenApplication(cluster);
    await cluster.until('it is ready', () => ready()?.['status'] === 'True');
    const written = cluster.processes[0]?.writes.filter((write) => write.endsWith('/applications/shop/status')) ?? [];
    expect(written.length).toBeLessThan(8);
  });
});

const URL = 'https://git.example.com/acme/shop.git';
