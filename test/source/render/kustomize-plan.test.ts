// What a kustomization needs of its commit, and what is refused before the tool is started.
import { describe, expect, it } from 'vitest';
import { kustomize } from '../../../src/source/kustomize/kustomize.ts';
import type { RenderPlan } from '../../../src/source/render/renderer.ts';
import { filesOf } from './files.ts';

const plan = (texts: Record<string, string>, path = 'o'): Promise<RenderPlan> =>
  kustomize.plan(path, filesOf(texts), { namespace: 'shop' });
const taken = async (texts: Record<string, string>, path?: string): Promise<string[]> =>
  [...(await plan(texts, path)).files.keys()].sort();
const refusal = (texts: Record<string, string>): Promise<string> =>
  plan(texts).then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  );
const kustomization = (text: string) => ({ 'o/kustomization.yaml': text });

describe('the plan of a kustomization', () => {
  it('takes the files of every field that names some, through folders, and nothing else', async () => {
    const named = {
      'o/own.yaml': '',
      'o/crd.json': '{}',
      'o/config.yaml': '',
      'o/schema.json': '{}',
      'o/merge.yaml': '',
      'o/json.yaml': '',
      'o/patch.yaml': '',
      'o/replace.yaml': '',
      'o/app.properties': '',
      'o/app.env': '',
      'o/secret.env': '',
      'base/kustomization.yml': 'resources: [web.yaml, ../common/]\n',
      'base/web.yaml': '',
      'common/Kustomization': 'resources: [./all.yaml]\n',
      'common/all.yaml': '',
      'parts/x/kustomization.yaml': 'kind: Component\npatches: [{ path: p.yaml }]\n',
      'parts/x/p.yaml': '',
    };
    const text = `
resources: [../base, own.yaml]
components: [../parts/x]
crds: [crd.json]
configurations: [config.yaml]
openapi: { path: schema.json }
patchesStrategicMerge:
- merge.yaml
- |-
  apiVersion: v1
  kind: Service
  metadata: { name: a }
patchesJson6902: [{ target: { kind: Service, name: a, version: v1 }, path: json.yaml }]
patches: [{ path: patch.yaml }, { patch: "[]", target: { kind: Service } }]
replacements: [{ path: replace.yaml }]
configMapGenerator: [{ name: c, files: [app.properties, key=app.properties], envs: [app.env] }]
secretGenerator: [{ name: s, env: secret.env }]
`;
    const texts = { ...named, ...kustomization(text), 'o/unnamed.yaml': '', 'README.md': '' };
    expect(await taken(texts)).toEqual([...Object.keys(named), 'o/kustomization.yaml'].sort());
  });

  it('takes the files that configurations of built-in plug-ins name, from the folder that lists them', async () => {
    const plugin = 'apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: p }\npath: p.yaml\n';
    const generator =
      'apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: c }\nfiles: [a=c.txt]\nenvs: [e.env]\n';
    const texts = {
      ...kustomization(
        `generators: [g/g.yaml]\ntransformers: [t]\nvalidators:\n- |-\n  ${plugin.trim().replaceAll('\n', '\n  ')}\n`,
      ),
      'o/g/g.yaml': generator,
      'o/c.txt': '',
      'o/e.env': '',
      'o/p.yaml': '',
      'o/t/kustomization.yaml': 'resources: [x.yaml]\n',
      'o/t/x.yaml': plugin.replace('p.yaml', 'q.yaml'),
      'o/t/q.yaml': '',
    };
    expect(await taken(texts)).toEqual(Object.keys(texts).sort());
  });

  it('builds the folder alone, from files within it, and asks for origins in the temporary copy', async () => {
    const { args, entry, instead } = await plan({ ...kustomization('resources: [a.yaml] # ours\n'), 'o/a.yaml': '' });
    expect(entry).toBe('o/kustomization.yaml');
    expect(args).toEqual(['build', '--load-restrictor', 'LoadRestrictionsRootOnly', '{root}/o']);
    expect(instead).toEqual(
      new Map([['o/kustomization.yaml', 'resources: [a.yaml] # ours\nbuildMetadata: ["originAnnotations"]\n']]),
    );
  });

  it.each([
    [
      'another list',
      'buildMetadata:\n- managedByLabel\nimages: []\n',
      'images: []\nbuildMetadata: ["managedByLabel","originAnnotations"]\n',
    ],
    ['no line at the end', 'images: []', 'images: []\nbuildMetadata: ["originAnnotations"]\n'],
    ['the same asked for', 'buildMetadata: [originAnnotations]\n', undefined],
    ['braces, which have no line for it', '{ images: [] }\n', undefined],
  ])('asks for origins beside %s', async (_, text, asking) => {
    const { instead } = await plan(kustomization(text));
    expect(instead?.get('o/kustomization.yaml')).toBe(asking);
  });

  it.each([
    ['https://example.com/a.yaml', 'resources: [https://example.com/a.yaml]'],
    ['github.com/org/repo//base?ref=v1', 'resources: ["github.com/org/repo//base?ref=v1"]'],
    ['git@github.com:org/repo.git', 'bases: ["git@github.com:org/repo.git"]'],
    ['ssh://git@example.com/org/repo', 'components: ["ssh://git@example.com/org/repo"]'],
    ['https://example.com/p.yaml', 'patches: [{ path: "https://example.com/p.yaml" }]'],
    ['https://example.com/f', 'configMapGenerator: [{ name: c, files: ["k=https://example.com/f"] }]'],
  ])('refuses %s, and says what to write instead', async (value, text) => {
    expect(await refusal(kustomization(`${text}\n`))).toMatch(
      new RegExp(
        `^o/kustomization.yaml: \\w+\\[0\\]\\S*: ${JSON.stringify(value).replaceAll(/[.?/[\]]/g, '\\$&')} is elsewhere; .* commit those files here`,
      ),
    );
  });

  it.each([
    ['resources: [nothing.yaml]', 'resources[0]: there is no o/nothing.yaml in the commit'],
    ['resources: [aa.yml]', 'resources[0]: there is no o/aa.yml in the commit; did you mean o/aa.yaml?'],
    ['resources: [../../up.yaml]', 'resources[0]: "../../up.yaml" leads out of the repository'],
    ['resources: [/etc/passwd]', 'resources[0]: "/etc/passwd" leads out of the repository'],
    ['resources: [../plain]', 'resources[0]: plain has no kustomization.yaml'],
    ['components: [aa.yaml]', 'components[0]: o/aa.yaml is a file; name a folder'],
    ['patches: [{ path: ../plain }]', 'patches[0].path: plain is a folder; name a file'],
    ['helmCharts: [{ name: x, repo: "https://charts.example.com" }]', 'helmCharts: charts are not rendered from a'],
    ['transformers: [exec.yaml]', 'example.com/v1 Run: programs are not run'],
    ['generators:\n- |-\n  apiVersion: example.com/v1\n  kind: Run\n', 'generators[0]'],
    ['transformers: [function.yaml]', 'builtin LabelTransformer: programs are not run'],
    ['generators: [chart.yaml]', 'builtin HelmChartInflationGenerator: charts are not rendered from a'],
  ])('refuses %s by file and field', async (text, said) => {
    const texts = {
      'o/aa.yaml': '',
      'o/exec.yaml': 'apiVersion: example.com/v1\nkind: Run\n',
      'o/function.yaml':
        'apiVersion: builtin\nkind: LabelTransformer\nmetadata:\n  annotations: { config.kubernetes.io/function: "exec: { path: x }" }\n',
      'o/chart.yaml': 'apiVersion: builtin\nkind: HelmChartInflationGenerator\n',
      'plain/a.yaml': '',
    };
    expect(await refusal({ ...texts, ...kustomization(`${text}\n`) })).toMatch(/^o\/\w+\.yaml: /);
    expect(await refusal({ ...texts, ...kustomization(`${text}\n`) })).toContain(said);
  });

  it('says where a kustomization cannot be read, and which of two is too much', async () => {
    expect(await refusal(kustomization('resources:\n- [\n'))).toMatch(/^o\/kustomization.yaml:\d+: /);
    expect(await refusal({ ...kustomization(''), 'o/Kustomization': '' })).toBe(
      'o/kustomization.yaml and o/Kustomization are in one folder; keep one',
    );
  });

  it('comes to an end where folders name each other, which the tool says itself', async () => {
    const texts = { ...kustomization('resources: [../b]\n'), 'b/kustomization.yaml': 'resources: [../o]\n' };
    expect(await taken(texts)).toEqual(['b/kustomization.yaml', 'o/kustomization.yaml']);
  });
});

