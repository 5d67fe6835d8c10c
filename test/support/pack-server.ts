// A Git server that answers with whatever bytes a test wants: references, a pack, silence.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildPack, type Repository } from '../fuzz/packs.ts';

export interface PackServer {
  url: string;
  /** What is served from now on. */
  serve(repository: Repository, pack?: Buffer): void;
  requests: string[];
  close(): Promise<void>;
}

const pkt = (content: string | Buffer): Buffer => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from((bytes.byteLength + 4).toString(16).padStart(4, '0')), bytes]);
};

/** The answer to a fetch: nothing in common, then the pack on channel 1. */
function fetchAnswer(pack: Buffer): Buffer {
  const pieces = [pkt('NAK\n')];
  for (let at = 0; at < pack.byteLength; at += 65_515)
    pieces.push(pkt(Buffer.concat([Buffer.from([1]), pack.subarray(at, at + 65_515)])));
  return Buffer.concat([...pieces, Buffer.from('0000')]);
}

/** Starts one. `intercept` answers by itself where it returns true. */
export async function startPackServer(
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<PackServer> {
  let head = '0'.repeat(40);
  let answer: Buffer = Buffer.alloc(0);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${(request.url ?? '').split('?')[0]}`);
    request.resume();
    if (intercept(request, response)) return;
    if (request.method === 'GET') {
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
      const first = `${head} refs/heads/main\0side-band-64k ofs-delta shallow\n`;
      response.end(
        Buffer.concat([pkt('# service=git-upload-pack\n'), Buffer.from('0000'), pkt(first), Buffer.from('0000')]),
      );
    } else {
      response.setHeader('content-type', 'application/x-git-upload-pack-result');
      response.end(answer);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/harm.git`,
    serve(repository, pack = buildPack(repository.entries)) {
      head = repository.head;
      answer = fetchAnswer(pack);
    },
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
