// An HTTP server on a loopback port that ends gracefully: requests under way are answered, then the connections go.
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpServer {
  /** Such as http://127.0.0.1:41234 */
  url: string;
  /** Takes no further connections, answers what is under way, then resolves. */
  close(): Promise<void>;
}

/** Longer than any client keeps an idle connection, so that none is closed while a request is on its way. */
const KEEP_ALIVE_MS = 120_000;

/** Rejects when the address cannot be listened on. Default: a free port on 127.0.0.1. */
export async function serveHttp(
  listener: RequestListener,
  where: { host?: string; port?: number } = {},
): Promise<HttpServer> {
  let underWay = 0;
  let onIdle: (() => void) | undefined;
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    underWay++;
    response.once('close', () => {
      underWay--;
      if (underWay === 0) onIdle?.();
    });
    listener(request, response);
  });
  const host = where.host ?? '127.0.0.1';
  await listening(server, host, where.port ?? 0);
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    if (underWay > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://${host}:${port}`, close: () => (closing ??= close()) };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

/** The body is longer than is taken. */
export class BodyTooLong extends Error {
  override readonly name = 'BodyTooLong';
}

/** Rejects when the request breaks off, and with BodyTooLong, once it is read, beyond `maxBytes` (default 1 MiB). */
export function readBody(request: IncomingMessage, maxBytes = 1024 * 1024): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    request.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size <= maxBytes) pieces.push(piece);
    });
    request.on('end', () => {
      if (size <= maxBytes) resolve(Buffer.concat(pieces));
      else reject(new BodyTooLong(`the body has ${size} bytes: send at most ${maxBytes}`));
    });
    request.on('error', reject);
  });
}
