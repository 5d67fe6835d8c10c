// Folders of mirrors on disk: how many there are and how much they hold, and which go first.
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../ports/clock.ts';
import { packFolder } from './packs.ts';

export interface MirrorFoldersOptions {
  clock: Clock;
  /** As MirrorOptions. */
  directory?: string | undefined;
  /** Folders kept at most. Default 200. */
  max?: number | undefined;
  /** Bytes of packs kept at most in all of them. Default 768 MiB. */
  maxBytes?: number | undefined;
  /** Milliseconds after which one that nobody used goes. Default one hour. */
  idleMs?: number | undefined;
}

interface Folder {
  usedAt: number;
  bytes: number;
  users: number;
}

export class MirrorFolders {
  readonly #clock: Clock;
  readonly #limits: { max: number; maxBytes: number; idleMs: number };
  /** By path, the least recently used first. */
  readonly #folders = new Map<string, Folder>();
  readonly #found: Promise<void>;

  constructor({ clock, directory, max = 200, maxBytes = 768 * 2 ** 20, idleMs = 3_600_000 }: MirrorFoldersOptions) {
    this.#clock = clock;
    this.#limits = { max, maxBytes, idleMs };
    this.#found = this.#find(directory ?? join(tmpdir(), 'sluice-git'));
  }

  /** Works in a folder, which stays while it does; afterwards others may have to go. */
  async use<T>(path: string, work: () => Promise<T>): Promise<T> {
    await this.#found;
    const folder = this.#folders.get(path) ?? { usedAt: 0, bytes: 0, users: 0 };
    this.#touch(path, folder);
    folder.users++;
    try {
      return await work();
    } finally {
      folder.users--;
      folder.bytes = (await packFolder(path)).bytes;
      this.#touch(path, folder);
      await this.#tidy();
    }
  }

  #touch(path: string, folder: Folder): void {
    folder.usedAt = this.#clock.now();
    this.#folders.delete(path);
    this.#folders.set(path, folder);
  }

  /** What an earlier process left counts as used now. */
  async #find(directory: string): Promise<void> {
    const names = await readdir(directory).catch(() => []);
    for (const name of names.filter((each) => /^[0-9a-f]{24}\.git$/.test(each))) {
      const path = join(directory, name);
      this.#folders.set(path, { usedAt: this.#clock.now(), bytes: (await packFolder(path)).bytes, users: 0 });
    }
  }

  async #tidy(): Promise<void> {
    const { max, maxBytes, idleMs } = this.#limits;
    let bytes = [...this.#folders.values()].reduce((sum, folder) => sum + folder.bytes, 0);
    for (const [path, folder] of this.#folders) {
      const idle = this.#clock.now() - folder.usedAt > idleMs;
      if (folder.users > 0 || !(idle || this.#folders.size > max || bytes > maxBytes)) continue;
      this.#folders.delete(path);
      bytes -= folder.bytes;
      await rm(path, { recursive: true, force: true });
    }
  }
}
