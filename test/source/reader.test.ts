// What a repository declares, read through the port: by this process and by a child, over a real Git server.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMirrors } from '../../src/git/mirrors.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { ReadRequest, SourceContent, SourceFailure, SourceReader } from '../../src/ports/source-reader.ts';
import { inProcessReader } from '../../src/source/in-process.ts';
import { commitFolder, commitTree, writeTree, plant, type Folder } from '../support/bare-repository.ts';
import { startGitServer, type GitServer } from '../support/git-server.ts';

const NEVER = new AbortController().signal;
const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;

describe('a repository read in this process', () => {
  let server: GitServer;
  let directory: string;
  let reader: SourceReader;

  beforeEach(async () => {
    server = await startGitServer();
    directory = mkdtempSync(join(tmpdir(), 'sluice-reader-'));
    const mirrors = createMirrors({ clock: systemClock, directory });
    reader = inProcessReader({ clock: systemClock, mirrorFor: (repository) => mirrors.mirrorFor(repository) });
  });
  afterEach(async () => {
    await reader.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const read = (request: Partial<ReadRequest> = {}) =>
    reader.read({ repoURL: server.url, revision: 'main', path: '', ...request }, NEVER);
  const content = async (request?: Partial<ReadRequest>): Promise<SourceContent> => {
    const result = await read(request);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    return result.value;
  };
  const failure = async (folder: Folder, request?: Partial<ReadRequest>): Promise<SourceFailure> => {
    const oid = commitFolder(server, folder);
    const result = await read(request);
    if (result.ok) throw new Error(`read ${result.value.manifests.length} manifests`);
    if (result.error.commit) expect(result.error.commit.oid).toBe(oid);
    return result.error;
  };
  const names = ({ manifests }: SourceContent): string[] => manifests.map(({ object }) => object.metadata.name);

  it('gives the commit, what it declares, where, and the files of it', async () => {
    const oid = commitFolder(server, {
      deploy: { 'a.yaml': `# A\n${map('a')}`, 'README.md': 'x' },
      'z.yaml': map('z'),
    });
    const found = await content({ path: 'deploy' });
    expect(found.commit).toMatchObject({ oid, subject: 'Raw' });
    expect(found.manifests).toEqual([
      {
        object: expect.objectContaining({ kind: 'ConfigMap' }),
        source: expect.objectContaining({ path: 'deploy/a.yaml', line: 2, document: 0 }),
      },
    ]);
    expect([...found.files]).toEqual([['deploy/a.yaml', `# A\n${map('a')}`]]);
    expect(found.empty).toBeUndefined();
  });

  it('tells which files declare nothing, and that a path holds no manifests', async () => {
    commitFolder(server, { deploy: { 'values.yaml': 'replicas: 3\n', 'package.json': '{"name":"x"}' } });
    expect(await content({ path: 'deploy/' })).toMatchObject({
      empty: 'no manifests in deploy/',
      skipped: [
        { path: 'deploy/package.json', reason: 'no apiVersion and no kind' },
        { path: 'deploy/values.yaml', reason: 'no apiVersion and no kind' },
      ],
    });
  });

  it.each([
    [
      'deplyo',
      { reason: 'SourceNotFound', message: 'spec.source.path: there is no deplyo in the commit; did you mean deploy?' },
    ],
    ['deploy/prd/web', { reason: 'SourceNotFound', message: expect.stringContaining('did you mean deploy/prod/web?') }],
    ['elsewhere', { reason: 'SourceNotFound', message: expect.stringContaining('the repository has no elsewhere') }],
  ])('says what is near a path that is not there: %s', async (path, expected) => {
    expect(await failure({ deploy: { prod: { web: { 'a.yaml': map('a') } } } }, { path })).toMatchObject(expected);
  });

  it('leaves out what the Application excludes', async () => {
    commitFolder(server, {
      d: { 'a.yaml': map('a'), 'b.test.yaml': 'x: [', sub: { 'c.yaml': map('c') }, 'kustomization.yaml': '' },
    });
    expect(names(await content({ path: 'd', exclude: ['*.test.yaml', 'sub/**', 'kustomization.yaml'] }))).toEqual([
      'a',
    ]);
  });

  it.each(['kustomization.yaml', 'kustomization.yml', 'Kustomization', 'Chart.yaml'])(
    'is not read past %s in a folder among plain manifests: that is to be named',
    async (name) => {
      expect(await failure({ d: { [name]: 'resources: []\n', 'a.yaml': map('a') } })).toMatchObject({
        reason: 'InvalidManifest',
        message: expect.stringMatching(
          /^d\/.*: this is input of (Kustomize|Helm), among plain manifests; name d as spec.source.path of an/,
        ),
      });
    },
  );

  describe('with links', () => {
    it('follows one to a file inside the repository, and reads it once', async () => {
      commitFolder(server, {
        base: { 'web.yaml': map('web') },
        deploy: {
          'again.yaml': { link: './web.yaml' },
          'own.yaml': map('own'),
          'web.yaml': { link: '../base/web.yaml' },
        },
      });
      const found = await content({ path: 'deploy' });
      expect(names(found)).toEqual(['web', 'own']);
      expect([...found.files.keys()]).toEqual(['base/web.yaml', 'deploy/own.yaml']);
    });

    it.each([
      ['/etc/passwd', 'out of the repository'],
      ['../../outside.yaml', 'out of the repository'],
      ['gone.yaml', 'to nothing'],
      ['web.yaml', 'in a circle'],
      ['../base', 'the folder base'],
      ['..', 'the folder /'],
      ['../module/x.yaml', 'into a submodule'],
      ['own.yaml/x', 'to nothing'],
    ])('refuses one to %s by its path', async (link, why) => {
      const deploy = { 'own.yaml': map('own'), 'web.yaml': { link } };
      expect(await failure({ base: { 'web.yaml': map('web') }, deploy, module: { submodule: true } })).toMatchObject({
        reason: 'InvalidManifest',
        message: expect.stringMatching(new RegExp(`^deploy/web.yaml is a link .*${why}|^module is a submodule`)),
      });
    });

    it('refuses one in place of a folder, whatever its name', async () => {
      expect(
        await failure({ v1: { 'web.yaml': map('web') }, deploy: { current: { link: '../v1' } } }, { path: 'deploy' }),
      ).toMatchObject({
        message: expect.stringContaining('deploy/current is a link to the folder v1'),
      });
      expect(await failure({ deploy: { current: { link: '/mnt/v1' } } }, { path: 'deploy' })).toMatchObject({
        message: expect.stringContaining('deploy/current is a link out of the repository'),
      });
    });

    it('names the folder when the path itself is one', async () => {
      expect(
        await failure({ v1: { 'web.yaml': map('web') }, current: { link: 'v1' } }, { path: 'current' }),
      ).toMatchObject({
        reason: 'SourceNotFound',
        message: 'current is a link; give v1 as spec.source.path',
      });
    });
  });

  it.each<[string, Folder, string]>([
    ['a submodule', { lib: { submodule: true } }, 'lib is a submodule'],
    ['a name that leaves the folder', { '..': { 'a.yaml': map('a') } }, 'a file name that is not safe: ".."'],
    ['a name with a backslash', { 'a\\b.yaml': map('a') }, 'a file name that is not safe'],
    ['an unknown mode', { 'a.yaml': { mode: '140000', text: map('a') } }, 'a.yaml has the unknown mode 140000'],
  ])('is refused by name for %s', async (_what, folder, message) => {
    expect(await failure(folder)).toMatchObject({
      reason: 'InvalidManifest',
      message: expect.stringContaining(message),
    });
  });

  it('is refused for a name that stands twice in a folder', async () => {
    const blob = plant(server, { x: map('a') });
    commitTree(
      server,
      writeTree(server, [
        ['40000', 'd', blob],
        ['40000', 'd', blob],
      ]),
    );
    expect(await read()).toMatchObject({ error: { message: expect.stringContaining('d is twice in its folder') } });
  });

  it.each<[string, Buffer, string]>([
    [
      'Latin-1',
      Buffer.concat([Buffer.from(map('a')), Buffer.from('data: { x: M\xfcller }\n', 'latin1')]),
      'byte 63 of the file (0xfc) is not UTF-8',
    ],
    ['UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(map('a'), 'utf16le')]), 'UTF-16'],
    ['a NUL', Buffer.from(`${map('a')}# \0\n`), 'is NUL'],
    ['a surrogate', Buffer.concat([Buffer.from(map('a')), Buffer.from([0xed, 0xa0, 0x80])]), 'is not UTF-8'],
    ['latin1', Buffer.from(`${map('a')}# caf\xe9"\n`, 'latin1'), '(0xe9) is not UTF-8'],
    ['a character cut short', Buffer.concat([Buffer.from(map('a')), Buffer.from([0xe2, 0x82])]), 'is not UTF-8'],
  ])('is refused for bytes that are %s', async (_what, bytes, message) => {
    expect(await failure({ 'a.yaml': bytes })).toMatchObject({
      reason: 'InvalidManifest',
      message: expect.stringMatching(/^a\.yaml:1: /),
    });
    expect((await failure({ 'a.yaml': bytes })).message).toContain(message);
  });

  it('takes a byte order mark as what it is', async () => {
    commitFolder(server, { 'a.yaml': `\uFEFF${map('a')}` });
    expect(names(await content())).toEqual(['a']);
  });
});
