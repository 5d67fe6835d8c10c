// A door into the cluster's network namespace: TCP on this side, a Unix socket in between (namespaces of the network do not part those),
// TCP on the other side. For `--keep`, so that a person's kubectl reaches the API server.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

function join(a: Socket, b: Socket): void {
  a.pipe(b).pipe(a);
  const end = (): void => void (a.destroy(), b.destroy());
  a.on('error', end);
  b.on('error', end);
}

function listen(server: Server, where: string | { port: number; host: string }): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => resolve(server));
  });
}

/** Inside: what comes by the Unix socket goes to a TCP port of the namespace. */
export function relayIn(socketFile: string, port: number, host = '127.0.0.1'): Promise<Server> {
  return listen(
    createServer((incoming) => join(incoming, connect({ port, host }))),
    socketFile,
  );
}

export interface Door {
  port: number;
  /** Nobody comes through any more. */
  close(): void;
}

/** Outside: a free loopback port that leads to the Unix socket. */
export async function relayOut(socketFile: string): Promise<Door> {
  const inside = new Set<Socket>();
  const enter = (incoming: Socket): void => {
    inside.add(incoming);
    incoming.once('close', () => inside.delete(incoming));
    join(incoming, connect(socketFile));
  };
  const server = await listen(createServer(enter), { port: 0, host: '127.0.0.1' });
  const close = (): void => {
    server.close();
    for (const socket of inside) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
