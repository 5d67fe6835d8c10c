// The API server on a loopback port, for kubectl and for clients in other processes.
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpRequest, HttpResponse } from '../transport.ts';
import { PROTOBUF, jsonOfProtobuf } from './protobuf.ts';

export interface Listening {
  /** Such as http://127.0.0.1:41234 */
  url: string;
  close(): Promise<void>;
}

type Handle = (request: HttpRequest) => Promise<HttpResponse>;

export async function listenOn(handle: Handle, where: { host?: string; port?: number }): Promise<Listening> {
  const server = createServer((request, response) => void serve(handle, request, response));
  const host = where.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${host}:${port}`, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

const MAX_BODY = 4 * 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    size += (piece as Buffer).length;
    if (size <= MAX_BODY) pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

/** All that the server reads is text: protobuf of a known kind turns into JSON here, any other is refused further on. */
function asText(body: Buffer, headers: Record<string, string>): { body: string; headers: Record<string, string> } {
  const isProtobuf = headers['content-type']?.startsWith(PROTOBUF) === true;
  const json = isProtobuf ? jsonOfProtobuf(body) : undefined;
  if (json === undefined) return { body: body.toString('utf8'), headers };
  return { body: json, headers: { ...headers, 'content-type': 'application/json' } };
}

async function serve(handle: Handle, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the client went away')));
  try {
    const content = asText(await readBody(request), headersOf(request));
    const answer = await handle({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      ...content,
      signal: gone.signal,
    });
    response.writeHead(answer.status, answer.headers);
    response.flushHeaders();
    for await (const piece of answer.body) response.write(piece);
    response.end();
  } catch {
    // A fault was asked for, or the client went away: to the other end both look like a lost connection.
    response.destroy();
  }
}

/** Errors of the file system are passed on. */
export async function writeKubeconfig(file: string, listening: Listening, token?: string): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'sandbox',
    clusters: [{ name: 'sandbox', cluster: { server: listening.url } }],
    users: [{ name: 'sandbox', user: token === undefined ? {} : { token } }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user: 'sandbox', namespace: 'default' } }],
  };
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
