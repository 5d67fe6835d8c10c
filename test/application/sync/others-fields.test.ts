// What others wrote beside the agent, as a running agent sees it: from its watches, which have to tell who wrote which field.
import { afterEach, describe, expect, it } from 'vitest';
import { RESOURCES } from '../../../src/api/names.ts';
import { files, World } from '../agent-world.ts';

let world: World;
afterEach(() => world.stop());

async function synced(): Promise<void> {
  world = await World.open();
  world.repository.commit('main', files('shop:1', 'blue'), 'Declare it');
  await world.application();
  await world.start();
  await world.promote('hash1');
  await world.poll();
}

describe('an agent that runs', () => {
  it('shows fields that others have put beside the declared ones, and leaves them', async () => {
    await synced();
    await world.client.patch(RESOURCES.configMaps, {
      name: 'web-config',
      namespace: 'shop',
      type: 'merge',
      fieldManager: 'kubectl-edit',
      body: { data: { extra: 'by hand' } },
    });
    await world.run(5_000);
    const resources = (await world.status()).resources ?? [];
    expect(resources.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({
      status: 'Synced',
      foreign: ['kubectl-edit: data.extra'],
    });
    expect(await world.config()).toEqual({ mode: 'blue', extra: 'by hand' });
  });

  it('names who changed a declared field', async () => {
    await synced();
    await world.client.patch(RESOURCES.configMaps, {
      name: 'web-config',
      namespace: 'shop',
      type: 'merge',
      fieldManager: 'kubectl-edit',
      body: { data: { mode: 'red' } },
    });
    await world.run(5_000);
    expect((await world.status()).drift).toMatchObject([
      { kind: 'ConfigMap', fields: ['data.mode (by kubectl-edit)'], action: 'Corrected' },
    ]);
  });

  it('leaves the count of replicas as it is where Git stops declaring it', async () => {
    await synced();
    const text = (files('shop:1', 'blue')['deploy/web.yaml'] ?? '').replace('  replicas: 2\n', '');
    world.repository.commit('main', { 'deploy/web.yaml': text }, 'Leave the count to others');
    await world.poll();
    expect((await world.rollout()).spec.replicas).toBe(2);
  });
});
