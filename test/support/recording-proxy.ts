// A door to the API server that one controller goes through, so that what this one process asked for can be told from the others'. It
// listens on loopback without TLS, adds the credentials itself, and lets watches stream through.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Agent } from 'undici';
import type { ClusterAccess } from '../../src/kube/kubeconfig.ts';

export interface Call {
  /** When it arrived, on the clock of `performance.now()`. */
  readonly at: number;
  readonly agent: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  /** Undefined until it is answered. */
  readonly status: number | undefined;
  /** Until the end of the answer; undefined before that. */
  readonly tookMs: number | undefined;
}

export interface RecordingProxy {
  /** Path of a kubeconfig that leads through it. */
  readonly kubeconfig: string;
  /** Everything so far, in order of arrival. */
  readonly calls: readonly Call[];
  stop(): Promise<void>;
}

export const isWatch = ({ path }: Pick<Call, 'path'>): boolean => /[?&]watch=/.test(path);

type Noted = { -readonly [Field in keyof Call]: Call[Field] };

/** Headers that belong to one connection alone, or that the proxy sets. */
const OWN = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'authorization']);

/** Connections without a request stay open as long as an API server's do. */
const KEEP_ALIVE_MS = 90_000;

function passedOn(headers: IncomingMessage['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (!OWN.has(name)) kept[name] = String(value);
  return kept;
}

export async function startRecording(access: ClusterAccess): Promise<RecordingProxy> {
  const calls: Noted[] = [];
  const upstream = new Agent({ connect: { ...access.tls } });
  const server = createServer((request, response) => {
    const call = callOf(request);
    calls.push(call);
    // A break on one side is a break on the other.
    forward({ access, upstream, call }, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const directory = mkdtempSync(join(tmpdir(), 'sluice-proxy-'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  return {
    kubeconfig,
    calls,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await upstream.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const callOf = ({ method = 'GET', url = '/', headers }: IncomingMessage): Noted => ({
  at: performance.now(),
  agent: headers['user-agent'] ?? '',
  method,
  path: url,
  contentType: headers['content-type'] ?? '',
  body: '',
  status: undefined,
  tookMs: undefined,
});

interface Forwarding {
  access: ClusterAccess;
  upstream: Agent;
  call: Noted;
}

async function forward(
  { access, upstream, call }: Forwarding,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const body = await bodyOf(request);
  call.body = body.toString('utf8');
  const base = new URL(access.baseUrl);
  const answer = await upstream.request({
    origin: base.origin,
    path: base.pathname.replace(/\/$/, '') + call.path,
    method: call.method as 'GET',
    headers: { ...passedOn(request.headers), ...(await access.authHeaders()) },
    body: body.length === 0 ? null : body,
    signal: gone.signal,
    bodyTimeout: 0,
  });
  call.status = answer.statusCode;
  response.writeHead(answer.statusCode, passedOn(answer.headers));
  response.flushHeaders();
  await pipeline(answer.body, response);
  call.tookMs = performance.now() - call.at;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** JSON is YAML, too. */
const kubeconfigTo = (server: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'proxy', cluster: { server } }],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'nobody' } }],
    'current-context': 'proxy',
  });
