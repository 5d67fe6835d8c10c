// The cache of installed parts: a folder is there whole, or not at all.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cached, cacheFolder, digestOf, newestHeld } from './cache.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-cache-'));
  vi.stubEnv('SLUICE_E2E_CACHE', root);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

const fill =
  (text: string) =>
  async (folder: string): Promise<void> =>
    writeFileSync(join(folder, 'program'), text);
const program = (folder: string): string => readFileSync(join(folder, 'program'), 'utf8');

test('is where SLUICE_E2E_CACHE says, else in the user’s cache folder', () => {
  expect(cacheFolder({ SLUICE_E2E_CACHE: '/a' })).toBe('/a');
  expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe('/b/sluice-e2e');
  expect(cacheFolder({})).toMatch(/\/\.cache\/sluice-e2e$/);
});

test('a part is made once for each version', async () => {
  expect(program(await cached('part-1', fill('one')))).toBe('one');
  expect(program(await cached('part-1', fill('again')))).toBe('one');
  expect(program(await cached('part-2', fill('two')))).toBe('two');
});

test('one that could not be made leaves nothing behind and is made the next time', async () => {
  const broken = async (folder: string): Promise<void> => {
    await fill('half')(folder);
    throw new Error('no network');
  };
  await expect(cached('part-1', broken)).rejects.toThrow('no network');
  expect(readdirSync(root)).toEqual([]);
  expect(program(await cached('part-1', fill('whole')))).toBe('whole');
});

test('two runs that make the same part at once both get a whole one', async () => {
  const folders = await Promise.all([cached('part-1', fill('a')), cached('part-1', fill('b'))]);
  expect(folders[0]).toBe(folders[1]);
  expect(['a', 'b']).toContain(program(folders[0]));
  expect(readdirSync(root)).toEqual(['part-1']);
});

test('without lists of packages the one that is held is found by its name', async () => {
  const folder = await cached('etcd-server-3.4', fill('etcd'));
  await cached('etcd-3.6', fill('other'));
  expect(newestHeld('etcd-server')).toBe(folder);
  expect(newestHeld('prometheus')).toBeUndefined();
});

test('the digest of a module changes with any of its files', () => {
  writeFileSync(join(root, 'go.mod'), 'module a');
  const before = digestOf(root);
  writeFileSync(join(root, 'go.sum'), 'x');
  expect(digestOf(root)).not.toBe(before);
  rmSync(join(root, 'go.sum'));
  expect(digestOf(root)).toBe(before);
});
