// What helm is given for a chart of a commit, and what is taken of what it prints. That helm does so is shown with helm itself, in
// rendered.test.ts and test/e2e.
import { describe, expect, it } from 'vitest';
import { readManifests } from '../../../src/application/source/manifests.ts';
import type { RenderOptions } from '../../../src/ports/rendering.ts';
import { helm } from '../../../src/source/helm/helm.ts';
import type { RenderPlan } from '../../../src/source/render/renderer.ts';
import { archiveOf } from '../../support/archives.ts';
import { filesOf, type Files } from './chart-files.ts';

const OPTIONS: RenderOptions = { namespace: 'shop', name: 'web' };
const chart = (name: string, more = ''): string => `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n${more}`;
const dependsOn = (...dependencies: string[]): string => `dependencies: [${dependencies.join(', ')}]\n`;
const REDIS = '{name: redis, version: 17.x, repository: https://charts.example.com}';
const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n';

const plan = (files: Files, options: Partial<RenderOptions> = {}, path = 'deploy'): Promise<RenderPlan> =>
  helm.plan(path, filesOf(files), { ...OPTIONS, ...options });
const web = (more: Files = {}): Files => ({
  'deploy/Chart.yaml': chart('web'),
  'deploy/templates/a.yaml': MAP,
  'other/secret.yaml': 'x: 1\n',
  ...more,
});

describe('a folder', () => {
  it.each([
    [['Chart.yaml', 'values.yaml'], 'Chart.yaml'],
    [['chart.yaml'], undefined],
    [['values.yaml', 'templates'], undefined],
  ])('with %j is a chart by %s', (names, by) => {
    expect(helm.claims(names)).toBe(by);
  });
});

