// A folder that is input of Kustomize, rendered by a program that stands in for it: what it gets, what it may take, and when it is run.
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMirrors } from '../../../src/git/mirrors.ts';
import { systemClock } from '../../../src/ports/clock.ts';
import { SOURCE_LIMITS, type SourceLimits } from '../../../src/ports/source-budget.ts';
import type { SourceResult, SourceContent } from '../../../src/ports/source-reader.ts';
import { createSourcePool } from '../../../src/source/child-pool.ts';
import { inProcessReader } from '../../../src/source/in-process.ts';
import { FolderCache } from '../../../src/source/render/cache.ts';
import type { RenderContext } from '../../../src/source/render/render.ts';
import { findTools } from '../../../src/source/render/toolbox.ts';
import { commitFolder } from '../../support/bare-repository.ts';
import { startGitServer, type GitServer } from '../../support/git-server.ts';

const NEVER = new AbortController().signal;
const MIB = 2 ** 20;
const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;
const overlay = (more = '') => ({
  o: { 'kustomization.yaml': 'resources: [../base, link.yaml]\n', 'link.yaml': { link: '../base/a.yaml' } },
  base: { 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': map('a'), 'secret.txt': 'not named' },
  'README.md': more,
});

let directory: string;
let server: GitServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-tool-'));
  server = await startGitServer();
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A program that notes each start, tells its version, and else does what `body` says. */
function tool(body: string, version = 'v5.8.1'): string {
  const file = join(directory, 'kustomize');
  const notes = JSON.stringify(join(directory, 'starts'));
  const text = `#!${process.execPath}
const fs = require('node:fs'), path = require('node:path'), { spawn } = require('node:child_process');
if (process.argv[2] === 'version') { console.log('${version}'); process.exit(0); }
fs.appendFileSync(${notes}, 'x');
${body}
`;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

const starts = (): number =>
  existsSync(join(directory, 'starts')) ? readFileSync(join(directory, 'starts')).length : 0;
const print = (value: unknown): string => `console.log(${JSON.stringify(value)});`;
const room = (): string => join(directory, 'room');

interface Reading extends Partial<RenderContext> {
  sizes?: Partial<SourceLimits>;
}

async function read(
  program: string | undefined,
  { sizes, ...more }: Reading = {},
): Promise<SourceResult<SourceContent>> {
  const limits = { ...SOURCE_LIMITS, ...sizes };
  const mirrors = createMirrors({ clock: systemClock, directory: join(directory, 'mirrors'), limits });
  const tools = { Kustomize: program };
  const memoryBytes = process.memoryUsage.rss() + 400 * MIB;
  const cache = new FolderCache(join(directory, 'cache'));
  const rendering = { tools, folder: room(), memoryBytes, timeMs: 30_000, clock: systemClock, cache, ...more };
  const reader = inProcessReader({
    clock: systemClock,
    limits,
    rendering,
    mirrorFor: (repository) => mirrors.mirrorFor(repository),
  });
  try {
    return await reader.read({ repoURL: server.url, revision: 'main', path: 'o' }, NEVER);
  } finally {
    await reader.close();
    mirrors.close();
  }
}

async function said(program: string | undefined, more?: Reading): Promise<string> {
  const result = await read(program, more);
  return result.ok
    ? 'nothing was refused'
    : `${result.error.reason} ${result.error.limit ?? ''}: ${result.error.message}`;
}

/** What the program saw, told as data of what it prints. */
async function seen(expression: string): Promise<unknown> {
  const object = `{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen' }, data: { seen: JSON.stringify(${expression}) } }`;
  const result = await read(tool(`console.log(JSON.stringify(${object}));`));
  if (!result.ok) throw new Error(result.error.message);
  const data = result.value.manifests[0]?.object['data'];
  return JSON.parse((data as { seen: string }).seen);
}

describe('a tool', () => {
  beforeEach(() => commitFolder(server, overlay()));

  it('gets the files that its plan names, links as what they lead to, and none else', async () => {
    const all = `fs.readdirSync('.', { recursive: true, withFileTypes: true }).map((e) => path.join(path.relative('.', e.parentPath ?? e.path), e.name) + (e.isSymbolicLink() ? '@' : '')).filter((n) => n.includes('.')).sort()`;
    expect(await seen(all)).toEqual(['base/a.yaml', 'base/kustomization.yaml', 'o/kustomization.yaml', 'o/link.yaml']);
  });

  it('knows nothing of this machine, and reaches no proxy and no other program', async () => {
    const env = (await seen('process.env')) as Record<string, string>;
    const inside = new Set(['PATH', 'HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME', 'TMPDIR']);
    for (const name of inside) expect(env[name]).toContain('/render-');
    expect(
      Object.keys(env)
        .filter((name) => !inside.has(name))
        .sort(),
    ).toEqual(
      [
        'ALL_PROXY',
        'GOMEMLIMIT',
        'HTTPS_PROXY',
        'HTTP_PROXY',
        'NO_PROXY',
        'all_proxy',
        'http_proxy',
        'https_proxy',
      ].sort(),
    );
    expect(env['HTTPS_PROXY']).toBe('http://127.0.0.1:9');
    expect(readdirSync(room())).toEqual([]);
  });

  it('is what the content is of, with its version and the files that went in', async () => {
    expect(await read(tool(print(map('a'))))).toMatchObject({
      ok: true,
      value: {
        rendered: { tool: 'Kustomize', version: 'v5.8.1' },
        manifests: [{ object: { kind: 'ConfigMap' }, source: { path: 'o/kustomization.yaml', text: '' } }],
        files: new Map([
          ['o/kustomization.yaml', 'resources: [../base, link.yaml]\n'],
          ['base/kustomization.yaml', 'resources: [a.yaml]\n'],
          ['base/a.yaml', map('a')],
          ['o/link.yaml', map('a')],
        ]),
      },
    });
  });

  it('is told in its own words, with paths of the repository', async () => {
    const body = `console.error('Error: cannot read ' + process.cwd() + '/base/a.yaml'); process.exit(1);`;
    expect(await said(tool(body))).toBe(
      'InvalidManifest : o/kustomization.yaml: kustomize says: cannot read base/a.yaml',
    );
    expect(readdirSync(room())).toEqual([]);
  });

  it.each<[string, string, Reading, string]>([
    ['time', 'setInterval(() => {}, 1000);', { timeMs: 1500 }, 'SourceTooLarge time: '],
    ['output', `console.log('x'.repeat(1000));`, { sizes: { manifestBytes: 500 } }, 'SourceTooLarge manifestBytes: '],
    [
      'memory',
      'globalThis.all = []; setInterval(() => all.push(Buffer.alloc(2 ** 24, 1)), 5);',
      { memoryBytes: 0 },
      'SourceTooLarge memory: ',
    ],
    [
      'its life, by something outside',
      `process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`,
      {},
      'ReaderKilled : ',
    ],
  ])('that meets the end of its %s ends with all that it started, and leaves nothing', async (_, body, more, start) => {
    const pid = join(directory, 'pid');
    const child = `fs.writeFileSync(${JSON.stringify(pid)}, String(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).pid));`;
    expect(await said(tool(`${child}\n${body}`), more)).toMatch(new RegExp(`^${start}`));
    const state = (): string => {
      const { length } = readFileSync(pid, 'utf8');
      const file = `/proc/${readFileSync(pid, 'utf8')}/stat`;
      return length > 0 && existsSync(file) ? (readFileSync(file, 'utf8').split(' ')[2] ?? '') : 'gone';
    };
    await expect.poll(state, { timeout: 10_000 }).toMatch(/gone|Z/);
    expect(readdirSync(room())).toEqual([]);
  });

  it('that is missing, or of another version, is named with what can be read', async () => {
    expect(await said(undefined)).toBe(
      'InvalidManifest : o/kustomization.yaml: this is input of Kustomize, and kustomize is not on the PATH of Sluice (--kustomize PATH names it); plain YAML is read without it: commit what kustomize build prints',
    );
    const old = join(directory, 'old');
    expect(await said(old)).toContain(`kustomize is not at ${old}`);
  });

  it('of a version that is not run is not started', async () => {
    expect(await said(tool(print(map('a')), 'v4.5.7'))).toContain(
      'kustomize is v4.5.7, and Sluice runs >=5.0.0 <6.0.0',
    );
    expect(starts()).toBe(0);
  });

  it('is started once for what does not change, whatever else a commit touches', async () => {
    const program = tool(print(map('a')));
    await read(program);
    commitFolder(server, overlay('other'));
    expect(await read(program)).toMatchObject({ ok: true, value: { manifests: [{}] } });
    expect(starts()).toBe(1);
    commitFolder(server, { ...overlay(), base: { ...overlay().base, 'a.yaml': map('b') } });
    await read(program);
    expect(starts()).toBe(2);
  });

  it('is run by the child that reads the repository, too', async () => {
    const tools = findTools({ Kustomize: tool(print(map('a'))) }, '');
    const reader = createSourcePool({ clock: systemClock, directory: join(directory, 'mirrors'), tools });
    const result = await reader.read({ repoURL: server.url, revision: 'main', path: 'o' }, NEVER);
    await reader.close();
    const source = { path: 'o/kustomization.yaml', line: 1, document: 0, text: '', rendered: 'o/kustomization.yaml' };
    expect(result).toMatchObject({ ok: true, value: { manifests: [{ source }], rendered: { version: 'v5.8.1' } } });
  });
});
