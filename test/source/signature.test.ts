// Whether what is followed bears the signatures that are asked for, as one look at it finds.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signCommit } from '../../src/git/signature/sign.ts';
import { signSsh } from '../../src/git/signature/sshsig.ts';
import { readPrivateKey } from '../../src/git/ssh/private-key.ts';
import { field } from '../../src/git/signature/fields.ts';
import type { Signature, SignaturePolicy } from '../../src/ports/source-reader.ts';
import { SOURCE_LIMITS } from '../../src/ports/source-budget.ts';
import { perform } from '../../src/source/jobs.ts';
import { verdictIn } from '../../src/source/signature/open-pgp.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';
import { FakeMirror, FakeRepository } from '../support/fake-git.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const KEY = { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
const parsed = readPrivateKey(KEY);
const SIGNERS = `ada@example.com ssh-ed25519 ${parsed.getPublicSSH().toString('base64')}`;
const POLICY: SignaturePolicy = { on: 'Commit', openPgp: [], allowedSigners: SIGNERS };
const URL = 'https://git.example.com/shop.git';

function given() {
  const clock = new VirtualClock();
  const repository = new FakeRepository(clock);
  const oid = repository.commit(
    'main',
    { 'deploy/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n' },
    'A',
  );
  const tree = repository.commits.get(oid)?.commit.tree ?? '';
  const commit = (of = tree): Buffer =>
    Buffer.from(`tree ${of}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nA\n`);
  const tag = (name: string, object = oid): Buffer =>
    Buffer.from(`object ${object}\ntype commit\ntag ${name}\ntagger A <a@b> 1 +0000\n\nRelease\n`);
  const sign = (data: Buffer): Buffer => {
    const made = parsed.sign(data) as Buffer;
    return Buffer.concat([field('ssh-ed25519'), field(made)]);
  };
  const signed = (payload: Buffer): Buffer =>
    Buffer.concat([payload, Buffer.from(`${signSsh(payload, { publicKey: parsed.getPublicSSH(), sign })}\n`)]);
  async function look(policy: SignaturePolicy | 'nothing' = POLICY, revision = 'main'): Promise<Signature | undefined> {
    const request = { repoURL: URL, revision, path: 'deploy', verify: policy === 'nothing' ? undefined : policy };
    const context = { mirror: new FakeMirror(repository), limits: SOURCE_LIMITS, call: {} };
    const result = await perform({ op: 'read', request }, context);
    if (!result.ok) throw new Error(result.error.message);
    return (result.value as { signature?: Signature }).signature;
  }
  return { repository, oid, tree, commit, tag, signed, look };
}

const why = (signature: Signature | undefined): string | undefined =>
  signature?.good === false ? signature.why : undefined;

describe('A commit', () => {
  it('is not asked for a signature where nobody wants one', async () => {
    expect(await given().look('nothing')).toBeUndefined();
  });

  it('that somebody signed who may names them', async () => {
    const { repository, oid, commit, look } = given();
    repository.signed.set(oid, signCommit(commit(), KEY));
    expect(await look()).toMatchObject({ good: true, signer: 'ada@example.com' });
  });

  it('without a signature, or with one of an unknown kind, says so', async () => {
    const { repository, oid, commit, look } = given();
    repository.signed.set(oid, commit());
    expect(why(await look())).toBe('the commit is not signed');
    repository.signed.set(oid, Buffer.from(commit().toString().replace('\n\n', '\ngpgsig nonsense\n\n')));
    expect(why(await look())).toBe('the signature of the commit does not count: it is of an unknown kind');
  });

  it('whose signature is over another tree is not what was signed', async () => {
    const { repository, oid, commit, look } = given();
    repository.signed.set(oid, signCommit(commit('b'.repeat(40)), KEY));
    expect(why(await look())).toBe('the commit is not what was signed');
  });

  it('signed in a way for which the Secret has no keys does not count, and says which is missing', async () => {
    const { repository, oid, commit, look } = given();
    repository.signed.set(oid, signCommit(commit(), KEY));
    expect(why(await look({ on: 'Commit', openPgp: ['key'] }))).toContain('the Secret has no key allowed_signers');
    const pgp = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----';
    repository.signed.set(oid, Buffer.from(commit().toString().replace('\n\n', `\n${pgp}\n\n`)));
    expect(why(await look())).toContain('the Secret has no key that ends in .asc');
    expect(why(await look({ on: 'Commit', openPgp: ['key'] }))).toContain('checked by the program gpg');
  });
});

