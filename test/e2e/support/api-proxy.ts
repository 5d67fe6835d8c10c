// A door to the API server that one controller goes through, so that what this one process asked for can be told from the others'.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAccess } from '../../../src/kube/kubeconfig.ts';
import { KUBECONFIG, type World } from './world.ts';

export interface Asked {
  method: string;
  /** Without the query. */
  path: string;
  /** Milliseconds on the clock of `performance.now()`. */
  at: number;
}

export interface ApiProxy {
  /** Path of a kubeconfig that leads through the door. */
  kubeconfig: string;
  /** Everything so far, in order of arrival. */
  asked: Asked[];
  /** Writes to anything but Leases that came after this moment. */
  writesSince(at: number): Asked[];
}

const READS = new Set(['GET', 'HEAD']);

export async function apiProxy(world: World): Promise<ApiProxy> {
  const access = await loadAccess({ kubeconfig: KUBECONFIG });
  const agent = new Agent({ keepAlive: true, ...access.tls });
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    asked.push({ method, path: url.split('?')[0] ?? '', at: performance.now() });
    void access.authHeaders().then((auth) => forward(request, response, { base: access.baseUrl, agent, auth }));
  });
  server.keepAliveTimeout = 90_000; // as an API server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const directory = mkdtempSync(join(tmpdir(), 'sluice-api-proxy-'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  world.atEnd(async () => {
    await closed(server);
    agent.destroy();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    kubeconfig,
    asked,
    writesSince: (at) => asked.filter((one) => one.at > at && !READS.has(one.method) && !one.path.includes('/leases')),
  };
}

interface Behind {
  base: string;
  agent: Agent;
  auth: Record<string, string>;
}

/** One exchange; a break on one side is a break on the other. */
function forward(request: IncomingMessage, response: ServerResponse, { base, agent, auth }: Behind): void {
  const headers = { ...request.headers, ...auth };
  delete headers.host;
  const onward = httpsRequest(new URL(request.url ?? '/', base), { method: request.method, headers, agent });
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

const kubeconfigTo = (server: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'proxy', cluster: { server } }],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'nobody' } }],
    'current-context': 'proxy',
  });

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
