// A repository over SSH: read with the key of a Secret, followed, and written back to after an abort.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { dump } from 'js-yaml';
import type { Application } from '../../../src/api/application.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { startGitServer } from '../../support/git-server.ts';
import { startSshServer } from '../../support/ssh-server.ts';
import { until } from '../cluster/until.ts';
import { rollout } from '../support/manifests.ts';
import { isHealthy, waitFor } from '../support/rollouts.ts';
import { begin } from '../support/world.ts';

const declared = (version: string): Record<string, string> => ({
  'deploy/rollout.yaml': dump(rollout({ steps: [{ setWeight: 50 }, { pause: {} }] }, { version })),
});

test('a repository over SSH is followed, and a revert is pushed to it', async (context) => {
  const world = await begin(context, 'over-ssh');
  const git = await startGitServer();
  world.atEnd(() => git.close());
  const ssh = await startSshServer(git);
  world.atEnd(() => ssh.close());
  const { privateKey, knownHosts } = ssh.credentials;
  await world.controller();
  git.commit('main', declared('v1'), 'Deploy v1');
  await world.apply(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'deploy-key' },
      stringData: { sshPrivateKey: privateKey, known_hosts: knownHosts },
    },
    {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Application',
      metadata: { name: 'shop' },
      spec: {
        source: { repoURL: ssh.url, path: 'deploy', interval: '5s', secretRef: { name: 'deploy-key' } },
        writeBack: { onAbort: 'Commit' },
      },
    },
  );
  const look = () => world.client.get<Application>(RESOURCES.applications, 'shop', 'over-ssh');
  const isPhase = (phase: string) =>
    until(`the Application to be ${phase}`, async () => (await look())?.status?.phase === phase || undefined, {
      every: 100,
      state: async () => (await look())?.status,
    });
  await isPhase('Synced');
  await isHealthy(world);
  const commit = git.commit('main', declared('v2'), 'Deploy v2');
  await waitFor(world, 'v2 in canary', (s) => s.phase === 'Paused' && s.revision?.commit === commit);
  await world.kubectl('annotate', 'rollout', 'web', 'sluice.dev/abort=not today');
  const log = (): string =>
    execFileSync('git', ['log', '--format=%B', '-1', 'main'], { cwd: git.repository, encoding: 'utf8' });
  await until('the revert in Git', () => Promise.resolve(log().includes('not today') || undefined), {
    every: 100,
    state: look,
  });
  expect(log()).toContain(commit.slice(0, 7));
  await isHealthy(world);
  expect(ssh.commands.some((command) => command.startsWith('git-receive-pack '))).toBe(true);
});
