import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../application/agent-world.ts';
import type { Fault } from 'kube-sandbox/faults';
import { RESOURCES } from '../../src/api/names.ts';
import { commit, configMap, denial, find, forget, NAMESPACE, plant, refuse, wide, written } from './hostile.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.stop());

const hook = (name: string, phase: string, meta = ''): string =>
  configMap(name, 'a: b', `, annotations: { sluice.dev/hook: ${phase} }${meta}`);

/** What is said to a creation of a hook, its trial included where it is meant, too. */
const refuseCreation = (fault: Fault, dry: boolean): (() => void) =>
  world.server.intercept(({ method, path }) =>
    method === 'POST' && path.includes('/configmaps') && (dry || !path.includes('dryRun')) ? fault : undefined,
  );

describe('hooks', () => {
  it('of SyncFail are run once where a commit has to be given up, and none for what is put back', async () => {
    commit(world, { 'deploy/a.yaml': configMap('a') });
    await world.application();
    await world.start();
    refuse(world, '/configmaps/full', denial(403, 'exceeded quota: configmaps'), false);
    const hooks = { 'deploy/f.yaml': hook('alarm', 'SyncFail'), 'deploy/p.yaml': hook('before', 'PreSync') };
    commit(world, { 'deploy/full.yaml': configMap('full'), ...hooks });
    await world.run(60_000);
    expect(await world.status()).toMatchObject({
      phase: 'Failed',
      message: expect.stringContaining('exceeded quota') as string,
    });
    const runs = (await world.status()).hooks?.runs.map(({ phase, state }) => `${phase} ${state}`);
    expect(runs).toEqual(['PreSync Succeeded', 'SyncFail Succeeded']);
    forget(world);
    await world.run(600_000);
    expect(written(world).filter((line) => !line.includes('/configmaps/full') && !line.includes('/events'))).toEqual(
      [],
    );
  });

  it('that the server would refuse keep their commit out, and the rest of it', async () => {
    commit(world, { 'deploy/a.yaml': configMap('a') });
    await world.application();
    await world.start();
    const allow = refuseCreation(denial(403, 'exceeded quota: configmaps'), true);
    commit(world, { 'deploy/a.yaml': configMap('a', 'c: d'), 'deploy/h.yaml': hook('before', 'PreSync') });
    await world.poll();
    expect(await world.status()).toMatchObject({
      phase: 'Failed',
      message: expect.stringMatching(
        /^deploy\/h.yaml:1: ConfigMap shop\/before: exceeded quota.*stays applied$/,
      ) as string,
    });
    expect(find(world, 'ConfigMap', 'a')?.['data']).toEqual({ a: 'b' });
    allow();
    await world.run(120_000);
    expect(find(world, 'ConfigMap', 'a')?.['data']).toEqual({ c: 'd' });
  });

  it('that are refused after all are told and tried again, and nothing of the commit is written until then', async () => {
    const allow = refuseCreation(denial(403, 'exceeded quota: configmaps'), false);
    commit(world, { 'deploy/a.yaml': configMap('a'), 'deploy/h.yaml': hook('before', 'PreSync') });
    await world.application();
    await world.start();
    await world.run(30_000);
    expect((await world.status()).message).toMatch(/a hook could not be created: exceeded quota.*tried again/);
    expect(find(world, 'ConfigMap', 'a')).toBeUndefined();
    allow();
    await world.run(600_000);
    expect((await world.status()).phase).toBe('Synced');
  });

  it('whose creation is answered by silence are found again, and are not made twice', async () => {
    const lost = world.server.intercept(({ method, path }) =>
      method === 'POST' && path.includes('/configmaps') && !path.includes('dryRun') ? { fail: 'after' } : undefined,
    );
    commit(world, { 'deploy/a.yaml': configMap('a'), 'deploy/h.yaml': hook('before', 'PreSync') });
    await world.application();
    await world.start();
    await world.run(5_000);
    lost();
    await world.run(120_000);
    expect((await world.status()).hooks?.runs).toMatchObject([{ state: 'Succeeded' }]);
    expect((await world.status()).phase).toBe('Synced');
  });

  it('in a Namespace that their own commit brings are refused before it, and run along with it', async () => {
    wide(world);
    const inTeam = (phase: string): Record<string, string> => ({
      'deploy/n.yaml': NAMESPACE,
      'deploy/h.yaml': hook('first', phase, ', namespace: team'),
    });
    commit(world, inTeam('PreSync'));
    await world.application({ serviceAccountName: 'admin' });
    await world.start();
    await world.poll();
    expect((await world.status()).message).toMatch(
      /ConfigMap team\/first: waits for Namespace team, and .* after its PreSync hooks/,
    );
    commit(world, inTeam('Sync'));
    await world.run(60_000);
    expect(find(world, 'ConfigMap', 'first', 'team')).toBeDefined();
  });

  it('that the account may not create are refused with the rule that would grant it', async () => {
    plant(world, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'weak', namespace: 'shop' } });
    commit(world, { 'deploy/h.yaml': hook('before', 'PreSync') });
    await world.application({ serviceAccountName: 'weak' });
    await world.start();
    await world.run(60_000);
    expect((await world.status()).message).toMatch(
      /ServiceAccount shop\/weak may not write ConfigMap shop\/before: .*resources: \[configmaps\]/,
    );
    expect(await world.client.get(RESOURCES.configMaps, 'before', 'shop')).toBeUndefined();
  });
});
