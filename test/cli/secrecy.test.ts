import { describe, expect, it } from 'vitest';
import { RESOURCES } from '../../src/api/names.ts';
import { discreet, learning } from '../../src/cli/secrecy.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { knownSecrets } from '../../src/secrecy/known-secrets.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A client whose every object is this Secret. */
function clientWith(data: Record<string, string>): KubeClient {
  const none = () => Promise.reject(new Error('not asked for'));
  const stub = { create: none, update: none, patch: none, delete: none, list: none, watch: none, raw: none };
  return { ...stub, discover: none, resourceFor: none, get: async () => ({ data }) } as unknown as KubeClient;
}

describe('what is read of a Secret', () => {
  it('is taken out of Events from then on', async () => {
    const secrets = knownSecrets();
    const told: string[] = [];
    const recorder = {
      emit: (_object: unknown, { message }: { message: string }) => void told.push(message),
      flush: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    };
    const events = discreet(recorder, secrets);
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace: 'shop' } };
    const client = learning(clientWith({ password: base64('hunter2-token') }), secrets);
    await client.get(RESOURCES.secrets, 'git', 'shop');
    events.emit(object, { type: 'Normal', reason: 'X', message: 'cannot read HUNTER2-TOKEN', key: 'x' });
    expect(told).toEqual(['cannot read ***']);
  });

  it.each([
    ['given to apply', { type: 'apply', body: { stringData: { password: 'hunter2-token' } } }],
    ['given to apply as it is', { type: 'apply', body: { data: { password: 'hunter2-token' } } }],
    ['given to apply, and is no text', { type: 'apply', body: { stringData: { pin: 7601234567890 } } }],
  ] as const)('is known when it is %s, before the server answers', async (_, request) => {
    const secrets = knownSecrets();
    const client = learning(clientWith({}), secrets);
    await expect(client.patch(RESOURCES.secrets, { name: 'db', namespace: 'shop', ...request })).rejects.toThrow(
      'not asked for',
    );
    expect(secrets.scrub('invalid: hunter2-token 7601234567890')).toContain('***');
  });

  it('is known when it is listed or watched', async () => {
    const secrets = knownSecrets();
    const metadata = { name: 'a' };
    const client = learning(
      {
        ...clientWith({}),
        list: async () => ({ resourceVersion: '1', items: [{ metadata, data: { a: base64('listed-token') } }] }),
        async *watch() {
          yield { type: 'ADDED', object: { metadata, data: { a: base64('watched-token') } } };
        },
      } as unknown as KubeClient,
      secrets,
    );
    await client.list(RESOURCES.secrets);
    for await (const event of client.watch(RESOURCES.secrets, {})) expect(event.type).toBe('ADDED');
    expect(secrets.scrub('listed-token watched-token')).toBe('*** ***');
  });

  it('is not learnt from the archives that snapshots are', async () => {
    const secrets = knownSecrets();
    const stub = {
      ...clientWith({}),
      get: async () => ({ type: 'sluice.dev/snapshot', data: { a: base64('archive') } }),
    };
    await learning(stub as unknown as KubeClient, secrets).get(RESOURCES.secrets, 'sluice-stable-web', 'shop');
    expect(secrets.scrub('archive')).toBe('archive');
  });

  it('is secret only where it is one: no user name, no certificate, nothing of a ConfigMap', async () => {
    const secrets = knownSecrets();
    const data = { username: base64('shop-robot'), 'ca.crt': base64('certificate') };
    await learning(clientWith(data), secrets).get(RESOURCES.secrets, 'git', 'shop');
    await learning(clientWith({ a: base64('ordinary') }), secrets).get(RESOURCES.configMaps, 'x', 'shop');
    expect(secrets.scrub('shop-robot certificate ordinary')).toBe('shop-robot certificate ordinary');
  });
});
