// `sluice rollback` in a real repository beside a cluster that applies the same files.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restorationsIn } from '../../src/application/report/revert-message.ts';
import { rollback, type RollbackOptions } from '../../src/cli/ledger/rollback.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { Cluster } from '../scenario/cluster.ts';
import { application, config, rollout, shop, yaml } from '../scenario/manifests.ts';

let cluster: Cluster;
let folder: string;
beforeEach(async () => {
  cluster = await Cluster.open();
  folder = mkdtempSync(join(tmpdir(), 'sluice-rollback-'));
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'Grace');
  git('config', 'user.email', 'grace@example.com');
});
afterEach(() => {
  cluster.end();
  rmSync(folder, { recursive: true, force: true });
});

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();

/** Of the work tree, too, as people commit. */
function commit(files: Record<string, string>, message: string): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git('add', '-A');
  git('commit', '-q', '-m', message);
  return git('rev-parse', 'HEAD');
}

/** The cluster applies the first of these. */
async function applied(): Promise<void> {
  cluster.push(shop('v1'), 'Deploy v1');
  cluster.create(application());
  await cluster.start();
  await cluster.until('v1 is applied', () => cluster.find('Rollout', 'web') !== undefined);
}

const pushes: string[] = [];

async function rolledBack(to: string, options: Partial<RollbackOptions> = {}): Promise<string> {
  const lines: string[] = [];
  const { clock } = cluster;
  const client = kubeClient({ transport: cluster.server.transport('cli'), version: 'test', clock });
  const around = { client, namespace: 'shop', clock, print: (line: string) => void lines.push(line) };
  const given = {
    name: 'web',
    to,
    repo: folder,
    remote: 'origin',
    push: false,
    onBranch: false,
    json: false,
    ...options,
  };
  await rollback(given, around, async (_folder, remote, branch) => void pushes.push(`${remote} ${branch}`));
  return lines.join('\n');
}

const NEIGHBOUR =
  'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: other, namespace: shop }\ndata: { A: "1" } # as it is\n';

