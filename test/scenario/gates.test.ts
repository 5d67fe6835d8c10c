// What is asked before a commit is applied (a signature, a window, a hook that succeeds) cannot be got round: by a new process, another path,
// a kind that comes later, keys that go, a hash that is the same; and it stands in the way of nothing that goes back.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { promoted, weight } from './given.ts';
import { jobOf } from './hooked.ts';
import { application, IMAGE, shop, yaml } from './manifests.ts';
import { givenApplication } from './ordering.ts';
import { ada, eve, secret, signedShop, SOURCE } from './signed-shop.ts';

describe('what a commit has to pass', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
    await cluster.start();
  });
  afterEach(() => cluster.close());
  const { app, push, refused, givenV1 } = signedShop(() => cluster);

  const KEYS = { allowed_signers: ada.line };
  const opensIn = (minutes: number) => {
    const at = new Date(cluster.clock.now() + minutes * 60_000);
    return [{ kind: 'Allow', schedule: `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`, duration: '1h' }];
  };
  const specify = (more: Record<string, unknown>) =>
    cluster.edit('Application', 'shop', (object) => Object.assign(object['spec'] as object, more));

  it('lets nothing new in once its keys are gone, though it was read and waits for a window', async () => {
    await givenV1();
    specify({ sync: { windows: opensIn(5) } });
    push(shop('v2'), 'Deploy v2', ada);
    await cluster.until('it waits', () => app()?.message?.includes('spec.sync.windows') ?? false);
    cluster.delete('Secret', 'signers');
    await cluster.run(60_000);
    await cluster.run(6 * 60_000);
    expect([app()?.message, cluster.declaredImage()]).toEqual([expect.anything(), IMAGE('v1')]);
  });

  it('takes its own revert, though something that left Git is kept', async () => {
    cluster.create(secret(KEYS));
    const extra = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra, namespace: shop }\ndata: { a: b }\n';
    push({ ...shop('v1'), 'deploy/extra.yaml': extra }, 'Deploy v1', ada);
    cluster.create(application({ source: SOURCE, sync: { prune: false } }));
    await promoted(cluster, 'v1');
    push({ 'deploy/extra.yaml': null }, 'Without extra', ada);
    await cluster.until('it is kept', () => app()?.resources?.some(({ status }) => status === 'PruneSkipped') ?? false);
    push(shop('v2'), 'Deploy v2', ada);
    await weight(cluster, 10);
    cluster.annotate('abort', 'too slow');
    await cluster.until('it is held', () => app()?.phase === 'Held');
    await cluster.run(120_000);
    expect([app()?.message, app()?.phase]).toEqual([expect.anything(), 'Synced']);
  });

  it('applies nothing of an unsigned commit with a new process, when a kind comes to be served', async () => {
    await givenV1();
    specify({ sync: { options: ['SkipMissingKinds'] }, source: { ...SOURCE, exclude: ['later.yaml'] } });
    await cluster.run(30_000);
    const later = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: evil, namespace: shop }\ndata: { a: b }\n';
    const other = push({ 'deploy/later.yaml': later }, 'Something that changes nothing here', eve);
    await cluster.until('it is taken', () => app()?.revision?.commit === other);
    // Without a new process it is refused, as it should be.
    cluster.end();
    specify({ source: SOURCE });
    await cluster.start();
    await cluster.run(60_000);
    expect([app()?.message, cluster.find('ConfigMap', 'evil')]).toEqual([expect.anything(), undefined]);
  });

  it('does not take back what a signed commit took out, by a commit that nobody signed', async () => {
    cluster.create(secret(KEYS));
    const extra = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra, namespace: shop }\ndata: { a: b }\n';
    push({ ...shop('v1'), 'deploy/extra.yaml': extra }, 'Deploy v1', ada);
    cluster.create(application({ source: SOURCE, sync: { prune: false } }));
    await promoted(cluster, 'v1');
    push({ 'deploy/extra.yaml': null }, 'Without extra', ada);
    await cluster.until('it is kept', () => app()?.resources?.some(({ status }) => status === 'PruneSkipped') ?? false);
    push({ 'deploy/extra.yaml': extra }, 'Extra again', eve);
    await cluster.run(60_000);
    cluster.edit('ConfigMap', 'extra', (object) => Object.assign(object, { data: {} }));
    await cluster.run(60_000);
    expect([app()?.message, app()?.phase]).toEqual([expect.anything(), 'Failed']);
  });

  // Found in a minute on one core: two texts whose ten characters of a hash are the same (27^10 is 2^47.5).
  it('applies nothing of a commit that nobody signed, whose object has the hash of one that somebody did', async () => {
    const extra = (a: string, n: number) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra, namespace: shop }\ndata: { a: ${a}, "n": "${n}" }\n`;
    cluster.create(secret(KEYS));
    push({ ...shop('v1'), 'deploy/extra.yaml': extra('good', 3349129) }, 'Deploy v1', ada);
    cluster.create(application({ source: SOURCE }));
    await promoted(cluster, 'v1');
    push({ 'deploy/extra.yaml': extra('evil', 1313236) }, 'Nothing', eve);
    await cluster.run(60_000);
    cluster.end();
    await cluster.start();
    await cluster.run(60_000);
    expect([app()?.message, cluster.find('ConfigMap', 'extra')?.['data']]).toEqual([
      expect.anything(),
      { a: 'good', n: '3349129' },
    ]);
  });

  it('lets nothing in outside its windows by a new process', async () => {
    cluster.create(secret(KEYS));
    const later = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: later, namespace: shop }\ndata: { a: b }\n';
    push({ ...shop('v1'), 'deploy/later.yaml': later }, 'Deploy v1');
    const { verify: _verify, ...source } = SOURCE;
    cluster.create(application({ source: { ...source, exclude: ['later.yaml'] }, sync: { windows: opensIn(600) } }));
    cluster.edit('Application', 'shop', (object) => Object.assign(object['spec'] as object, { sync: {} }));
    await promoted(cluster, 'v1');
    specify({ source, sync: { windows: opensIn(600) } });
    await cluster.run(60_000);
    expect([app()?.phase, cluster.find('ConfigMap', 'later')]).toEqual(['OutOfSync', undefined]);
    cluster.end();
    await cluster.start();
    await cluster.run(60_000);
    expect([app()?.phase, cluster.find('ConfigMap', 'later')?.['data']]).toEqual(['OutOfSync', undefined]);
  });

  const hook = (phase: string, name = 'smoke') =>
    yaml(jobOf(name, 'PostSync', { annotations: { 'sluice.dev/hook': phase } }));

  it('takes its own revert where there is a hook', async () => {
    cluster.create(secret(KEYS));
    push({ ...shop('v1'), 'deploy/hook.yaml': hook('PostSync') }, 'Deploy v1', ada);
    cluster.create(application({ source: SOURCE }));
    await promoted(cluster, 'v1');
    await cluster.until('the hook has run', () => app()?.hooks?.finishedAt !== undefined);
    push(shop('v2'), 'Deploy v2', ada);
    await weight(cluster, 10);
    cluster.annotate('abort', 'too slow');
    await cluster.until('it is held', () => app()?.phase === 'Held');
    await cluster.run(120_000);
    expect([app()?.message, app()?.phase]).toEqual([expect.anything(), 'Synced']);
  });

  it('takes its own revert in a closed window where there is a hook', async () => {
    cluster.create(secret(KEYS));
    push({ ...shop('v1'), 'deploy/hook.yaml': hook('PostSync') }, 'Deploy v1', ada);
    const { verify: _verify, ...source } = SOURCE;
    cluster.create(application({ source }));
    await promoted(cluster, 'v1');
    await cluster.until('the hook has run', () => app()?.hooks?.finishedAt !== undefined);
    push(shop('v2'), 'Deploy v2', ada);
    await weight(cluster, 10);
    specify({ sync: { windows: opensIn(600) } });
    cluster.annotate('abort', 'too slow');
    await cluster.until('it is held', () => app()?.phase === 'Held');
    await cluster.run(120_000);
    expect([app()?.message, app()?.phase]).toEqual([expect.anything(), 'Synced']);
  });

  it('does not lose its hooks by a commit that nobody signed', async () => {
    cluster.create(secret(KEYS));
    push({ ...shop('v1'), 'deploy/hook.yaml': hook('OnAbort') }, 'Deploy v1', ada);
    cluster.create(application({ source: SOURCE }));
    await promoted(cluster, 'v1');
    const other = push({ 'deploy/hook.yaml': null }, 'No hook', eve);
    await cluster.run(60_000);
    expect([app()?.message, app()?.revision?.commit === other]).toEqual([expect.anything(), false]);
  });

  it('takes its own revert, though a later wave of the rejected commit was not applied', async () => {
    cluster.create(secret(KEYS));
    const late = (v: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: late, namespace: shop, annotations: { sluice.dev/sync-wave: "1" } }\ndata: { a: ${v} }\n`;
    push({ ...shop('v1'), 'deploy/late.yaml': late('b') }, 'Deploy v1', ada);
    cluster.create(application({ source: SOURCE }));
    await promoted(cluster, 'v1');
    push({ ...shop('v2'), 'deploy/late.yaml': late('c') }, 'Deploy v2', ada);
    await weight(cluster, 10);
    cluster.annotate('abort', 'too slow');
    await cluster.until('it is held', () => cluster.declaredImage() === IMAGE('v1'));
    await cluster.run(120_000);
    expect([app()?.message, app()?.phase]).toEqual([expect.anything(), 'Synced']);
  });

  it('goes on saying who signed what is applied, with a new process that refuses what is new', async () => {
    await givenV1();
    push(shop('v2'), 'Deploy v2', eve);
    await refused();
    expect(app()?.signature).toMatchObject({ signer: 'ada@example.com' });
    cluster.end();
    await cluster.start();
    await cluster.run(60_000);
    expect(app()?.signature).toMatchObject({ signer: 'ada@example.com' });
  });

  it('finishes a sync whose PreSync hook was begun while its window was open', async () => {
    const { verify: _verify, ...source } = SOURCE;
    push(shop('v1'), 'Deploy v1');
    cluster.create(application({ source }));
    await promoted(cluster, 'v1');
    const at = new Date(cluster.clock.now() + 60_000);
    const schedule = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
    specify({ sync: { windows: [{ kind: 'Allow', schedule, duration: '5m' }] } });
    const migrate = yaml(jobOf('migrate', 'PreSync', { command: 'sleep 420' }));
    push({ ...shop('v2'), 'deploy/hook.yaml': migrate }, 'Deploy v2');
    await cluster.until('it runs', () => app()?.hooks?.runs[0]?.state === 'Running');
    await cluster.run(20 * 60_000);
    expect([app()?.hooks?.runs[0]?.state, app()?.message, cluster.declaredImage()]).toEqual([
      'Succeeded',
      expect.anything(),
      IMAGE('v2'),
    ]);
  });

  it('reads what was applied back, and not what another path of it declares, while a commit waits', async () => {
    cluster.create(secret(KEYS));
    const evil = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: evil, namespace: shop }\ndata: { a: b }\n';
    push(shop('v1'), 'Deploy v1', ada);
    cluster.create(application({ source: { ...SOURCE, exclude: ['later.yaml'] } }));
    await promoted(cluster, 'v1');
    const other = push({ 'deploy/later.yaml': evil }, 'Nothing here', eve);
    await cluster.until('it is taken', () => app()?.revision?.commit === other);
    cluster.end();
    specify({ source: SOURCE });
    push(shop('v2'), 'Deploy v2', eve);
    await cluster.start();
    await cluster.run(60_000);
    expect([app()?.message, cluster.find('ConfigMap', 'evil')]).toEqual([expect.anything(), undefined]);
  });

  it('(control) goes back while another PreSync hook is waited for', async () => {
    const { verify: _verify, ...source } = SOURCE;
    push(shop('v1'), 'Deploy v1');
    cluster.create(application({ source, writeBack: { onAbort: 'None' } }));
    await promoted(cluster, 'v1');
    push(shop('v2', 'bad'), 'Deploy v2');
    await weight(cluster, 10);
    push({ 'deploy/hook.yaml': yaml(jobOf('migrate', 'PreSync', { command: 'sleep 3600' })) }, 'Hooks');
    await cluster.until('it runs', () => app()?.hooks?.runs[0]?.state === 'Running');
    cluster.annotate('abort', 'too slow');
    await cluster.until('it is held', () => cluster.declaredImage() === IMAGE('v1'));
    await cluster.run(120_000);
    expect([app()?.message, cluster.greeting()]).toEqual([expect.anything(), 'hello']);
  });

  it('does not delete what is never to be deleted, though it becomes a hook', async () => {
    const { verify: _verify, ...source } = SOURCE;
    const data = (hook: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: data\n  namespace: shop\n  annotations: { sluice.dev/prune: Disabled${hook} }\ndata: { a: b }\n`;
    push({ ...shop('v1'), 'deploy/data.yaml': data('') }, 'Deploy v1');
    cluster.create(application({ source, sync: { prune: false } }));
    await promoted(cluster, 'v1');
    const uid = cluster.find('ConfigMap', 'data')?.metadata.uid;
    push({ 'deploy/data.yaml': data(', sluice.dev/hook: Sync') }, 'Hook');
    await cluster.run(120_000);
    expect([app()?.message, cluster.find('ConfigMap', 'data')?.metadata.uid]).toEqual([expect.anything(), uid]);
  });

  it('takes its own revert, which takes out what the rejected commit had brought', async () => {
    await givenV1();
    const files = shop('v2');
    const name = Object.keys(files).find((path) => files[path]?.includes('kind: Rollout')) ?? '';
    const text =
      files[name]?.replace(
        /( *)- configMapRef:\n *name: web-config\n/,
        (found, space: string) => `${found}${space}- configMapRef:\n${space}    name: extra\n`,
      ) ?? '';
    expect(text).toContain('name: extra');
    const extra = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra, namespace: shop }\ndata: { a: b }\n';
    push({ ...files, [name]: text, 'deploy/extra.yaml': extra }, 'Deploy v2', ada);
    await weight(cluster, 10);
    cluster.annotate('abort', 'too slow');
    await cluster.until('it is held', () => cluster.declaredImage() === IMAGE('v1'));
    await cluster.run(120_000);
    expect([app()?.message, app()?.phase]).toEqual([expect.anything(), 'Synced']);
  });

  it('notes of no release what nobody on record has signed', async () => {
    await givenV1();
    const message = `Words\n\nSluice-Rollout: shop/web\nSluice-Rejected: ${'b'.repeat(40)}\nSluice-Restored: ${'c'.repeat(40)}\nSluice-Reason: all is well`;
    const other = push({ 'README.md': 'words' }, message, eve);
    await cluster.until('it is taken', () => app()?.revision?.commit === other);
    await cluster.run(60_000);
    expect(cluster.repository.notes.get(other)).toBeUndefined();
  });

  it('goes on keeping what a commit that nobody signed says to skip', async () => {
    const extra = (more: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra, namespace: shop${more} }\ndata: { a: b }\n`;
    cluster.create(secret(KEYS));
    push({ ...shop('v1'), 'deploy/extra.yaml': extra('') }, 'Deploy v1', ada);
    cluster.create(application({ source: SOURCE }));
    await promoted(cluster, 'v1');
    push({ 'deploy/extra.yaml': extra(', annotations: { argocd.argoproj.io/hook: Skip }') }, 'Skip it', eve);
    await cluster.run(60_000);
    cluster.edit('ConfigMap', 'extra', (object) => Object.assign(object, { data: { a: 'by hand' } }));
    await cluster.run(60_000);
    expect([app()?.message, cluster.find('ConfigMap', 'extra')?.['data']]).toEqual([expect.anything(), { a: 'b' }]);
  });

  it('applies nothing of an unsigned commit once its kind is served, with a new process and no edit of the spec', async () => {
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        names: { kind: 'Thing', plural: 'things' },
        group: 'example.com',
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    cluster.create(secret(KEYS));
    push(shop('v1'), 'Deploy v1', ada);
    givenApplication(cluster, { source: SOURCE, sync: { options: ['SkipMissingKinds'] } });
    await promoted(cluster, 'v1');
    const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'evil', namespace: 'shop' } };
    const other = push({ 'deploy/thing.yaml': yaml(thing) }, 'Nothing here yet', eve);
    await cluster.until('it is taken', () => app()?.revision?.commit === other);
    cluster.end();
    cluster.create(definition);
    await cluster.start();
    await cluster.run(120_000);
    expect([app()?.message, cluster.server.store.get({ group: 'example.com', kind: 'Thing' }, 'evil', 'shop')]).toEqual(
      [expect.anything(), undefined],
    );
  });

  it('goes back while a PreSync hook is waited for, though the new commit makes a hook of what was rejected', async () => {
    const { verify: _verify, ...source } = SOURCE;
    push(shop('v1'), 'Deploy v1');
    cluster.create(application({ source, writeBack: { onAbort: 'None' } }));
    await promoted(cluster, 'v1');
    push(shop('v2', 'bad'), 'Deploy v2');
    await weight(cluster, 10);
    expect(cluster.greeting()).toBe('bad');
    const files = shop('v2', 'bad');
    const path =
      Object.keys(files).find(
        (name) => files[name]?.includes('name: web-config') && files[name]?.includes('kind: ConfigMap'),
      ) ?? '';
    const text =
      files[path]?.replace(
        'name: web-config',
        'name: web-config\n  annotations: { argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: "2" }',
      ) ?? '';
    const slow = yaml(jobOf('migrate', 'PreSync', { command: 'sleep 3600' }));
    push({ [path]: text, 'deploy/hook.yaml': slow }, 'Hooks');
    await cluster.until('it runs', () => app()?.hooks?.runs[0]?.state === 'Running');
    cluster.annotate('abort', 'too slow');
    await cluster.until('it is held', () => cluster.declaredImage() === IMAGE('v1'));
    await cluster.run(120_000);
    expect([app()?.message, cluster.greeting()]).toEqual([expect.anything(), 'hello']);
  });
});
