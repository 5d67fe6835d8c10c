// Bodies as kubectl sends them, recorded.
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import { jsonOfProtobuf } from '../../src/apiserver/protobuf.ts';

const SECRET = 'azhzAAoMCgJ2MRIGU2VjcmV0EigKEwoBcxIAGgJucyIAKgAyADgAQgASDwoFdG9rZW4SBmdlaGVpbRoAGgAiAA==';
const CONFIG_MAP = 'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEigKEwoBYxIAGgJucyIAKgAyADgAQgASBgoBYRIBYhIJCgVlbXB0eRIAGgAiAA==';
const NAMESPACE = 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhwKFAoEc2hvcBIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA==';
const read = (base64: string): unknown => JSON.parse(jsonOfProtobuf(Buffer.from(base64, 'base64')) ?? 'null');

test.each([
  [SECRET, { kind: 'Secret', metadata: { name: 's', namespace: 'ns' }, data: { token: 'Z2VoZWlt' } }],
  [CONFIG_MAP, { kind: 'ConfigMap', metadata: { name: 'c', namespace: 'ns' }, data: { a: 'b', empty: '' } }],
  [NAMESPACE, { kind: 'Namespace', metadata: { name: 'shop' }, spec: {}, status: {} }],
])('%s is read as JSON', (body, object) => {
  expect(read(body)).toEqual({ apiVersion: 'v1', ...object });
});

test('a body that is cut short, of another form or of another kind is not taken for something else', () => {
  expect(jsonOfProtobuf(Buffer.from(SECRET, 'base64').subarray(0, 30))).toBeUndefined();
  expect(jsonOfProtobuf(Buffer.from('{"kind":"Secret"}'))).toBeUndefined();
  const other = Buffer.from(Buffer.from(SECRET, 'base64').toString('latin1').replace('Secret', 'Binary'), 'latin1');
  expect(jsonOfProtobuf(other)).toBeUndefined();
});

test('a listening server takes such a body, and refuses one that it cannot read', async () => {
  const listening = await createApiServer({ clock: systemClock }).listen();
  const post = (path: string, base64: string): Promise<Response> =>
    fetch(`${listening.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
      body: Buffer.from(base64, 'base64'),
    });
  expect((await post('/api/v1/namespaces', NAMESPACE)).status).toBe(201);
  expect((await post('/api/v1/namespaces/shop/pods', Buffer.from('k8s\0').toString('base64'))).status).toBe(415);
  await listening.close();
});
