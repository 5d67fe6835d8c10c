import { describe, expect, it } from 'vitest';
import { RESOURCES } from '../../../src/api/names.ts';
import { KEY_SECRET, snapshotKeysIn } from '../../../src/application/revert/snapshot-keys.ts';
import { World } from '../agent-world.ts';

describe('the key of snapshots', () => {
  it('is made once and is the same for every process', async () => {
    const world = await World.open();
    const [one, two] = [snapshotKeysIn(world.client, 'shop'), snapshotKeysIn(world.client, 'shop')];
    const keys = await Promise.all([one.key(), two.key(), one.key()]);
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
    expect(keys[0]).toHaveLength(32);
    expect(await snapshotKeysIn(world.client, 'shop').key()).toEqual(Buffer.from(keys[0] ?? []));
  });

  it('is not taken from a Secret that holds something else, and is asked for again', async () => {
    const world = await World.open();
    const metadata = { name: KEY_SECRET, namespace: 'shop' };
    await world.client.create(RESOURCES.secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data: { key: 'AAAA' } });
    const keys = snapshotKeysIn(world.client, 'shop');
    await expect(keys.key()).rejects.toThrow('must hold 32 bytes');
    await world.client.delete(RESOURCES.secrets, KEY_SECRET, 'shop');
    expect(await keys.key()).toHaveLength(32);
  });
});