describe('a rollback', () => {
  it('is a commit on a new branch that restores the Rollout and what it depends on, and nothing else', async () => {
    await applied();
    const beside = (text: string): string => `${yaml(config(text))}---\n${NEIGHBOUR}`;
    const v1 = commit({ ...shop('v1'), 'deploy/config.yaml': beside('hello') }, 'Deploy v1');
    const v2 = commit({ ...shop('v2'), 'deploy/config.yaml': beside('hello from v2') }, 'Deploy v2');
    const tree = git('status', '--porcelain');
    const branch = `sluice/rollback-web-${v1.slice(0, 7)}`;
    const text = await rolledBack(v1.slice(0, 8));
    expect(text).toContain(`${branch} is at `);
    expect(text).toContain('  deploy/config.yaml\n  deploy/rollout.yaml');
    expect(text).toContain(`push it: git -C ${folder} push origin ${branch}`);
    expect(git('rev-parse', `${branch}^`)).toBe(v2);
    expect(git('diff', '--stat', v1, branch)).toBe('');
    expect(git('show', `${branch}:deploy/config.yaml`)).toContain(NEIGHBOUR.trim());
    const message = git('show', '-s', '--format=%B', branch);
    expect(message).toMatch(new RegExp(`^Revert web to ${v1.slice(0, 7)}: rolled back by Grace\n`));
    expect(message).toContain(`What ${v2.slice(0, 7)} (Deploy v2) declared of Rollout shop/web is taken back.`);
    expect(restorationsIn(message)).toEqual([
      { rollout: 'shop/web', rejected: v2, restored: v1, reason: 'rolled back by Grace' },
    ]);
    expect(git('show', '-s', '--format=%an <%ae>', branch)).toBe('Grace <grace@example.com>');
    expect(git('status', '--porcelain')).toBe(tree);
    expect(git('rev-parse', 'HEAD')).toBe(v2);
    expect(git('fsck', '--strict', '--no-dangling')).toBe('');
  });

  it('leaves what changed since in other places of the files', async () => {
    await applied();
    const v1 = commit(shop('v1'), 'Deploy v1');
    const scaled = yaml({
      ...(rollout('v2') as { spec: object }),
      spec: { ...(rollout('v2') as { spec: object }).spec, replicas: 9 },
    });
    commit({ ...shop('v2'), 'deploy/rollout.yaml': `# owned by shop\n${scaled}` }, 'Deploy v2, and scale');
    await rolledBack(v1);
    const text = git('show', `sluice/rollback-web-${v1.slice(0, 7)}:deploy/rollout.yaml`);
    expect(text).toContain('# owned by shop');
    expect(text).toContain('replicas: 9');
    expect(text).toContain('v1');
    expect(text).not.toContain('v2');
  });

  it('does nothing where the files say it already, and says so', async () => {
    await applied();
    const v1 = commit(shop('v1'), 'Deploy v1');
    commit({ 'README.md': 'about\n' }, 'Write about it');
    expect(await rolledBack(v1)).toBe(`the files on main already say what ${v1.slice(0, 7)} did: nothing to do`);
    expect(git('branch', '--format=%(refname:short)')).toBe('main');
  });

  it('goes on the followed branch only where nobody has that checked out', async () => {
    await applied();
    const v1 = commit(shop('v1'), 'Deploy v1');
    const v2 = commit(shop('v2'), 'Deploy v2');
    await expect(rolledBack(v1, { onBranch: true })).rejects.toThrow(
      `main is checked out in ${folder}, whose files would no longer be those of its commit`,
    );
    expect(git('rev-parse', 'main')).toBe(v2);
    git('checkout', '-q', '-b', 'work');
    expect(await rolledBack(v1, { onBranch: true, push: true })).toContain('main is at ');
    expect(git('rev-parse', 'main^')).toBe(v2);
    expect(pushes).toEqual(['origin main']);
    expect(readFileSync(join(folder, 'deploy/rollout.yaml'), 'utf8')).toContain('v2');
  });

  it('is built on the branch as it was fetched last', async () => {
    await applied();
    const v1 = commit(shop('v1'), 'Deploy v1');
    const v2 = commit(shop('v2'), 'Deploy v2');
    git('update-ref', 'refs/remotes/origin/main', v2);
    commit({ 'README.md': 'not pushed yet\n' }, 'Local work');
    const text = await rolledBack(v1, { json: true });
    expect(JSON.parse(text)).toMatchObject({ base: v2, files: ['deploy/rollout.yaml'], pushed: false });
  });

  it.each([
    ['a commit that is not here', async () => 'f'.repeat(40), /there is no commit f{40} in /],
    [
      'a commit that does not declare it',
      async () => commit({ 'deploy/other.yaml': NEIGHBOUR }, 'Begin'),
      /does not declare Rollout shop\/web below deploy$/,
    ],
  ])('to %s is refused', async (_what, to, why) => {
    await applied();
    const oid = await to();
    commit(shop('v2'), 'Deploy v2');
    await expect(rolledBack(oid)).rejects.toThrow(why);
    expect(git('branch', '--format=%(refname:short)')).toBe('main');
  });

  it('of a Rollout that has left Git is refused', async () => {
    await applied();
    const v1 = commit(shop('v1'), 'Deploy v1');
    writeFileSync(join(folder, 'deploy/rollout.yaml'), NEIGHBOUR);
    commit({}, 'Take it out');
    await expect(rolledBack(v1)).rejects.toThrow('the newest commit here, does not declare Rollout shop/web');
  });

  it('of what a tool renders is refused, with the inputs that changed', async () => {
    await applied();
    const kustomization = 'resources: [rollout.yaml, config.yaml]\n';
    const v1 = commit({ ...shop('v1'), 'deploy/kustomization.yaml': kustomization }, 'Deploy v1');
    commit(shop('v2'), 'Deploy v2');
    await expect(rolledBack(v1)).rejects.toThrow(
      `the manifests are rendered by Kustomize, whose input is not changed for you. Changed since ${v1.slice(0, 7)}: deploy/rollout.yaml`,
    );
  });

  it('of a Rollout that no Application applies is refused', async () => {
    cluster.create(rollout('v1'));
    const v1 = commit(shop('v1'), 'Deploy v1');
    await expect(rolledBack(v1)).rejects.toThrow('Rollout shop/web is not applied from Git by an Application');
  });

  it('needs the followed branch', async () => {
    await applied();
    const v1 = commit(shop('v1'), 'Deploy v1');
    git('branch', '-m', 'main', 'trunk');
    await expect(rolledBack(v1)).rejects.toThrow(
      `has no branch origin/main, nor main, which Application shop follows: git -C ${folder} fetch origin main`,
    );
  });
});