describe('A tag', () => {
  const ON_TAGS: SignaturePolicy = { ...POLICY, on: 'Tag' };

  it('that is signed counts for the commit that it was made for, under its own name', async () => {
    const { repository, oid, tag, signed, look } = given();
    repository.annotate('v1', oid, signed(tag('v1')));
    expect(await look(ON_TAGS, 'v1')).toMatchObject({ good: true, signer: 'ada@example.com' });
    repository.annotate('v2', oid, signed(tag('v1')));
    expect(why(await look(ON_TAGS, 'v2'))).toBe('the tag v2 was signed under another name, v1');
    repository.annotate('v3', oid, signed(tag('v3', 'c'.repeat(40))));
    expect(why(await look(ON_TAGS, 'v3'))).toBe('the tag v3 was made for another commit');
  });

  it('without a signature, or that is no annotated tag, does not count, and neither does a branch', async () => {
    const { repository, oid, tag, look } = given();
    repository.annotate('v1', oid, tag('v1'));
    expect(why(await look(ON_TAGS, 'v1'))).toBe('the tag v1 is not signed');
    repository.tags.set('v0', oid);
    expect(why(await look(ON_TAGS, 'v0'))).toBe('refs/tags/v0 is no annotated tag, so that nobody signed it');
    expect(why(await look(ON_TAGS))).toBe('refs/heads/main is no tag, and only tags count');
  });

  it('and its commit both have to be signed where both are asked for', async () => {
    const { repository, oid, commit, tag, signed, look } = given();
    const both: SignaturePolicy = { ...POLICY, on: 'TagAndCommit' };
    repository.annotate('v1', oid, signed(tag('v1')));
    repository.signed.set(oid, commit());
    expect(why(await look(both, 'v1'))).toBe('the commit is not signed');
    repository.signed.set(oid, signCommit(commit(), KEY));
    expect(await look(both, 'v1')).toMatchObject({ good: true });
  });
});

describe('What gpg says', () => {
  const GOOD =
    '[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG D238D60784F84C66 Ada <ada@example.com>\n[GNUPG:] VALIDSIG 8B01AD66 2026-11-27 1 0 4 0 22 8 00 8B01AD66\n';

  it('is good with one good and valid signature', () => {
    expect(verdictIn(GOOD)).toEqual({ good: true, signer: 'Ada <ada@example.com>', key: '8B01AD66' });
  });

  it.each<[string, string]>([
    ['[GNUPG:] BADSIG D238D60784F84C66 Ada <ada@example.com>', 'it does not fit what it is over'],
    [
      '[GNUPG:] ERRSIG D238D60784F84C66 22 8 00 1 9 -\n[GNUPG:] NO_PUBKEY D238D60784F84C66',
      'its key is not among those of the Secret',
    ],
    ['[GNUPG:] EXPKEYSIG D238D60784F84C66 Ada\n[GNUPG:] VALIDSIG 8B01AD66 x', 'its key has expired'],
    ['[GNUPG:] REVKEYSIG D238D60784F84C66 Ada\n[GNUPG:] VALIDSIG 8B01AD66 x', 'its key was revoked'],
    [`${GOOD}[GNUPG:] BADSIG 1 Eve`, 'it does not fit what it is over'],
    [GOOD + GOOD, 'gpg says nothing good of it'],
    ['GOODSIG D238D60784F84C66 Ada\nVALIDSIG 8B01AD66', 'gpg says nothing good of it'],
    ['', 'gpg says nothing good of it'],
  ])('is not with %j', (status, text) => {
    expect(verdictIn(status)).toEqual({ good: false, why: text });
  });
});