describe('what helm is called with', () => {
  it('is the chart’s folder alone, without network and cluster, under the Application’s name', async () => {
    const { args, files, aside, entry } = await plan(web());
    expect(args).toEqual([
      'template',
      '--dry-run=client',
      '--namespace=shop',
      '--include-crds',
      '--',
      'web',
      '{root}/deploy',
    ]);
    expect([...files.keys()]).toEqual(['deploy/Chart.yaml', 'deploy/templates/a.yaml']);
    expect(aside?.size).toBe(0);
    expect(entry).toBe('deploy/Chart.yaml');
  });

  it('is the root of the repository, where that is the chart', async () => {
    const { args, files } = await plan({ 'Chart.yaml': chart('web'), 'templates/a.yaml': MAP }, {}, '');
    expect(args.at(-1)).toBe('{root}');
    expect([...files.keys()]).toEqual(['Chart.yaml', 'templates/a.yaml']);
  });

  it('names files with values in their order, and the Application’s own values last, outside of the chart', async () => {
    const more = { 'deploy/prod.yaml': 'a: 1\n', 'values/a, b.yaml': 'b: 1\n' };
    const asked = { valueFiles: ['prod.yaml', '../values/./a, b.yaml'], values: { replicas: 3 } };
    const { args, files, aside } = await plan(web(more), { helm: asked });
    expect(args.filter((arg) => arg.startsWith('--values='))).toEqual([
      '--values={root}/deploy/prod.yaml',
      '--values="{root}/values/a, b.yaml"',
      '--values={aside}/values.json',
    ]);
    expect([...(aside ?? [])]).toEqual([['values.json', '{"replicas":3}']]);
    expect(files.has('values/a, b.yaml')).toBe(true);
    expect(files.has('other/secret.yaml')).toBe(false);
  });

  it('has another release name, and no definitions, where the Application says so', async () => {
    const { args } = await plan(web(), { helm: { releaseName: 'shop', skipCrds: true } });
    expect(args).toContain('--skip-crds');
    expect(args).not.toContain('--include-crds');
    expect(args.at(-2)).toBe('shop');
  });

  it.each(['Web', 'a'.repeat(54), '--post-renderer=x', 'a b'])('refuses the release name %s', async (name) => {
    await expect(plan(web(), { name })).rejects.toThrow('spec.source.helm.releaseName: ');
  });

  const cluster = { version: 'v1.34.4', apiVersions: ['apps/v1', 'apps/v1/Deployment'] };

  it('is told the version of the cluster, and what that serves only where a template may ask', async () => {
    expect((await plan(web(), { cluster })).args.filter((arg) => /version/.test(arg))).toEqual([
      '--kube-version=v1.34.4',
    ]);
    const asking = [
      { 'deploy/templates/b.yaml': '{{ if .Capabilities.APIVersions.Has "x/v1" }}{{ end }}' },
      {
        'deploy/charts/sub.tgz': archiveOf(
          { name: 'sub/Chart.yaml', content: chart('sub') },
          { name: 'sub/templates/x.yaml', content: '{{ .Capabilities }}' },
        ),
      },
    ];
    for (const more of asking) {
      const { args } = await plan(web(more), { cluster });
      expect(args).toContain('--api-versions=apps/v1,apps/v1/Deployment');
    }
    const values = { text: '{{ .Capabilities.APIVersions }}' };
    expect((await plan(web(), { cluster, helm: { values } })).args).toContain(
      '--api-versions=apps/v1,apps/v1/Deployment',
    );
  });

  it('fits into arguments however much the cluster serves', async () => {
    const apiVersions = Array.from({ length: 5000 }, (_, n) => `group-${n}.example.com/v1beta1/SomeKindOfItsOwn${n}`);
    const more = { 'deploy/templates/b.yaml': '{{ .Capabilities.APIVersions }}' };
    const { args } = await plan(web(more), { cluster: { version: 'v1.34.4', apiVersions } });
    const told = args.filter((arg) => arg.startsWith('--api-versions='));
    expect(told.length).toBeGreaterThan(1);
    expect(Math.max(...told.map((arg) => arg.length))).toBeLessThan(2 ** 17);
    expect(told.flatMap((arg) => arg.slice('--api-versions='.length).split(','))).toEqual(apiVersions);
  });

  it.each([
    ['../../out.yaml', 'leads out of the repository'],
    ['/etc/passwd', 'leads out of the repository'],
    ['https://example.com/values.yaml', 'leads out of the repository'],
    ['templates', 'deploy/templates is a folder'],
    ['prd.yaml', 'there is no deploy/prd.yaml in the commit; did you mean deploy/prod.yaml?'],
    ['../none/prod.yaml', 'there is no none/prod.yaml in the commit'],
  ])('refuses a file with values at %s', async (file, why) => {
    await expect(plan(web({ 'deploy/prod.yaml': '' }), { helm: { valueFiles: [file] } })).rejects.toThrow(
      `spec.source.helm.valueFiles[0]: ${why.startsWith('leads') ? `${file} ` : ''}${why}`,
    );
  });

  it('holds what a link of the chart leads to within the repository, as a file of the chart', async () => {
    const { files } = await plan(
      web({ 'deploy/templates/b.yaml': { link: 'other/secret.yaml' }, 'deploy/more': { link: 'other' } }),
    );
    expect(Buffer.from(files.get('deploy/templates/b.yaml') ?? []).toString()).toBe('x: 1\n');
    expect(files.has('deploy/more/secret.yaml')).toBe(true);
  });

  it('refuses a link to a folder that it is in', async () => {
    await expect(plan(web({ 'deploy/templates/up': { link: 'deploy' } }))).rejects.toThrow(
      'deploy/templates/up is a link to a folder that it is in',
    );
  });

  it('refuses folders that never end', async () => {
    const deep = `deploy/${Array.from({ length: 20 }, () => 'charts/a').join('/')}/Chart.yaml`;
    await expect(plan(web({ [deep]: chart('a') }))).rejects.toThrow('more than 32 folders within each other');
  });
});

describe('what a chart depends on', () => {
  it('is refused where it is not in the commit, with file, field and what to do', async () => {
    const files = web({ 'deploy/Chart.yaml': chart('web', dependsOn('{name: sub, version: 1.0.0}', REDIS)) });
    await expect(plan({ ...files, 'deploy/charts/sub/Chart.yaml': chart('sub') })).rejects.toThrow(
      'deploy/Chart.yaml: dependencies[1]: redis (17.x of https://charts.example.com) is not in deploy/charts/, and nothing is fetched from elsewhere; run helm dependency build, and commit charts/',
    );
  });

  it('is there as a folder, and as an archive by the name within', async () => {
    const files = web({
      'deploy/Chart.yaml': chart('web', dependsOn('{name: sub, version: 1.0.0}', REDIS)),
      'deploy/charts/sub/Chart.yaml': chart('sub'),
      'deploy/charts/redis-17.0.1.tgz': archiveOf({ name: 'redis/Chart.yaml', content: chart('redis') }),
      'deploy/charts/README.md': 'x',
      'deploy/charts/_drafts/notes.txt': 'x',
    });
    await expect(plan(files)).resolves.toMatchObject({ entry: 'deploy/Chart.yaml' });
  });

  it('is looked for as charts of version 1 name it, too', async () => {
    const old = 'apiVersion: v1\nname: web\nversion: 1.0.0\n';
    const files = web({ 'deploy/Chart.yaml': old, 'deploy/requirements.yaml': dependsOn(REDIS) });
    await expect(plan(files)).rejects.toThrow('redis (17.x');
  });

  it.each([
    ['no mapping', '- a\n', 'this is not what describes a chart'],
    ['broken', 'a: [\n', 'deploy/Chart.yaml:'],
    ['without a name', 'apiVersion: v2\n', 'name: the chart has no name'],
    ['named like a path', 'apiVersion: v2\nname: ../up\n', 'name: the chart has no name'],
  ])('is not looked for in a Chart.yaml that is %s', async (_, text, why) => {
    await expect(plan(web({ 'deploy/Chart.yaml': text }))).rejects.toThrow(why);
  });
});

