// The version, as package.json says it.
import manifest from '../../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;

export function runVersion(): Promise<number> {
  process.stdout.write(`sluice ${VERSION}\n`);
  return Promise.resolve(0);
}
