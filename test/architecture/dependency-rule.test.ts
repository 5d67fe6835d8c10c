import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** A file for each arrow that the house forbids: where it is planted, what it imports, and the rule that has to say so. */
const PLANTED: [file: string, imports: string, rule: string][] = [
  ['src/cli/planted.ts', './planted.ts', 'no-cycle'],
  ['packages/kube-schema/src/planted.ts', '../../../src/api/other.ts', 'packages-know-nothing-of-the-project'],
  ['packages/kube-schema/src/planted-io.ts', 'node:fs', 'schemas-are-pure'],
  [
    'packages/kube-schema/src/planted-inside.ts',
    '../../kube-sandbox/src/other.ts',
    'packages-reach-each-other-by-their-doors',
  ],
  [
    'src/application/planted-inside.ts',
    '../../packages/kube-schema/src/other.ts',
    'packages-are-reached-by-their-doors',
  ],
  ['src/api/planted.ts', '../rollout/other.ts', 'api-knows-only-schemas'],
  ['src/rollout/planted-adapter.ts', '../kube/other.ts', 'pure-core-imports-no-adapter'],
  ['src/traffic/planted-io.ts', 'node:fs', 'pure-core-imports-no-io'],
  ['src/secrecy/planted.ts', '../kube/other.ts', 'pure-core-imports-no-adapter'],
  ['src/ledger/planted.ts', '../rollout/other.ts', 'the-ledger-knows-only-the-api'],
  ['src/ledger/planted-io.ts', 'node:fs', 'pure-core-imports-no-io'],
  ['src/rollout/planted-client.ts', 'axios', 'pure-core-imports-no-io'],
  ['src/analysis/judges/planted-provider.ts', '../providers/some/other.ts', 'pure-core-imports-no-adapter'],
  ['src/analysis/providers/planted/schema.ts', '../../redactor.ts', 'forms-of-providers-know-only-the-api'],
  ['src/traffic/planted/schema.ts', '../driven.ts', 'forms-of-routers-know-only-the-api'],
  ['src/traffic/planted-router/planted.ts', '../other/module.ts', 'routers-do-not-know-each-other'],
  ['src/rollout/planted-router.ts', '../traffic/some/route.ts', 'routers-are-reached-by-their-lists'],
  ['src/kube/planted.ts', '../git/other.ts', 'adapters-do-not-know-each-other'],
  ['src/kube/planted-reader.ts', '../source/other.ts', 'adapters-do-not-know-each-other'],
  ['src/source/planted.ts', '../kube/other.ts', 'readers-know-only-git-and-how-manifests-are-read'],
  ['src/source/planted-agent.ts', '../application/execute.ts', 'readers-know-only-git-and-how-manifests-are-read'],
  ['src/egress/planted.ts', '../git/other.ts', 'egress-and-http-know-only-their-ports'],
  ['src/forge/planted.ts', '../http/other.ts', 'forges-know-only-ports'],
  ['src/forge/planted-client.ts', 'axios', 'forges-know-only-ports'],
  ['src/application/planted-forge.ts', '../forge/other.ts', 'the-agent-reaches-repositories-by-their-port'],
  ['src/http/planted.ts', '../analysis/other.ts', 'egress-and-http-know-only-their-ports'],
  ['src/analysis/providers/some/planted.ts', 'axios', 'only-the-http-adapter-names-axios'],
  ['src/ports/planted.ts', '../kube/other.ts', 'ports-know-only-the-api'],
  ['src/server/planted.ts', '../kube/other.ts', 'the-server-knows-only-ports'],
  ['src/controller/planted-agent.ts', '../application/other.ts', 'the-loops-know-no-agent'],
  ['src/application/planted-git.ts', '../git/other.ts', 'the-agent-reaches-repositories-by-their-port'],
  ['src/application/decide.ts', 'node:fs', 'decisions-of-the-agent-import-no-io'],
  ['src/application/sync/plan-object.ts', 'undici', 'decisions-of-the-agent-import-no-io'],
  ['src/application/revert/hold.ts', 'node:timers/promises', 'decisions-of-the-agent-import-no-io'],
  ['src/application/sync/prune.ts', '../../kube/other.ts', 'decisions-of-the-agent-know-no-cluster'],
  ['src/application/report/due.ts', '../execute.ts', 'decisions-of-the-agent-carry-nothing-out'],
  ['src/plan/planted.ts', '../git/other.ts', 'plans-know-no-adapter'],
  ['src/plan/planted-hand.ts', '../application/execute.ts', 'plans-know-no-adapter'],
  ['src/plan/planted-io.ts', 'node:fs', 'plans-import-no-io'],
  ['src/application/planted-plan.ts', '../plan/other.ts', 'only-the-command-line-knows-plans'],
  [
    'src/controller/planted-sandbox.ts',
    '../../packages/kube-sandbox/src/sandbox.ts',
    'only-the-command-line-knows-the-sandbox',
  ],
  ['packages/kube-sandbox/src/planted.ts', '../../../src/controller/other.ts', 'packages-know-nothing-of-the-project'],
  ['packages/kube-sandbox/test/planted.ts', '../../../test/support/other.ts', 'packages-know-nothing-of-the-project'],
  ['src/application/planted-client.ts', '@kubernetes/client-node', 'only-the-kube-adapter-names-client-node'],
  ['src/controller/planted-git.ts', 'isomorphic-git', 'only-the-git-adapter-names-isomorphic-git'],
];

const PACKAGES = ['packages/kube-schema/package.json', 'packages/kube-sandbox/package.json'];

interface Report {
  summary: { violations: { from: string; rule: { name: string } }[]; totalCruised: number };
}

async function cruise(dir: string): Promise<Report> {
  const depcruise = path.join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [
    depcruise,
    'src',
    'packages',
    '--config',
    path.join(dir, '.dependency-cruiser.cjs'),
    '--output-type',
    'json',
  ];
  const options = { cwd: dir, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await run(process.execPath, args, options).catch((error: { stdout: string }) => error);
  return JSON.parse(stdout) as Report;
}

describe('the dependency rule', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'sluice-arch-'));
    for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json', ...PACKAGES])
      await cp(path.join(ROOT, file), path.join(dir, file));
    await symlink(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'));
    for (const [file, imports] of PLANTED) {
      await mkdir(path.join(dir, path.dirname(file)), { recursive: true });
      await writeFile(path.join(dir, file), `import * as planted from '${imports}';\nexport const used = planted;\n`);
      if (!imports.startsWith('.')) continue;
      const target = path.join(dir, path.dirname(file), imports);
      if (PLANTED.some(([planted]) => path.join(dir, planted) === target)) continue;
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, 'export const nothing = 0;\n');
    }
  });

  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('is broken by each violation that is planted, and names it', async () => {
    const { summary } = await cruise(dir);
    const found = new Set(summary.violations.map(({ from, rule }) => `${from} ${rule.name}`));
    for (const [file, , rule] of PLANTED) expect([...found]).toContain(`${file} ${rule}`);
  });

  it('has no part that was not tried', () => {
    const config = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as { forbidden: { name: string }[] };
    const tried = new Set(PLANTED.map(([, , rule]) => rule));
    expect(config.forbidden.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });

  it('holds for the house as it stands, all of which was looked at', async () => {
    const { summary } = await cruise(ROOT);
    expect(summary.violations).toEqual([]);
    expect(summary.totalCruised).toBeGreaterThan(150);
  });
});
