// Commits and tags signed by the tools that people sign with, `git commit -S` with ssh-keygen and with gpg, and a revert that Git itself
// verifies.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { expect, test } from 'vitest';
import type { Application, ApplicationStatus } from '../../../src/api/application.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { startGitServer, type GitServer } from '../../support/git-server.ts';
import { until } from '../cluster/until.ts';
import { rollout } from '../support/manifests.ts';
import { isHealthy, waitFor } from '../support/rollouts.ts';
import { begin } from '../support/world.ts';

const declared = (version: string): Record<string, string> => ({
  'deploy/rollout.yaml': dump(rollout({ steps: [{ setWeight: 50 }, { pause: {} }] }, { version })),
});

/** Keys that were made a moment ago, and Git set up to sign with them. */
function keyring(folder: string) {
  const run = (program: string, args: string[]): string =>
    execFileSync(program, args, { encoding: 'utf8', env: { ...process.env, GNUPGHOME: folder }, stdio: 'pipe' });
  const keyOf = (name: string): string => {
    const file = join(folder, name);
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
    return file;
  };
  const [ada, bot] = [keyOf('ada'), keyOf('bot')];
  run('gpg', [
    '--batch',
    '--quiet',
    '--passphrase',
    '',
    '--quick-gen-key',
    'Grace <grace@example.com>',
    'ed25519',
    'sign',
  ]);
  const lineOf = (name: string, file: string): string =>
    `${name}@example.com namespaces="git" ${readFileSync(`${file}.pub`, 'utf8').trim()}`;
  const signers = `${lineOf('ada', ada)}\n${lineOf('bot', bot)}\n`;
  const signersFile = join(folder, 'allowed_signers');
  writeFileSync(signersFile, signers);
  return {
    signers,
    botKey: readFileSync(bot, 'utf8'),
    openPgp: run('gpg', ['--armor', '--export', 'grace@example.com']),
    asSsh: ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${ada}`, '-c', `gpg.ssh.allowedSignersFile=${signersFile}`],
    asOpenPgp: ['-c', 'user.signingkey=grace@example.com'],
    close: () => run('gpgconf', ['--kill', 'all']),
    environment: { ...process.env, GNUPGHOME: folder },
  };
}

type Keyring = ReturnType<typeof keyring>;

/** Makes of the head of the branch one that is signed. */
function signedHead(git: GitServer, { environment }: Keyring, how: readonly string[]): string {
  const run = (...args: string[]): string =>
    execFileSync('git', args, { cwd: git.repository, encoding: 'utf8', env: { ...environment, ...PERSON } }).trim();
  const parents = run('log', '-1', '--format=%P', 'main')
    .split(' ')
    .filter(Boolean)
    .flatMap((parent) => ['-p', parent]);
  const message = run('log', '-1', '--format=%s', 'main');
  const commit = run(...how, 'commit-tree', '-S', 'main^{tree}', ...parents, '-m', message);
  run('update-ref', 'refs/heads/main', commit);
  return commit;
}

const PERSON = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

test('what ssh-keygen and gpg sign is applied, what nobody signs is not, and the revert is signed itself', async (context) => {
  const world = await begin(context, 'signed');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-keys-'));
  world.atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const keys = keyring(folder);
  world.atEnd(() => void keys.close());
  const git = await startGitServer();
  world.atEnd(() => git.close());
  const push = (version: string, how?: readonly string[]): string => {
    const commit = git.commit('main', declared(version), `Deploy ${version}`);
    return how === undefined ? commit : signedHead(git, keys, how);
  };
  await world.controller();
  push('v1', keys.asSsh);
  const secret = (name: string, stringData: Record<string, string>): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    stringData,
  });
  await world.apply(
    secret('signers', { allowed_signers: keys.signers, 'grace.asc': keys.openPgp }),
    secret('git', { signingKey: keys.botKey }),
    {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Application',
      metadata: { name: 'shop' },
      spec: {
        source: {
          repoURL: git.url,
          path: 'deploy',
          interval: '5s',
          secretRef: { name: 'git' },
          verify: { secretRef: { name: 'signers' } },
        },
        writeBack: { onAbort: 'Commit' },
      },
    },
  );
  const status = async (): Promise<ApplicationStatus> =>
    (await world.client.get<Application>(RESOURCES.applications, 'shop', 'signed'))?.status ?? {};
  const is = (what: string, holds: (now: ApplicationStatus) => boolean): Promise<true> =>
    until(`the Application to be ${what}`, async () => holds(await status()) || undefined, {
      every: 100,
      state: status,
    });
  await is('at v1', ({ phase, signature }) => phase === 'Synced' && signature?.signer === 'ada@example.com');
  await isHealthy(world);

  const unsigned = push('v2');
  await is(
    'refused',
    ({ phase, message }) => phase === 'Failed' && message?.includes('the commit is not signed') === true,
  );
  expect((await status()).revision?.commit).not.toBe(unsigned);

  const v3 = push('v3', keys.asOpenPgp);
  await is(
    'at v3',
    ({ revision, signature }) => revision?.commit === v3 && signature?.signer === 'Grace <grace@example.com>',
  );
  await waitFor(world, 'v3 in canary', (s) => s.phase === 'Paused' && s.revision?.commit === v3);

  await world.kubectl('annotate', 'rollout', 'web', 'sluice.dev/abort=not today');
  const verified = (): string | undefined => {
    const args = [...keys.asSsh, 'log', '-1', '--format=%G? %GS %s', 'main'];
    const line = execFileSync('git', args, { cwd: git.repository, encoding: 'utf8', env: keys.environment });
    return line.includes('Revert') ? line.trim() : undefined;
  };
  expect(await until('the revert in Git', () => Promise.resolve(verified()), { every: 100, state: status })).toMatch(
    /^G bot@example\.com Revert /,
  );
  await isHealthy(world);
});
