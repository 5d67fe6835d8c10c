// `sluice plan`: what a change to a repository would do, told of a checkout alone.
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parsePlanOptions } from '../../src/cli/plan-options.ts';
import { plan } from '../../src/cli/plan.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import type { Plan } from '../../src/plan/types.ts';
import { Checkout, said, type Files, type Said } from './checkouts.ts';

const REPO = 'https://git.example.com/acme/shop.git';
const application = (name: string, path: string, more = ''): string =>
  `apiVersion: sluice.dev/v1alpha1\nkind: Application\nmetadata: { name: ${name}, namespace: shop }\nspec:\n  source: { repoURL: "${REPO}", path: ${path} }\n${more}`;
const config = (name: string, value = 'one'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { value: ${value} }\n`;
const rollout = (image: string): string => `apiVersion: sluice.dev/v1alpha1
kind: Rollout
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "${image}" }] }
  strategy: { canary: { steps: [{ setWeight: 10 }, { pause: { duration: 90s } }, { pause: {} }] } }
`;

const FILES: Files = {
  'apps.yaml': `${application('shop', 'deploy', '  sync: { prune: true }\n')}---\n${application('cart', 'cart')}`,
  'deploy/web.yaml': rollout('registry.example/web:1'),
  'deploy/config.yaml': config('settings'),
  'cart/config.yaml': config('cart'),
};

describe('sluice plan', () => {
  const checkouts: Checkout[] = [];
  afterEach(() => {
    for (const checkout of checkouts.splice(0)) checkout.remove();
  });

  function checkout(files: Files = FILES): Checkout {
    const made = new Checkout(files).init();
    checkouts.push(made);
    return made;
  }

  const run = (at: Checkout, ...args: string[]): Promise<Said> =>
    said(at.root, (output) => plan(parsePlanOptions(args), output));

  async function planned(at: Checkout, ...args: string[]): Promise<Plan> {
    const { out } = await run(at, '--json', ...args);
    return JSON.parse(out) as Plan;
  }

  it('tells the release that a change of the files begins, and whom it leaves alone', async () => {
    const at = checkout();
    at.write({ 'deploy/web.yaml': rollout('registry.example/web:2') });
    const { code, out, err } = await run(at);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const head = at.git('rev-parse', '--short=7', 'HEAD');
    expect(out).toBe(`from the merge base with main (${head}) to the working tree

Application shop/shop: 1 changed (path deploy, declared in apps.yaml, follows main)
  ~ Rollout shop/web (deploy/web.yaml:1)
      @@ -15,7 +15,7 @@
           spec:
             containers:
             - name: web
      -        image: registry.example/web:1
      +        image: registry.example/web:2
         strategy:
           canary:
             steps:
  Rollout shop/web is released
    template.spec.containers[web].image: registry.example/web:1 → registry.example/web:2
      1. weight 10
      2. pause of 1m30s
      3. pause until a person promotes
      4. promotion: all traffic
    it takes at least 1m30s, and until a person promotes

