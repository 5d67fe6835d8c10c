// `sluice render`: a folder of a checkout as an Application would declare it, with what is wrong told by file and line.
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseRenderOptions } from '../../src/cli/render-options.ts';
import { render } from '../../src/cli/render.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { Checkout, said, type Files, type Said } from './checkouts.ts';

const CONFIG = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: "on" }\n';
const ROLLOUT = `apiVersion: sluice.dev/v1alpha1
kind: Rollout
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "registry.example/web:1" }] }
  strategy: { canary: { steps: [{ setWeight: 10 }, { pause: {} }] } }
`;
const APPLICATION = `apiVersion: sluice.dev/v1alpha1
kind: Application
metadata: { name: shop, namespace: shop }
spec:
  source: { repoURL: "https://git.example.com/acme/shop.git", path: deploy, exclude: [draft.yaml] }
`;

describe('sluice render', () => {
  const checkouts: Checkout[] = [];
  afterEach(() => {
    for (const checkout of checkouts.splice(0)) checkout.remove();
  });

  function checkout(files: Files): Checkout {
    const made = new Checkout(files);
    checkouts.push(made);
    return made;
  }

  const run = (at: Checkout, ...args: string[]): Promise<Said> =>
    said(at.root, (output) => render(parseRenderOptions(args), output));

  const renders = (files: Files, ...args: string[]): Promise<Said> => run(checkout(files), ...args);

  it('prints each object in its place, under the file and line that declare it', async () => {
    const { code, out, err } = await renders({ 'deploy/config.yaml': `# first\n${CONFIG}` }, 'deploy', '-n', 'shop');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      "---\n# config.yaml:2\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: shop\ndata:\n  level: 'on'\n",
    );
  });

  it('names files from the root of the repository, and works on what is not committed', async () => {
    const at = checkout({ 'deploy/config.yaml': CONFIG }).init();
    at.write({ 'deploy/rollout.yaml': ROLLOUT });
    const { code, out } = await run(at, 'deploy');
    expect(code).toBe(0);
    expect(out.match(/^# .*/gm)).toEqual(['# deploy/config.yaml:1', '# deploy/rollout.yaml:1']);
  });

  it('says where an object goes that names no namespace, and asks nobody else', async () => {
    const { out, err } = await renders({ 'd/a.yaml': CONFIG }, 'd');
    expect(out).toContain('namespace: default');
    expect(err).toBe(
      "note: what names no namespace goes to default: --namespace NAME names another, -f takes an Application's",
    );
  });

  it('tells every problem of all files, and then prints nothing', async () => {
    const { code, out, err } = await renders(
      { 'd/a.yaml': 'a: [1\n', 'd/b.yaml': 'kind: ConfigMap\n', 'd/c.yaml': CONFIG },
      'd',
      '-n',
      'shop',
    );
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/^a\.yaml:\d: /),
      'b.yaml:1: apiVersion is missing; write for example apiVersion: v1',
    ]);
  });

  it('refuses an object that is declared twice, by both places', async () => {
    const { code, err } = await renders({ 'd/a.yaml': CONFIG, 'd/b.yaml': CONFIG }, 'd', '-n', 'shop');
    expect(code).toBe(1);
    expect(err).toBe('b.yaml:1: ConfigMap shop/settings is already declared at a.yaml:1');
  });

  it('asks of a misspelt field of its own kinds whether the right one was meant, and only that', async () => {
    const wrong = ROLLOUT.replace('setWeight', 'setWieght');
    const { code, err } = await renders({ 'd/web.yaml': wrong }, 'd', '-n', 'shop');
    expect(code).toBe(1);
    expect(err).toBe(
      'web.yaml:1: Rollout shop/web: spec.strategy.canary.steps[0].setWieght: there is no such field (did you mean setWeight?)',
    );
  });

  it('says what the rules of its own kinds say', async () => {
    const wrong = ROLLOUT.replace('labels: { app: web }', 'labels: { app: wob }');
    const { err } = await renders({ 'd/web.yaml': wrong }, 'd', '-n', 'shop');
    expect(err).toContain('must have app: web, which the selector asks for');
  });

  it.each([
    ['sluice.dev/v1alpha1', 'Rolout', 'sluice.dev has no kind Rolout (did you mean Rollout?)'],
    ['sluice.dev/v1', 'Rollout', 'sluice.dev/v1 is not served; write sluice.dev/v1alpha1'],
    ['apps/v1', 'Deploymnet', 'there is no kind Deploymnet in apps/v1 (did you mean Deployment?)'],
  ])('refuses %s %s, which nobody serves', async (apiVersion, kind, why) => {
    const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\nspec: {}\n`;
    const { code, err } = await renders({ 'd/a.yaml': text }, 'd', '-n', 'shop');
    expect(code).toBe(1);
    expect(err).toContain(why);
  });

  it('judges every kind that has a definition', async () => {
    const text =
      'apiVersion: sluice.dev/v1alpha1\nkind: ReleasePolicy\nmetadata: { name: a }\nspec: { stp: { reason: x } }\n';
    const { code, err } = await renders({ 'd/a.yaml': text }, 'd', '-n', 'shop');
    expect(code).toBe(1);
    expect(err).toContain('spec.stp: there is no such field (did you mean stop?)');
  });

  it('leaves Rollouts of Argo Rollouts to it, but for a slip of the pen', async () => {
    const argo = ROLLOUT.replace('sluice.dev', 'argoproj.io').replace(
      'spec:\n',
      'spec:\n  workloadRef: { name: web }\n',
    );
    const fine = await renders({ 'd/a.yaml': argo }, 'd', '-n', 'shop');
    expect(fine).toMatchObject({
      code: 0,
      err: "note: Rollout shop/web: it is Argo Rollouts that drives it, not Sluice; Sluice's own Rollout has no spec.workloadRef",
    });
    const slip = await renders({ 'd/a.yaml': argo.replace('setWeight', 'setWieght') }, 'd', '-n', 'shop');
    expect(slip).toMatchObject({ code: 1 });
    expect(slip.err).toContain('(did you mean setWeight?)');
  });

  it('refuses an annotation that is an act on the cluster, and metadata that no object has', async () => {
    const text = CONFIG.replace(
      'name: settings',
      'name: settings, lables: {}, annotations: { sluice.dev/promote: "true" }',
    );
    const { err } = await renders({ 'd/a.yaml': text }, 'd', '-n', 'shop');
    expect(err).toContain('the annotation sluice.dev/promote cannot be declared');
    expect(err).toContain('metadata.lables: there is no such field (did you mean labels?)');
  });

  it.each<[string, Files, string]>([
    [
      'a pointer of Git LFS',
      { 'd/a.yaml': 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n' },
      'pointer of Git LFS',
    ],
    [
      'what SOPS has encrypted',
      { 'd/a.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nsops: { mac: x, version: "3" }\n' },
      'encrypted by SOPS, which Sluice does not decrypt',
    ],
    ['a repository within', { 'd/x/.git/HEAD': '', 'd/x/a.yaml': CONFIG }, 'd/x is a submodule, which is not fetched'],
    [
      'a kustomization among plain manifests',
      { 'd/x/kustomization.yaml': 'resources: []\n', 'd/a.yaml': CONFIG },
      'name d/x as spec.source.path',
    ],
    ['a link that leads out', { 'd/a.yaml': { link: '/etc/hostname' } }, 'd/a.yaml is a link out of the repository'],
    ['a link in a circle', { 'd/a.yaml': { link: 'b.yaml' }, 'd/b.yaml': { link: 'a.yaml' } }, 'in a circle'],
    ['a second document without a marker', { 'd/a.yaml': `${CONFIG}...\n${CONFIG}` }, 'a second document begins'],
    ['bytes that are not UTF-8', { 'd/a.yaml': Buffer.from([0x61, 0x3a, 0x20, 0xff]) }, 'is not UTF-8'],
    ['what was saved as UTF-16', { 'd/a.yaml': Buffer.from([0xff, 0xfe, 0x61, 0]) }, 'UTF-16'],
  ])('refuses %s', async (_what, files, why) => {
    const at = checkout({ '.keep': '', ...files });
    const { code, out, err } = await run(at, 'd', '--root', '.', '-n', 'shop');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(why);
  });

  it('takes a kind that it does not know to live in a namespace, and says so', async () => {
    const text = 'apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: { name: a }\n';
    const { code, err } = await renders({ 'd/a.yaml': text }, 'd', '-n', 'shop');
    expect(code).toBe(0);
    expect(err).toBe(
      'note: taken to live in a namespace, shop, as no cluster is asked and no definition is here: Certificate (cert-manager.io/v1)',
    );
  });

  it('knows a kind by its definition in the same folder, and holds objects against it', async () => {
    const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  scope: Cluster
  names: { kind: Widget, plural: widgets }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { color: { type: string } } } } }
`;
    const widget = 'apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: a }\nspec: { color: red }\n';
    const fine = await renders({ 'd/crd.yaml': definition, 'd/w.yaml': widget }, 'd', '-n', 'shop');
    expect(fine).toMatchObject({ code: 0, err: '' });
    expect(fine.out).not.toContain('namespace: shop');
    const wrong = { 'd/crd.yaml': definition, 'd/w.yaml': widget.replace('color', 'colour') };
    const { code, err } = await renders(wrong, 'd', '-n', 'shop');
    expect(code).toBe(1);
    expect(err).toBe('w.yaml:1: Widget a: unknown field "spec.colour" (did you mean color?)');
  });

  it('lists files that look like manifests and declare nothing, hidden ones and ignored ones apart', async () => {
    const at = checkout({
      'd/values.yaml': 'replicas: 2\n',
      'd/.draft.yaml': 'a: [\n',
      'd/a.yaml': CONFIG,
      '.gitignore': 'local.yaml\n',
    }).init();
    at.write({ 'd/local.yaml': 'a: [\n' });
    const { code, err } = await run(at, 'd', '-n', 'shop');
    expect({ code, err }).toEqual({
      code: 0,
      err: 'd/values.yaml: skipped: no apiVersion and no kind\nd/local.yaml: not read: Git ignores it',
    });
  });

  it('reads what Git ignores where it is tracked nevertheless, or is what was asked for', async () => {
    const at = checkout({ 'd/local.yaml': CONFIG }).init();
    at.write({ '.gitignore': 'local.yaml\nout/\n', 'out/a.yaml': CONFIG });
    expect(await run(at, 'd', '-n', 'shop')).toMatchObject({ code: 0, err: '' });
    expect(await run(at, 'out', '-n', 'shop')).toMatchObject({ code: 0, err: '' });
  });

  it('says of an empty folder what is there and what Sluice reads', async () => {
    const { code, out, err } = await renders(
      { 'd/web.jsonnet': '{}', 'd/lib/k.libsonnet': '{}', 'd/.a.yaml': CONFIG },
      'd',
    );
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe(
      'the folder declares nothing; there is 1 *.jsonnet, 1 *.libsonnet; names that begin with a dot are left out: .a.yaml; Sluice reads *.yaml, *.yml and *.json, a folder with a kustomization.yaml (by kustomize) and one with a Chart.yaml (by helm); 2 files of Jsonnet, which Sluice does not render: commit what is made of them',
    );
  });

  it('says so of Jsonnet beside manifests, which is no fault', async () => {
    const { code, err } = await renders({ 'd/web.jsonnet': '{}', 'd/a.yaml': CONFIG }, 'd', '-n', 'shop');
    expect({ code, err }).toEqual({
      code: 0,
      err: 'note: 1 file of Jsonnet, which Sluice does not render: commit what is made of it',
    });
  });

  it('prints hooks, says what they are, and names what is left out', async () => {
    const job = (more: string): string =>
      `apiVersion: batch/v1\nkind: Job\nmetadata: { ${more} }\nspec: { template: { spec: { containers: [] } } }\n`;
    const hook = job('generateName: migrate-, annotations: { argocd.argoproj.io/hook: PreSync }');
    const skip = job('name: skip, annotations: { argocd.argoproj.io/hook: Skip }');
    const { code, out, err } = await renders({ 'd/a.yaml': hook, 'd/b.yaml': skip }, 'd', '-n', 'shop');
    expect(code).toBe(0);
    expect(out).toContain('# a.yaml:1, a hook: PreSync\n');
    expect(out).toContain('generateName: migrate-');
    expect(out).not.toMatch(/ name: ''/);
    expect(err).toMatch(/^note: not applied: Job shop\/skip \(/);
  });

  it('says of manifests without an object that they hold none', async () => {
    const { code, err } = await renders({ 'd/a.yaml': '# nothing yet\n', 'd/b.txt': '' }, 'd');
    expect(code).toBe(1);
    expect(err).toMatch(
      /^the folder declares nothing; there is 1 \*\.yaml, 1 \*\.txt, with no object in them; Sluice reads/,
    );
  });

  it('names the folders that are rendered by themselves, where one was meant', async () => {
    const files = { 'apps/a/kustomization.yaml': '', 'apps/b/Chart.yaml': '', 'c/a.yaml': CONFIG };
    const { code, err } = await run(checkout(files).init(), '.');
    expect(code).toBe(1);
    expect(err).toContain('note: folders that are rendered, each by itself: apps/a, apps/b');
  });

  it('names the chart that a folder of templates is part of', async () => {
    const files = { 'web/Chart.yaml': '', 'web/templates/a.yaml': '{{ if .Values.a }}\na: 1\n{{ end }}\n' };
    const { code, err } = await run(checkout(files).init(), 'web/templates');
    expect(code).toBe(1);
    expect(err).toContain('note: web/templates is part of web, which is rendered as a whole: name that');
  });

  it('refuses a Secret whose data is not base64, without telling it', async () => {
    const text = 'apiVersion: v1\nkind: Secret\nmetadata: { name: a }\ndata: { fine: aGk=, token: hunter2! }\n';
    const { code, err } = await renders({ 'd/a.yaml': text }, 'd', '-n', 'shop');
    expect({ code, err }).toEqual({
      code: 1,
      err: 'a.yaml:1: Secret shop/a: data.token: it is not base64; put text into stringData',
    });
  });

  it.each([
    ['v1', 'Namespace'],
    ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
    ['cert-manager.io/v1', 'ClusterIssuer'],
    ['argoproj.io/v1alpha1', 'ClusterAnalysisTemplate'],
  ])('gives no namespace to %s %s', async (apiVersion, kind) => {
    const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\n`;
    const { out } = await renders({ 'd/a.yaml': text }, 'd', '-n', 'shop');
    expect(out).toContain(`kind: ${kind}`);
    expect(out).not.toContain('namespace:');
  });

  it('takes path, namespace and what is excluded from an Application', async () => {
    const at = checkout({ 'app.yaml': APPLICATION, 'deploy/a.yaml': CONFIG, 'deploy/draft.yaml': 'a: [\n' });
    const { code, out, err } = await run(at, '-f', 'app.yaml');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('# deploy/a.yaml:1');
    expect(out).toContain('namespace: shop');
  });

  it('says what an Application takes the word of others for', async () => {
    const at = checkout({
      'app.yaml': APPLICATION,
      'deploy/a.yaml':
        'apiVersion: v1\nkind: Namespace\nmetadata: { name: other }\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: {}\n',
    });
    const { code, err } = await run(at, '-f', 'app.yaml');
    expect(code).toBe(0);
    expect(err).toContain('note: Namespace other: belongs to no namespace');
    expect(err).toContain('note: Namespace other and 1 more: is of a kind that needs an account');
  });

  it('refuses an Application that is written wrongly, by its file', async () => {
    const at = checkout({ 'app.yaml': APPLICATION.replace('path: deploy', 'pth: deploy') });
    const { code, err } = await run(at, '-f', 'app.yaml');
    expect(code).toBe(1);
    expect(err).toContain('app.yaml:1: Application shop: spec.source.pth: there is no such field (did you mean path?)');
  });

  it('asks which of several Applications is meant', async () => {
    const other = APPLICATION.replace('name: shop,', 'name: cart,').replace('path: deploy', 'path: cart');
    const at = checkout({ 'app.yaml': `${APPLICATION}---\n${other}`, 'cart/a.yaml': CONFIG });
    await expect(run(at, '-f', 'app.yaml')).rejects.toThrow(
      'it declares several Applications, shop, cart: choose one by --name',
    );
    expect(await run(at, '-f', 'app.yaml', '--name', 'cart')).toMatchObject({ code: 0 });
  });

  it.each([
    [[], 'name the folder to render'],
    [['deply'], 'there is no deply; did you mean deploy?'],
    [['deploy', 'other'], 'one folder at a time'],
    [['deploy', '--root', 'other'], 'deploy is not below --root other'],
    [['deploy', '--kube-version', 'new'], '--kube-version new: write a version'],
    [['deploy', '--values', 'none.yaml'], 'there is no none.yaml'],
    [['-f', 'none.yaml'], '-f none.yaml: there is no such file'],
    [['-f', 'deploy/a.yaml'], 'it declares no Application of sluice.dev'],
    [['deploy', '--wrong'], "Unknown option '--wrong'"],
  ])('answers %j with what to write', async (args, why) => {
    const at = checkout({ 'deploy/a.yaml': CONFIG, 'other/a.yaml': CONFIG });
    const asked = Promise.resolve().then(() => run(at, ...args));
    await expect(asked).rejects.toThrow(why);
    await expect(asked).rejects.toBeInstanceOf(UsageError);
  });

  it('renders a kustomization with its base beside the folder, and names the files that declare', async () => {
    const at = checkout({
      'base/kustomization.yaml': 'resources: [a.yaml]\n',
      'base/a.yaml': CONFIG,
      'overlays/production/kustomization.yaml': 'resources: [../../base]\n',
    }).init();
    const origin = 'annotations: { config.kubernetes.io/origin: "path: ../../base/a.yaml" }';
    const script = `printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: { name: a, ${origin} }\\n'`;
    const program = at.program('kustomize', 'v5.8.2', script);
    const { code, out, err } = await run(at, 'overlays/production', '-n', 'shop', '--kustomize', program);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^---\n# base\/a\.yaml, by Kustomize v5\.8\.2\n/);
    expect(out).not.toContain('config.kubernetes.io/origin');
  });

  it('gives helm the name, the values and the version that are named', async () => {
    const at = checkout({
      'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
      'charts/web/templates/a.yaml': 'x',
      'env/production.yaml': 'a: 1\n',
    }).init();
    const map = 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: { name: a }\\ndata: { args: "%s" }\\n';
    const program = at.program('helm', 'v4.3.1', `printf -- '---\\n# Source: web/templates/a.yaml\\n${map}' "$*"`);
    const args = ['--values', 'env/production.yaml', '--name', 'shop', '--kube-version', '1.33', '--helm', program];
    const { code, out, err } = await run(at, 'charts/web', '-n', 'prod', ...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('# charts/web/templates/a.yaml, by Helm v4.3.1');
    expect(out).toMatch(/--namespace=prod .*--kube-version=v1\.33\.0 --values=\S+\/env\/production\.yaml -- shop /);
  });

  it('says which program is missing, and how to name it', async () => {
    const at = checkout({ 'd/kustomization.yaml': 'resources: []\n' });
    const { code, err } = await run(at, 'd', '--kustomize', join(at.root, 'none'));
    expect(code).toBe(1);
    expect(err).toContain('this is input of Kustomize, and kustomize is not at');
  });

  it('reads a worktree, whose .git is a file', async () => {
    const at = checkout({ 'deploy/a.yaml': CONFIG, '.gitignore': '*.local.yaml\n' }).init();
    at.git('worktree', 'add', '--quiet', 'tree');
    at.write({ 'tree/deploy/b.local.yaml': CONFIG });
    const { code, out, err } = await run(at, 'tree/deploy', '-n', 'shop');
    expect({ code, err }).toEqual({ code: 0, err: 'deploy/b.local.yaml: not read: Git ignores it' });
    expect(out).toContain('# deploy/a.yaml:1');
  });
});
