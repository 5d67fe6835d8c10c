// The commands of the ledger as they are called: what of a command line is refused, and in which words; and a cluster that does not answer.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { UsageError } from '../../src/cli/usage-error.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-ledger-'));
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'gone', cluster: { server: 'http://127.0.0.1:9' } }],
    users: [{ name: 'me', user: {} }],
    contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'me', namespace: 'shop' } }],
    'current-context': 'gone',
  };
  writeFileSync(join(folder, 'gone.json'), JSON.stringify(config));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(name: string, ...args: string[]): Promise<number> {
  const command = COMMANDS[name];
  if (command === undefined) throw new Error(`there is no command ${name}`);
  return (await command.load())(args);
}

const ASKING = ['history', 'why', 'diff', 'sync', 'suspend', 'resume'];

describe('A command of the ledger', () => {
  it.each([...ASKING, 'rollback', 'at'])('%s refuses a call that names nothing, in words', async (name) => {
    await expect(run(name)).rejects.toThrow(/say which (Application|Rollout|Rollout or Application|time)/);
  });

  it.each<[string, string[], RegExp]>([
    ['why', ['web', 'api'], /api: nothing is expected here/],
    ['why', ['web', '--zone', 'UTC'], /--zone/],
    ['why', ['web', '--timezone', 'Mars/Olympus'], /Mars\/Olympus/],
    ['history', ['web', '--limit', 'many'], /--limit/],
    ['at', ['yesterday', 'web'], /--repo: name the folder of a clone/],
    ['at', ['when it broke', 'web', '--repo', '.'], /when it broke/],
    ['rollback', ['web'], /--to: name the commit/],
  ])('%s %j is refused as a wrong command line', async (name, args, message) => {
    const refusal = await run(name, ...args).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UsageError);
    expect(String(refusal)).toMatch(message);
  });

  it.each(ASKING)('%s says that the cluster does not answer', async (name) => {
    await expect(run(name, 'web', '--kubeconfig', join(folder, 'gone.json'))).rejects.toThrow(
      /127\.0\.0\.1:9|ECONNREFUSED/,
    );
  });

  it.each([...ASKING, 'rollback'])('%s names a kubeconfig that is not there', async (name) => {
    const more = name === 'rollback' ? ['--to', 'abc1234', '--repo', folder] : [];
    await expect(run(name, 'web', ...more, '--kubeconfig', join(folder, 'none.json'))).rejects.toThrow(
      /none\.json|no Git repository/,
    );
  });

  it.each(['history', 'at'])('%s names a folder that is no repository', async (name) => {
    const args = name === 'at' ? ['2026-01-01T00:00:00Z', 'web'] : ['web'];
    await expect(run(name, ...args, '--repo', folder)).rejects.toThrow(/no Git repository/);
  });
});
