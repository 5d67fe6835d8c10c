// The mirrors of a process: one per repository and credentials, shared by all that ask.
import { openMirror, type MirrorOptions } from './mirror.ts';
import type { GitCredentials, GitMirror } from './types.ts';

export interface Mirrors {
  /** The mirror of a repository; credentials that changed get one of their own. */
  mirrorFor(request: { repoURL: string; timeoutMs: number; credentials?: GitCredentials }): Promise<GitMirror>;
  close(): void;
}

/** Mirrors live under `directory`; default: `sluice-git` in the system's temporary folder. */
export function createMirrors(options: Pick<MirrorOptions, 'clock' | 'directory' | 'mayPush'>): Mirrors {
  const open = new Map<string, ReturnType<typeof openMirror>>();
  return {
    async mirrorFor({ repoURL, timeoutMs, credentials }) {
      const key = JSON.stringify([repoURL, timeoutMs, credentials ?? null]);
      const known = open.get(key) ?? openMirror({ ...options, url: repoURL, timeoutMs, credentials });
      open.set(key, known);
      return known;
    },
    close() {
      for (const mirror of open.values()) mirror.close();
      open.clear();
    },
  };
}