describe('an archive of a sub-chart', () => {
  const nested = (depth: number): Buffer =>
    archiveOf(
      { name: 'a/Chart.yaml', content: chart('a') },
      { name: 'a/charts/b.tgz', content: depth === 0 ? '' : nested(depth - 1) },
    );
  const holding = (entry: Parameters<typeof archiveOf>[0]): Buffer =>
    archiveOf({ name: 'a/Chart.yaml', content: chart('a') }, entry);
  const zeros = Buffer.alloc(20 * 2 ** 20);

  it.each([
    [
      'unpacks to more than a chart may be',
      holding({ name: 'a/x', content: Buffer.alloc(40 * 2 ** 20) }),
      'more than 32 MiB, unpacked',
    ],
    [
      'holds archives that together unpack to more',
      holding({ name: 'a/b.tgz', content: archiveOf({ name: 'x', content: zeros }, { name: 'y', content: zeros }) }),
      'more than 32 MiB, unpacked',
    ],
    [
      'hides such an archive under another name',
      holding({ name: 'a/x.txt', content: archiveOf({ name: 'x', content: zeros }, { name: 'y', content: zeros }) }),
      'more than 32 MiB, unpacked',
    ],
    ['is deeper than sense', nested(5), 'archives are more than 4 deep'],
    [
      'claims more bytes than it has',
      holding({ name: 'a/x', content: '', size: 2 ** 30 }),
      'has an entry that no chart has, or is cut off',
    ],
    ['has a file with holes', holding({ name: 'a/x', content: '', type: 'S' }), 'has an entry that no chart has'],
    [
      'has a file with holes as PAX tells them',
      holding({ name: 'x', content: '22 GNU.sparse.major=1\n', type: 'x' }),
      'files with holes',
    ],
    [
      'holds more files than anybody counts',
      archiveOf(...Array.from({ length: 10_001 }, (_, n) => ({ name: `a/${n}`, content: '' }))),
      'more than 10000 files',
    ],
    ['is no archive', Buffer.from('<html>not found</html>'), 'not gzip, or broken'],
    [
      'has no chart',
      archiveOf({ name: 'a/b/Chart.yaml', content: chart('a') }),
      'has no Chart.yaml in its only folder',
    ],
  ])('that %s is refused before helm is started', async (_, archive, why) => {
    await expect(plan(web({ 'deploy/charts/a.tgz': archive }))).rejects.toThrow(
      new RegExp(`^deploy/charts/a.tgz: .*${why}`),
    );
  });

  it('counts with the others of the chart', async () => {
    const half = holding({ name: 'a/x', content: zeros });
    await expect(plan(web({ 'deploy/charts/a.tgz': half }))).resolves.toBeDefined();
    await expect(plan(web({ 'deploy/charts/a.tgz': half, 'deploy/charts/b.tgz': half }))).rejects.toThrow(
      'deploy/charts/b.tgz: ',
    );
  });
});

