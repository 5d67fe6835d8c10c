// The folder that keeps installed parts between runs: one folder a part and version, complete or not there at all.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** $SLUICE_E2E_CACHE, else `sluice-e2e` in the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const users = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return env['SLUICE_E2E_CACHE'] || join(users, 'sluice-e2e');
}

/** The same, made if it is not there. */
export function cacheRoot(): string {
  const root = cacheFolder();
  mkdirSync(root, { recursive: true });
  return root;
}

/** The newest folder of a part, of whatever version. */
export function newestHeld(part: string): string | undefined {
  const folders = readdirSync(cacheRoot()).filter((name) => name.startsWith(`${part}-`));
  const byAge = folders
    .map((name) => join(cacheRoot(), name))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
  return byAge.at(-1);
}

/** Eight characters that stand for everything in a folder. */
export function digestOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 8);
}

/**
 * The folder of a part, made by `fill` when the cache does not hold it. It is filled under another name first, so that a run that was
 * broken off leaves nothing that looks whole, and two runs at once do not meet.
 */
export async function cached(key: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const root = cacheRoot();
  const folder = join(root, key);
  if (existsSync(folder)) return folder;
  const draft = mkdtempSync(join(root, `.${key}-`));
  try {
    await fill(draft);
    if (!existsSync(folder)) renameSync(draft, folder);
    return folder;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
