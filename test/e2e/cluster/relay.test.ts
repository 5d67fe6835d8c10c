// The door into the cluster's network namespace.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { relayIn, relayOut } from './relay.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sluice-relay-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const read = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (piece) => (text += String(piece))).on('end', () => resolve(text));
    }).on('error', reject);
  });

test('leads to the port inside, both ways, until it is closed', async () => {
  const inside = createServer((request, response) => void response.end(`you asked for ${request.url}`));
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  const socket = join(folder, 'door.sock');
  const relay = await relayIn(socket, (inside.address() as AddressInfo).port);
  const door = await relayOut(socket);
  expect(await read(door.port)).toBe('you asked for /');
  door.close();
  await expect(read(door.port)).rejects.toThrow('ECONNREFUSED');
  relay.close();
  inside.close();
});

test('hangs up when nothing listens inside', async () => {
  const socket = join(folder, 'door.sock');
  const relay = await relayIn(socket, 1);
  const door = await relayOut(socket);
  await expect(read(door.port)).rejects.toThrow('socket hang up');
  door.close();
  relay.close();
});