describe('what helm printed', () => {
  const files = web({
    'deploy/Chart.yaml': chart('web', dependsOn('{name: sub, version: 1.0.0, alias: db}', REDIS)),
    'deploy/charts/sub-folder/Chart.yaml': chart('sub'),
    'deploy/charts/redis-17.0.1.tgz': archiveOf({ name: 'redis/Chart.yaml', content: chart('redis') }),
    'deploy/crds/all.yaml': 'metadata: {name: things.example.com}',
  });
  const taken = async (text: string): Promise<({ path: string | undefined } | undefined)[]> => {
    const made = await plan(files);
    const read = readManifests([{ path: 'printed', text }]);
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    return read.value.manifests.map((manifest) => helm.rendered(manifest, made));
  };
  const object = (kind: string, more = ''): string => `kind: ${kind}\napiVersion: v1\nmetadata:\n  name: a\n${more}`;

  it.each([
    ['web/templates/a.yaml', 'deploy/templates/a.yaml'],
    ['web/templates/sub folder/a.yaml', 'deploy/templates/sub folder/a.yaml'],
    ['web/charts/db/templates/a.yaml', 'deploy/charts/sub-folder/templates/a.yaml'],
    ['web/charts/sub/templates/a.yaml', 'deploy/charts/sub-folder/templates/a.yaml'],
    ['web/charts/redis/templates/a.yaml', 'deploy/charts/redis-17.0.1.tgz'],
    ['elsewhere/templates/a.yaml', undefined],
  ])('from %s is declared by %s', async (template, path) => {
    expect(await taken(`---\n# Source: ${template}\n${object('ConfigMap')}`)).toMatchObject([{ path }]);
  });

  it('is called by its own template, whatever a template says it is from', async () => {
    const text = `---\n# Source: web/templates/a.yaml\n# Source: web/templates/b.yaml\n${object('ConfigMap')}`;
    expect(await taken(text)).toMatchObject([{ path: 'deploy/templates/a.yaml' }]);
  });

  it('is a definition of the file that names it, of which helm says nothing', async () => {
    const definition = 'kind: CustomResourceDefinition\napiVersion: v1\nmetadata:\n  name: things.example.com\n';
    expect(await taken(`---\n# Source: web/crds/all.yaml\n---\n${definition}`)).toMatchObject([
      { path: 'deploy/crds/all.yaml' },
    ]);
  });

  const hook = (events: string): string =>
    `---\n# Source: web/templates/job.yaml\n${object('Job', `  annotations: {"helm.sh/hook": "${events}"}\n`)}`;

  it.each(['test', 'pre-install', 'pre-delete'])('is taken with its place where it is a hook: %s', async (events) => {
    expect(await taken(hook(events))).toMatchObject([
      { path: 'deploy/templates/job.yaml', object: { metadata: { annotations: { 'helm.sh/hook': events } } } },
    ]);
  });
});

describe('what helm says', () => {
  it('calls templates by their place in the repository, without advice on flags', async () => {
    const made = await plan(web());
    const said = 'execution error at (web/templates/f.yaml:1:3): no way  Use --debug flag to render out invalid YAML';
    expect(helm.inRepository?.(said, made)).toBe('execution error at (deploy/templates/f.yaml:1:3): no way');
    expect(helm.inRepository?.('template: a/templates/x.yaml:1:2', made)).toBe('template: a/templates/x.yaml:1:2');
  });

  const unknown = (types: string): string => `level=INFO msg="skipping unknown hooks" hookTypes=${types}\n`;

  it('of a hook that it does not know refuses the commit, since the object is not in what it printed', async () => {
    const job = '# helm.sh/hook:\nannotations:\n  helm.sh/hook: pre-instal\n';
    const made = await plan(web({ 'deploy/templates/job.yaml': job }));
    expect(helm.objection?.(unknown('pre-instal'), made)).toContain(
      'deploy/templates/job.yaml: helm knows no hook pre-instal',
    );
    expect(helm.objection?.(unknown('"a, b"'), made)).toContain('deploy/Chart.yaml: helm knows no hook a, b');
    expect(helm.objection?.('level=WARN msg="this chart is deprecated"', made)).toBeUndefined();
  });

  it('of a definition for Helm 2 refuses it, unless the chart has definitions for later ones', async () => {
    expect(helm.objection?.(unknown('crd-install'), await plan(web()))).toContain('move the file to the folder crds');
    const made = await plan(web({ 'deploy/crds/a.yaml': MAP }));
    expect(helm.objection?.(unknown('crd-install'), made)).toBeUndefined();
  });

  it.each([
    ['{{ randAlphaNum 10 }}', true],
    ['{{ genCA "a" 365 }}', true],
    ['{{ now | date "2006" }}', true],
    ['{{ keys .Values.a | join "," }}', true],
    ['# as is known, a random text from values', false],
  ])('is asked for twice where a template may draw lots: %s', async (template, draws) => {
    expect(helm.isAnotherEachTime?.(await plan(web({ 'deploy/templates/b.yaml': template })))).toBe(draws);
  });
});
