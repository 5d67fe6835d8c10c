import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAccess } from '../../src/kube/kubeconfig.ts';

const config = (cluster: object, user: object) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'one',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'one', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
      { name: 'two', context: { cluster: 'gone', user: 'u' } },
    ],
  });

describe('a kubeconfig', () => {
  let dir: string;
  let file: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sluice-kubeconfig-'));
    file = join(dir, 'config');
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('gives the server, its TLS options, the namespace and headers that authenticate', async () => {
    const cluster = { server: 'https://k8s:6443/', 'insecure-skip-tls-verify': true, 'tls-server-name': 'api' };
    await writeFile(file, config(cluster, { token: 'abc' }));
    const access = await loadAccess({ kubeconfig: file });
    expect(access.baseUrl).toBe('https://k8s:6443');
    expect(access.namespace).toBe('shop');
    expect(access.tls).toEqual({ rejectUnauthorized: false, servername: 'api' });
    expect(await access.authHeaders()).toEqual({ Authorization: 'Bearer abc' });
  });

  it('runs a credential plugin', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'x1' },
    };
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-p', JSON.stringify(JSON.stringify(credential))],
      interactiveMode: 'Never',
    };
    await writeFile(file, config({ server: 'https://k8s' }, { exec }));
    const access = await loadAccess({ kubeconfig: file });
    expect(await access.authHeaders()).toEqual({ Authorization: 'Bearer x1' });
  });

  it('says what is wrong and what to do', async () => {
    await expect(loadAccess({ kubeconfig: file })).rejects.toThrow(/does not exist: give an existing file/);
    await writeFile(file, config({ server: 'k8s:6443' }, {}));
    await expect(loadAccess({ kubeconfig: file })).rejects.toThrow(/is not a URL/);
    await expect(loadAccess({ kubeconfig: file, context: 'three' })).rejects.toThrow(/it has one, two/);
    await expect(loadAccess({ kubeconfig: file, context: 'two' })).rejects.toThrow(/names no cluster/);
  });
});
