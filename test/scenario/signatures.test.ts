// Commits that have to be signed: what nobody on record has signed is not applied, and what was applied before stays.
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signCommit } from '../../src/git/signature/sign.ts';
import { readPrivateKey } from '../../src/git/ssh/private-key.ts';
import { Cluster } from './cluster.ts';
import { promoted, weight } from './given.ts';
import { application, IMAGE, shop } from './manifests.ts';

interface Person {
  privateKey: string;
  line: string;
}

function person(name: string): Person {
  const { privateKey: key } = generateKeyPairSync('ed25519');
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const blob = readPrivateKey({ privateKey }).getPublicSSH().toString('base64');
  return { privateKey, line: `${name} namespaces="git" ssh-ed25519 ${blob}` };
}

describe('an Application whose commits have to be signed', () => {
  const [ada, eve] = [person('ada@example.com'), person('eve@example.com')];
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
    await cluster.start();
  });
  afterEach(() => cluster.close());

  const secret = (data: Record<string, string>): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'signers', namespace: 'shop' },
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
  });
  const SOURCE = {
    repoURL: 'https://git.example.com/acme/shop.git',
    path: 'deploy',
    interval: '10s',
    verify: { secretRef: { name: 'signers' } },
  };
  /** A commit as bytes, signed by somebody or by nobody. */
  function push(files: Record<string, string | null>, message: string, by?: Person): string {
    const oid = cluster.push(files, message);
    const tree = cluster.repository.commits.get(oid)?.commit.tree ?? '';
    const bytes = Buffer.from(`tree ${tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n${message}\n`);
    cluster.repository.signed.set(oid, by === undefined ? bytes : signCommit(bytes, { privateKey: by.privateKey }));
    return oid;
  }
  const app = () => cluster.application().status;
  const refused = (): Promise<void> =>
    cluster.until(
      'it is refused',
      () => cluster.condition(cluster.application(), 'Ready')?.['reason'] === 'Unverified',
    );
  async function givenV1(): Promise<void> {
    cluster.create(secret({ allowed_signers: ada.line }));
    push(shop('v1'), 'Deploy v1', ada);
    cluster.create(application({ source: SOURCE }));
    await promoted(cluster, 'v1');
  }

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
