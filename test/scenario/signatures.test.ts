// Commits that have to be signed: what nobody on record has signed is not applied, and what was applied before stays.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { promoted, weight } from './given.ts';
import { application, IMAGE, shop } from './manifests.ts';
import { ada, eve, secret, signedShop, SOURCE, type Person } from './signed-shop.ts';

describe('an Application whose commits have to be signed', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
    await cluster.start();
  });
  afterEach(() => cluster.close());
  const { app, push, refused, givenV1 } = signedShop(() => cluster);

  it('applies what somebody signed who may, and says who', async () => {
    await givenV1();
    expect(app()?.signature).toMatchObject({ signer: 'ada@example.com' });
  });

  it.each<[string, Person | undefined, RegExp]>([
    ['nobody signed', undefined, /^[0-9a-f]{7} is not applied: the commit is not signed; [0-9a-f]{7} stays applied$/],
    ['somebody else signed', eve, /the key SHA256:\S+ is not among the allowed signers/],
  ])(
    'does not apply what %s, keeps what was applied, and goes on with what is signed again',
    async (_, by, message) => {
      await givenV1();
      push(shop('v2'), 'Deploy v2', by);
      await refused();
      expect(app()?.message).toMatch(message);
      expect(app()?.phase).toBe('Failed');
      expect(cluster.declaredImage()).toBe(IMAGE('v1'));
      cluster.edit('ConfigMap', 'web-config', (object) => Object.assign(object, { data: { GREETING: 'by hand' } }));
      await cluster.until('drift is put back', () => cluster.greeting() === 'hello');
      push({ 'README.md': 'signed' }, 'Vouch for v2', ada);
      await promoted(cluster, 'v2');
    },
  );

  it('takes a commit that nobody signed and that changes nothing here', async () => {
    await givenV1();
    const other = push({ 'README.md': 'words' }, 'Document');
    await cluster.until('it is taken', () => app()?.revision?.commit === other);
    expect(app()?.phase).toBe('Synced');
    expect(app()?.signature).toBeUndefined();
  });

  it('takes it also while a rejected release is held', async () => {
    await givenV1();
    cluster.edit('Application', 'shop', (object) =>
      Object.assign(object['spec'] as object, { writeBack: { onAbort: 'None' } }),
    );
    push(shop('v2'), 'Deploy v2', ada);
    await weight(cluster, 10);
    cluster.annotate('abort', 'too slow');
    await cluster.until('it is held', () => app()?.phase === 'Held' && cluster.declaredImage() === IMAGE('v1'));
    const other = push({ 'README.md': 'words' }, 'Document');
    await cluster.until('it is taken', () => app()?.revision?.commit === other);
    expect([app()?.phase, cluster.declaredImage()]).toEqual(['Held', IMAGE('v1')]);
    push(shop('v3'), 'Deploy v3');
    await refused();
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
  });

  it('takes its own revert, which nobody signed, since it is what is applied already', async () => {
    await givenV1();
    push(shop('v2'), 'Deploy v2', ada);
    await weight(cluster, 10);
    cluster.annotate('abort', 'too slow');
    await cluster.until('the revert is taken', () => app()?.phase === 'Synced' && (app()?.holds ?? []).length === 0);
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
  });

  it('applies what was refused once the keys are mended', async () => {
    await givenV1();
    push(shop('v2'), 'Deploy v2', eve);
    await refused();
    cluster.edit('Secret', 'signers', (object) =>
      Object.assign(object, secret({ allowed_signers: `${ada.line}\n${eve.line}` })),
    );
    await promoted(cluster, 'v2');
    expect(app()?.signature).toMatchObject({ signer: 'eve@example.com' });
  });

  it('applies nothing while its keys are not there, also with a new process, and says what is missing', async () => {
    push(shop('v1'), 'Deploy v1', ada);
    cluster.create(application({ source: SOURCE }));
    await cluster.until('it says so', () => app()?.message?.includes('spec.source.verify.secretRef') ?? false);
    expect(app()?.message).toContain('Secret signers of spec.source.verify.secretRef does not exist');
    cluster.create(secret({ somethingElse: 'x' }));
    await cluster.until('it says so', () => app()?.message?.includes('no signature counts') ?? false);
    expect(cluster.find('Rollout', 'web')).toBeUndefined();
  });

  it('keeps on refusing with a new process', async () => {
    await givenV1();
    push(shop('v2'), 'Deploy v2', eve);
    await refused();
    cluster.end();
    await cluster.start();
    await cluster.run(60_000);
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
    expect(app()?.message).toContain('is not among the allowed signers');
  });
});
