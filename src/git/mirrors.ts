// The mirrors of a process: one per repository and credentials, shared by all that ask. What nobody has asked for lately is closed and
// its folder removed, so that a token that rotates leaves nothing behind.
import { rm } from 'node:fs/promises';
import { mirrorFolder, openMirror, type MirrorOptions } from './mirror.ts';
import type { GitCredentials, GitMirror } from './types.ts';

export interface Mirrors {
  /** The mirror of a repository; credentials that changed get one of their own. */
  mirrorFor(request: { repoURL: string; credentials?: GitCredentials | undefined }): Promise<GitMirror>;
  close(): void;
}

export interface MirrorsOptions extends Omit<MirrorOptions, 'url' | 'credentials' | 'depth'> {
  /** Mirrors kept at most. Default 200. */
  max?: number | undefined;
  /** Milliseconds after which one that nobody asked for goes. Default one hour. */
  idleMs?: number | undefined;
}

interface Open {
  mirror: ReturnType<typeof openMirror>;
  folder: string;
  usedAt: number;
}

/** Mirrors live under `directory`; default: `sluice-git` in the system's temporary folder. */
export function createMirrors(options: MirrorsOptions): Mirrors {
  const { max = 200, idleMs = 3_600_000, clock } = options;
  /** The least recently used first. */
  const open = new Map<string, Open>();
  const evict = async (key: string): Promise<void> => {
    const found = open.get(key);
    open.delete(key);
    found?.mirror.close();
    if (found) await rm(found.folder, { recursive: true, force: true });
  };
  const tidy = async (): Promise<void> => {
    for (const [key, { usedAt }] of open) {
      if (open.size > max || clock.now() - usedAt > idleMs) await evict(key);
    }
  };
  return {
    async mirrorFor({ repoURL, credentials }) {
      const at = { ...options, url: repoURL.replace(/\/+$/, ''), credentials };
      const folder = mirrorFolder(at);
      const known = open.get(folder)?.mirror ?? openMirror(at);
      open.delete(folder);
      open.set(folder, { mirror: known, folder, usedAt: clock.now() });
      await tidy();
      return known;
    },
    close() {
      for (const { mirror } of open.values()) mirror.close();
      open.clear();
    },
  };
}
