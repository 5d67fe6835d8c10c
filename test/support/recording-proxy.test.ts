import { existsSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { loadAccess, type ClusterAccess } from '../../src/kube/kubeconfig.ts';
import { isWatch, startRecording, type RecordingProxy } from './recording-proxy.ts';

let server: Server;
let proxy: RecordingProxy;

/** A proxy before an API server below a path of its host, and the address of the proxy. */
async function before(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/clusters/one`;
  const authHeaders = () => Promise.resolve({ authorization: 'Bearer of-the-proxy' });
  proxy = await startRecording({ baseUrl, tls: {}, authHeaders } as unknown as ClusterAccess);
  return (await loadAccess({ kubeconfig: proxy.kubeconfig })).baseUrl;
}

afterEach(async () => {
  await proxy.stop();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

describe('the recording proxy', () => {
  it('passes a call on with credentials of its own, below the path of the API server, and notes it', async () => {
    const url = await before((request, response) => {
      response.statusCode = 201;
      request.resume().on('end', () => response.end(`${request.url} ${request.headers.authorization}`));
    });
    const answer = await fetch(`${url}/api/v1/pods?x=1`, { method: 'POST', body: '{"a":1}' });
    expect(await answer.text()).toBe('/clusters/one/api/v1/pods?x=1 Bearer of-the-proxy');
    const call = { method: 'POST', path: '/api/v1/pods?x=1', body: '{"a":1}', status: 201 };
    expect(proxy.calls).toEqual([expect.objectContaining(call)]);
  });

  it('notes a call as it arrives, and lets a watch stream through', async () => {
    const url = await before((_, response) => void response.write('{"type":"ADDED"}\n'));
    const { body } = await fetch(`${url}/api/v1/pods?watch=1`);
    const first = await body?.getReader().read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe('{"type":"ADDED"}\n');
    expect(proxy.calls.map(({ status, tookMs }) => ({ status, tookMs }))).toEqual([{ status: 200, tookMs: undefined }]);
    expect(proxy.calls.every(isWatch)).toBe(true);
  });

  it('breaks where the API server breaks', async () => {
    const url = await before((request) => request.socket.destroy());
    await expect(fetch(`${url}/api/v1/pods`)).rejects.toThrow('fetch failed');
    expect(proxy.calls).toMatchObject([{ path: '/api/v1/pods', status: undefined }]);
  });

  it('leaves nothing behind', async () => {
    await before((_, response) => void response.end());
    expect(readFileSync(proxy.kubeconfig, 'utf8')).toContain('127.0.0.1');
    await proxy.stop();
    expect(existsSync(proxy.kubeconfig)).toBe(false);
  });
});