describe('an object that was printed', () => {
  const printed = async (text: string, origin: string, more: Record<string, string> = {}) => {
    const made = await plan({ ...kustomization(text), 'o/a.yaml': '', 'base/web.yaml': '' });
    const annotations = { ...more, 'config.kubernetes.io/origin': origin };
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', annotations } };
    return kustomize.rendered({ object, source: { path: '', line: 1, document: 0, text: '' } }, made);
  };

  it('knows its file, and loses the annotation that said so', async () => {
    expect(await printed('resources: [a.yaml]\n', 'path: a.yaml\n')).toEqual({
      object: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } },
      path: 'o/a.yaml',
    });
  });

  it('keeps its other annotations, and is of the kustomization where its generator stands', async () => {
    expect(await printed('resources: [a.yaml]\n', 'configuredIn: kustomization.yaml\n', { a: 'b' })).toMatchObject({
      object: { metadata: { annotations: { a: 'b' } } },
      path: 'o/kustomization.yaml',
    });
  });

  it('keeps an origin that the kustomization asks for itself', async () => {
    const text = 'resources: [a.yaml]\nbuildMetadata: [originAnnotations]\n';
    expect(await printed(text, 'path: a.yaml\n')).toMatchObject({
      object: { metadata: { annotations: { 'config.kubernetes.io/origin': 'path: a.yaml\n' } } },
      path: 'o/a.yaml',
    });
  });
});
