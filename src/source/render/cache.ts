// What tools printed, kept by the identity of all that went in: a commit that touches none of it renders nothing.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RenderPlan } from './renderer.ts';
import type { FoundTool } from './toolbox.ts';

export interface RenderCache {
  get(key: string): Promise<string | undefined>;
  put(key: string, output: string): Promise<void>;
}

/** Stands for the content of all files, the arguments and the tool. */
export function renderKey({ files, instead, aside, args }: RenderPlan, { program, version }: FoundTool): string {
  const digest = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');
  const contents = (map: ReadonlyMap<string, Uint8Array | string> = new Map()): [string, string][] =>
    [...map].map(([path, content]): [string, string] => [path, digest(content)]).sort(([a], [b]) => (a < b ? -1 : 1));
  return digest(JSON.stringify([program, version, args, contents(files), contents(instead), contents(aside)]));
}

const KEPT = 32;
const KEPT_BYTES = 64 * 2 ** 20;

/** Keeps the 32 outputs that were used last, up to 64 MiB, in a folder that may go at any time. */
export class FolderCache implements RenderCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async get(key: string): Promise<string | undefined> {
    const path = join(this.#folder, key);
    try {
      const output = await readFile(path, 'utf8');
      const now = new Date();
      await utimes(path, now, now);
      return output;
    } catch {
      return undefined;
    }
  }

  /** What cannot be kept is rendered again. */
  async put(key: string, output: string): Promise<void> {
    const draft = join(this.#folder, `.${key}-${process.pid}`);
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(draft, output, { mode: 0o600 });
      await rename(draft, join(this.#folder, key));
      await this.#tidy();
    } catch {
      await rm(draft, { force: true });
    }
  }

  async #tidy(): Promise<void> {
    const paths = (await readdir(this.#folder)).map((name) => join(this.#folder, name));
    const found = await Promise.all(paths.map(async (path) => ({ path, ...sizeAndAge(await stat(path)) })));
    let bytes = 0;
    for (const [index, { path, size }] of found.sort((a, b) => b.usedAt - a.usedAt).entries()) {
      bytes += size;
      if (index >= KEPT || bytes > KEPT_BYTES) await rm(path, { force: true });
    }
  }
}

const sizeAndAge = ({ size, mtimeMs }: { size: number; mtimeMs: number }): { size: number; usedAt: number } => ({
  size,
  usedAt: mtimeMs,
});
