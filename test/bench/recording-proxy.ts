// Stands between a controller and the API server and notes every call. It listens on loopback without TLS, adds the credentials itself,
// and lets watches stream through unnoted.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import type { ClusterAccess } from '../../src/kube/kubeconfig.ts';

export interface Call {
  /** On the clock of `performance.now()`. */
  readonly at: number;
  readonly tookMs: number;
  readonly agent: string;
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  readonly status: number;
}

export interface RecordingProxy {
  /** A kubeconfig that leads through it. */
  readonly kubeconfig: string;
  readonly calls: readonly Call[];
  stop(): Promise<void>;
}

/** Headers that belong to one connection alone, or that the proxy sets. */
const OWN = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'authorization']);

function passedOn(headers: IncomingMessage['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (!OWN.has(name)) kept[name] = String(value);
  return kept;
}

export async function startRecording(access: ClusterAccess): Promise<RecordingProxy> {
  const calls: Call[] = [];
  const upstream = new Agent({ connections: 64, connect: { ...access.tls } });
  const ended = new AbortController();
  const server = createServer((request, response) => {
    forward({ access, upstream, signal: ended.signal, note: (call) => calls.push(call) }, request, response).catch(
      (error: unknown) => response.headersSent || response.writeHead(502).end(String(error)),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    kubeconfig: kubeconfigFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    calls,
    stop: async () => {
      ended.abort();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await upstream.destroy();
    },
  };
}

interface Forwarding {
  access: ClusterAccess;
  upstream: Agent;
  signal: AbortSignal;
  note: (call: Call) => void;
}

async function forward(
  { access, upstream, signal, note }: Forwarding,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const at = performance.now();
  const body = await bodyOf(request);
  const path = request.url ?? '/';
  const answer = await upstream.request({
    origin: new URL(access.baseUrl).origin,
    path: new URL(access.baseUrl).pathname.replace(/\/$/, '') + path,
    method: (request.method ?? 'GET') as 'GET',
    headers: { ...passedOn(request.headers), ...(await access.authHeaders()) },
    body: body.length === 0 ? null : body,
    signal,
    bodyTimeout: 0,
  });
  response.writeHead(answer.statusCode, passedOn(answer.headers));
  response.flushHeaders();
  for await (const piece of answer.body) response.write(piece);
  response.end();
  if (/[?&]watch=/.test(path)) return;
  note({
    at,
    tookMs: performance.now() - at,
    agent: request.headers['user-agent'] ?? '',
    method: request.method ?? 'GET',
    path,
    contentType: request.headers['content-type'] ?? '',
    body: body.toString('utf8'),
    status: answer.statusCode,
  });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** JSON is YAML, too. */
function kubeconfigFor(server: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'sluice-trace-')), 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'traced', cluster: { server } }],
    users: [{ name: 'traced', user: {} }],
    contexts: [{ name: 'traced', context: { cluster: 'traced', user: 'traced' } }],
    'current-context': 'traced',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}
