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
    events.emit(object, { type: 'Normal', reason: 'X', message: 'cannot read HUNTER2-TOKEN' });
    expect(told).toEqual(['cannot read ***']);
  });

  it('is secret only where it is one: no user name, no certificate, nothing of a ConfigMap', async () => {
    const secrets = knownSecrets();
    const data = { username: base64('shop-robot'), 'ca.crt': base64('certificate') };
    await learning(clientWith(data), secrets).get(RESOURCES.secrets, 'git', 'shop');
    await learning(clientWith({ a: base64('ordinary') }), secrets).get(RESOURCES.configMaps, 'x', 'shop');
    expect(secrets.scrub('shop-robot certificate ordinary')).toBe('shop-robot certificate ordinary');
  });
});