nothing changes for shop/cart
`);
  });

  it('says so where nothing is touched', async () => {
    const { code, out } = await run(checkout());
    expect(code).toBe(0);
    expect(out).toContain('nothing changes for shop/cart, shop/shop\nNo Application is touched.');
  });

  it('compares with the commit where a branch left the default one, whatever came there since', async () => {
    const at = checkout();
    at.git('switch', '--quiet', '-c', 'change');
    at.write({ 'cart/more.yaml': config('more') });
    at.commit('More');
    at.git('switch', '--quiet', 'main');
    at.write({ 'deploy/config.yaml': config('settings', 'two') });
    at.commit('Meanwhile');
    at.git('switch', '--quiet', 'change');
    const { applications, from, to } = await planned(at);
    expect(from.name).toBe('the merge base with main');
    expect(to).toEqual({ name: 'the working tree' });
    expect(
      applications.map(({ name, objects }) => [name, objects.map(({ change, name: of }) => [change, of])]),
    ).toEqual([['cart', [['Added', 'more']]]]);
    const exact = await planned(at, '--from', 'main', '--to', 'change');
    expect(exact.applications.map(({ name }) => name)).toEqual(['cart', 'shop']);
    const since = await planned(at, '--from', 'main...', '--to', 'change');
    expect(since.applications.map(({ name }) => name)).toEqual(['cart']);
    expect(since.to.commit).toBe(at.git('rev-parse', 'change'));
  });

  it('works in a worktree, with references that are packed', async () => {
    const at = checkout();
    at.git('pack-refs', '--all');
    at.git('worktree', 'add', '--quiet', '-b', 'change', 'tree');
    at.write({ 'tree/cart/config.yaml': config('cart', 'two') });
    const { applications } = await planned(at, '--repo', 'tree/deploy');
    expect(applications.map(({ name }) => name)).toEqual(['cart']);
  });

  it('refuses what the agent would, by file and line, with exit code 1', async () => {
    const at = checkout();
    at.write({ 'deploy/web.yaml': rollout('registry.example/web:2').replace('setWeight', 'setWieght') });
    const { code, out } = await run(at);
    expect(code).toBe(1);
    expect(out).toContain(
      '  refused deploy/web.yaml:1: Rollout shop/web: spec.strategy.canary.steps[0].setWieght: there is no such field (did you mean setWeight?)',
    );
    expect(out).toContain('It would be refused.');
  });

  it('does not blame a change for what was refused before and is left alone', async () => {
    const at = checkout({ ...FILES, 'cart/broken.yaml': 'a: [\n' });
    at.write({ 'deploy/config.yaml': config('settings', 'two') });
    const { code, out } = await run(at);
    expect(code).toBe(0);
    expect(out).toContain('nothing changes for shop/cart');
  });

  it('refuses a file that loses its kind, and a folder that loses all it declares', async () => {
    const at = checkout();
    at.write({ 'cart/config.yaml': 'value: one\n', 'deploy/config.yaml': 'value: one\n' });
    const { applications } = await planned(at);
    const messages = applications.map(({ problems }) => problems.map(({ message }) => message));
    expect(messages[0]).toEqual([
      expect.stringContaining('declared ConfigMap shop/cart, and has neither apiVersion nor kind now'),
      expect.stringContaining('declares nothing at all any more'),
    ]);
    expect(messages[1]).toEqual([expect.stringContaining('declared ConfigMap shop/settings')]);
  });

  it('refuses to change what cannot be changed', async () => {
    const at = checkout();
    at.write({ 'deploy/web.yaml': rollout('registry.example/web:1').replaceAll('app: web', 'app: wob') });
    const { code, out } = await run(at);
    expect(code).toBe(1);
    expect(out).toContain('refused deploy/web.yaml:1: Rollout shop/web: spec.selector cannot be changed');
  });

  it('says of each object that leaves Git what becomes of it', async () => {
    const at = checkout({
      ...FILES,
      'deploy/kept.yaml': config('kept').replace(
        'name: kept',
        'name: kept, annotations: { sluice.dev/prune: Disabled }',
      ),
      'deploy/moved.yaml': config('moved'),
    });
    for (const file of ['deploy/kept.yaml', 'deploy/moved.yaml', 'deploy/config.yaml']) at.delete(file);
    at.write({ 'cart/config.yaml': config('moved') });
    const { applications } = await planned(at);
    const fates = applications.flatMap(({ name, objects }) =>
      objects.flatMap(({ fate, name: of }) => (fate === undefined ? [] : [[name, of, fate.is, fate.why]])),
    );
    expect(fates).toEqual([
      ['cart', 'cart', 'Kept', 'kept, as sync.prune is off'],
      ['shop', 'settings', 'Deleted', 'deleted (sync.prune)'],
      ['shop', 'kept', 'Kept', 'kept by the annotation sluice.dev/prune: Disabled'],
      ['shop', 'moved', 'HandedOver', 'left to Application shop/cart, which declares it'],
    ]);
  });

  it('says that many deletions wait for a word', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const at = checkout({ ...FILES, 'deploy/many.yaml': names.map((name) => config(name)).join('---\n') });
    at.delete('deploy/many.yaml');
    const { out } = await run(at);
    expect(out).toContain(
      '6 objects would be deleted, more than sync.pruneLimit: annotate the Application with sluice.dev/confirm-prune=<short commit>, else they stay',
    );
  });

  it('never shows the value of a Secret, nor where it is repeated', async () => {
    const secret = (value: string, plain: string): string =>
      `apiVersion: v1\nkind: Secret\nmetadata: { name: access }\ndata: { token: ${Buffer.from(value).toString('base64')} }\nstringData: { other: ${plain}, same: never-changed }\n`;
    const at = checkout({ ...FILES, 'cart/secret.yaml': secret('hunter2-before', 'swordfish-1') });
    at.write({
      'cart/secret.yaml': secret('hunter2-after', 'swordfish-2'),
      'cart/config.yaml': config('cart', 'swordfish-2'),
    });
    for (const format of ['--json', '--markdown', '--from=HEAD']) {
      const { out } = await run(at, format);
      expect(out).not.toMatch(/hunter2|swordfish|aHVudGVy|never-changed/);
      expect(out).toContain('(hidden, another value)');
    }
    const { out } = await run(at);
    expect(out).toMatch(/- {2}token: \(hidden\)\n\s+\+ {2}token: \(hidden, another value\)/);
    expect(out).not.toMatch(/[+-]\s+same:/);
  });

  it('takes Applications of another repository for none of its own, unless they are named', async () => {
    const at = checkout();
    at.git('remote', 'add', 'origin', 'git@git.example.com:acme/other.git');
    await expect(run(at)).rejects.toThrow(
      `Application shop/shop (apps.yaml) follows ${REPO}, which is no remote of this checkout; -f apps.yaml plans it all the same`,
    );
    at.write({ 'deploy/config.yaml': config('settings', 'two') });
    expect((await planned(at, '-f', 'apps.yaml')).applications.map(({ name }) => name)).toEqual(['shop', 'cart']);
    at.git('remote', 'set-url', 'origin', 'git@git.example.com:acme/shop.git');
    expect((await planned(at)).applications.map(({ name }) => name)).toEqual(['shop']);
    at.git('remote', 'set-url', 'origin', 'https://ci:token@git.example.com/acme/shop.git');
    expect((await planned(at)).applications.map(({ name }) => name)).toEqual(['shop']);
  });

  it('plans a path as it is, and says that it is new', async () => {
    const at = checkout();
    at.write({ 'new/config.yaml': config('new') });
    const { applications } = await planned(at, '--path', 'new/', '-n', 'team', '--path', './cart');
    expect(applications).toMatchObject([
      { name: 'new', namespace: 'team', objects: [{ change: 'Added', name: 'new', namespace: 'team' }] },
      { name: 'cart', objects: [] },
    ]);
    const { out } = await run(at, '--path', 'cart', '-n', 'team');
    expect(out).toContain('\nPath cart in namespace team: nothing changes\n');
  });

  it('plans a new Application, one that is gone, and one whose path moves', async () => {
    const at = checkout();
    at.write({
      'apps.yaml': `${application('cart', 'basket')}---\n${application('news', 'news')}`,
      'basket/config.yaml': config('cart'),
      'news/config.yaml': config('news'),
    });
    const { applications } = await planned(at);
    expect(applications.map(({ name, change, objects }) => [name, change, objects.map((each) => each.change)])).toEqual(
      [
        ['news', 'Added', ['Added']],
        ['shop', 'Removed', ['Removed', 'Removed']],
      ],
    );
    expect(applications[1]?.objects[0]?.fate).toEqual({
      is: 'Kept',
      why: 'deleting an Application deletes nothing that it applied',
    });
  });

  it('tells an Application that is written wrongly', async () => {
    const at = checkout();
    at.write({ 'more.yaml': application('more', 'cart').replace('path:', 'pth:') });
    const { code, err } = await run(at);
    expect(code).toBe(1);
    expect(err).toContain(
      'more.yaml:1: Application more: spec.source.pth: there is no such field (did you mean path?)',
    );
  });

  it('tells of an Application whose file is wrong now that it is refused, why, and not that it is gone', async () => {
    const at = checkout();
    const wrong = application('shop', 'deploy', '  sync: { prne: true }\n');
    at.write({ 'apps.yaml': `${wrong}---\n${application('cart', 'cart')}` });
    const { refused, applications } = await planned(at);
    expect(refused).toBe(true);
    expect(applications.map(({ name, change, problems, objects }) => [name, change, problems.length, objects])).toEqual(
      [
        ['cart', 'Present', 1, []],
        ['shop', 'Present', 1, []],
      ],
    );
    const { code, out } = await run(at, '--markdown');
    expect(code).toBe(1);
    expect(out).toContain('spec.sync.prne: there is no such field (did you mean prune?)');
    expect(out).not.toContain('declared no more');
  });

  it('says which hooks run, as anything changes, and that those which are gone are not pruned', async () => {
    const job = (name: string, phase: string): string =>
      `apiVersion: batch/v1\nkind: Job\nmetadata: { name: ${name}, annotations: { sluice.dev/hook: ${phase} } }\nspec: { template: { spec: { containers: [] } } }\n`;
    const at = checkout({
      ...FILES,
      'deploy/hooks.yaml': `${job('migrate', 'PreSync')}---\n${job('old', 'PostSync')}`,
    });
    expect((await planned(at, '--path', 'deploy')).applications[0]?.hooks).toEqual([]);
    at.write({ 'deploy/hooks.yaml': job('migrate', 'PreSync'), 'deploy/config.yaml': config('settings', 'two') });
    const [shop] = (await planned(at)).applications;
    expect(shop?.hooks).toMatchObject([
      { kind: 'Job', name: 'migrate', phases: ['PreSync'], file: 'deploy/hooks.yaml' },
    ]);
    expect(shop?.prune.count).toBe(0);
    expect(shop?.objects.find(({ name }) => name === 'old')?.fate?.why).toMatch(/^a hook:/);
    expect((await run(at)).out).toContain('hook Job shop/migrate runs: PreSync');
  });

  it('renders both sides with the tool', async () => {
    const at = checkout({
      'app.yaml': application('shop', 'web'),
      'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
      'web/values.yaml': 'image: one\n',
    });
    const values = '$(while read -r line; do echo "$line"; done < web/values.yaml)';
    const script = `printf -- '---\\n# Source: web/values.yaml\\napiVersion: v1\\nkind: ConfigMap\\nmetadata: { name: a }\\ndata: { said: "%s" }\\n' "${values}"`;
    const program = at.program('helm', 'v4.3.1', script);
    at.write({ 'web/values.yaml': 'image: two\n' });
    const { applications } = await planned(at, '--helm', program);
    expect(applications).toMatchObject([
      { rendered: { tool: 'Helm', version: 'v4.3.1' }, objects: [{ change: 'Changed', file: 'web/values.yaml' }] },
    ]);
    expect(applications[0]?.objects[0]?.diff).toContain("-  said: 'image: one'\n+  said: 'image: two'");
  });

  it('writes a comment that a bot can find, and in which nothing of a stranger is markup', async () => {
    const at = checkout();
    at.write({
      'cart/config.yaml': `${config('cart')}---\n${config('"`x` @team <img src=x> [a](b) ``` y"')}`.replace(
        'one',
        '"```"',
      ),
    });
    const { out } = await run(at, '--markdown');
    expect(out.split('\n')[0]).toBe('<!-- sluice plan -->');
    expect(out).toContain('- added ````ConfigMap shop/`x` @team <img src=x> [a](b) ``` y```` in `cart/config.yaml:6`');
    expect(out).toContain('<summary><code>ConfigMap shop/`x` @team &lt;img src=x&gt; [a](b) ``` y</code></summary>');
    expect(out).toContain('````diff');
  });

  it('keeps a comment as short as a forge takes it, and says what it leaves out', async () => {
    const at = checkout();
    const lines = Array.from({ length: 900 }, (_, index) => `  key${index}: ${'v'.repeat(80)}`).join('\n');
    at.write({
      'cart/config.yaml': `${config('cart')}`,
      'cart/large.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: large }\ndata:\n${lines}\n`,
    });
    const { out } = await run(at, '--markdown');
    expect(out.length).toBeLessThan(65_536);
    expect(out).toContain('- added `ConfigMap shop/large`');
    expect(out).toContain('1 diff is left out here');
  });

  it('colours for people at a terminal alone', async () => {
    const at = checkout();
    at.write({ 'cart/config.yaml': config('cart', 'two') });
    const colored = await said(at.root, (output) => plan(parsePlanOptions([]), output), true);
    expect(colored.out).toContain('\u001b[32m+  value: two\u001b[0m');
    expect((await run(at)).out).not.toContain('\u001b');
  });

  it.each<[string[], string]>([
    [['--json', '--markdown'], 'choose one: --json or --markdown'],
    [['-f', 'apps.yaml', '--path', 'deploy'], 'choose one: -f'],
    [['--name', 'web'], '--namespace and --name are for --path'],
    [['--path', '../x'], '--path ../x: write a path in the repository'],
    [['--repo', 'none'], '--repo none: there is no such folder'],
    [['deploy'], "Unexpected argument 'deploy'"],
    [['-f', 'none.yaml'], '-f none.yaml: there is no such file'],
  ])('answers %j with what to write', async (args, why) => {
    const asked = Promise.resolve().then(() => run(checkout(), ...args));
    await expect(asked).rejects.toThrow(why);
    await expect(asked).rejects.toBeInstanceOf(UsageError);
  });

  it('says what to write where there is no repository, and where it declares no Application', async () => {
    const none = new Checkout({ 'deploy/config.yaml': config('a') });
    checkouts.push(none);
    await expect(run(none)).rejects.toThrow('is in no repository of Git');
    await expect(run(checkout({ 'deploy/config.yaml': config('a') }))).rejects.toThrow(
      'name a folder, --path deploy/production',
    );
    await expect(run(none, '--repo', join(none.root, 'deploy'))).rejects.toBeInstanceOf(UsageError);
  });
});
