// Signatures of SSH over commits and tags: those that ssh-keygen makes, our own, and what somebody could make of them.
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allowedSigners } from '../../../src/git/signature/allowed-signers.ts';
import { field } from '../../../src/git/signature/fields.ts';
import { signCommit } from '../../../src/git/signature/sign.ts';
import { signedCommit, signedTag } from '../../../src/git/signature/signed.ts';
import { checkSsh, signSsh, type SshSigner } from '../../../src/git/signature/sshsig.ts';

interface Made {
  payload: string;
  ssh: { kind: string; publicKey: string; signature: string }[];
}

const MADE = JSON.parse(readFileSync(new URL('ssh-keygen.json', import.meta.url), 'utf8')) as Made;
const PAYLOAD = Buffer.from(MADE.payload);
const NOW = Date.parse('2026-06-01T00:00:00Z');
const [first] = MADE.ssh;
if (first === undefined) throw new Error('there are no signatures');

const check = (signature: string, signers: string, payload: Buffer = PAYLOAD, at = NOW) =>
  checkSsh(payload, signature, signers, at);
const COMMIT = Buffer.from('tree 1\nauthor A <a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +0000\n\nHello\n');

/** A key that signs by itself, without a library. */
function signerOf(privateKey: KeyObject, publicKey: KeyObject): SshSigner {
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    publicKey: Buffer.concat([field('ssh-ed25519'), field(Buffer.from(x, 'base64url'))]),
    sign: (data) => Buffer.concat([field('ssh-ed25519'), field(sign(null, data, privateKey))]),
  };
}

const lineOf = ({ publicKey }: SshSigner, type = 'ssh-ed25519', options = ''): string =>
  `ada@example.com ${options} ${type} ${publicKey.toString('base64')}`;

function given(): SshSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return signerOf(privateKey, publicKey);
}

describe('A signature that ssh-keygen made', () => {
  it.each(MADE.ssh)('with a key of $kind is taken, and names whose it is', ({ publicKey, signature }) => {
    expect(check(signature, `ada@example.com ${publicKey} a comment`)).toMatchObject({
      good: true,
      signer: 'ada@example.com',
      key: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/) as string,
    });
  });

  it.each(MADE.ssh)(
    'with a key of $kind does not count for a text that differs by one bit',
    ({ publicKey, signature }) => {
      const other: Buffer = Buffer.from(PAYLOAD);
      other.writeUInt8(other.readUInt8(0) ^ 1, 0);
      expect(check(signature, `ada@example.com ${publicKey}`, other)).toMatchObject({
        good: false,
        why: 'it does not fit what it is over, or is of a kind that is not taken',
      });
    },
  );

  it('by a key that nobody allowed names that key, and what in the file was not understood', () => {
    const verdict = check(first.signature, '# nobody\nada@example.com ssh-ed25519\n');
    expect(verdict).toMatchObject({ good: false });
    expect(verdict.good ? '' : verdict.why).toMatch(
      /^the key SHA256:\S+ is not among the allowed signers \(allowed_signers: line 2: it is not PRINCIPALS/,
    );
  });

  it.each<[string, string, boolean]>([
    ['for Git', 'namespaces="git"', true],
    ['for Git among others', 'namespaces="file,git"', true],
    ['for files alone', 'namespaces="file"', false],
    ['until a time that is over', 'valid-before="20260101Z"', false],
    ['from a time that is to come', 'valid-after="20260701"', false],
    ['in a span of time', 'valid-after="20260531235959Z",valid-before="20260601000001Z"', true],
    ['for all but Git', 'namespaces="!git,*"', false],
    ['as an authority, which is not read', 'cert-authority', false],
    ['with an option that nobody knows', 'no-touch', false],
  ])('by a key that is allowed %s counts accordingly', (_, options, good) => {
    expect(check(first.signature, `ada@example.com ${options} ${first.publicKey}`).good).toBe(good);
  });

  it('is no longer one when it is cut, or filled with something else', () => {
    const lines = first.signature.trim().split('\n');
    const cut = [lines[0], ...lines.slice(1, 2), lines.at(-1)].join('\n');
    const nonsense = [lines[0], Buffer.alloc(300, 255).toString('base64'), lines.at(-1)].join('\n');
    for (const text of [cut, nonsense, lines.slice(0, -1).join('\n'), ''])
      expect(check(text, `ada@example.com ${first.publicKey}`)).toMatchObject({
        good: false,
        why: expect.stringMatching(/^it cannot be read/) as string,
      });
  });
});

describe('A signature of our own', () => {
  it.each([
    ['Ed25519', generateKeyPairSync('ed25519')],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
  ])('with a key of %s is taken as that of its key', (_, { privateKey }) => {
    const bytes = signCommit(COMMIT, { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
    const { payload, signature = '' } = signedCommit(bytes);
    expect(payload.equals(COMMIT)).toBe(true);
    const key = /^-----BEGIN SSH SIGNATURE-----\n([^-]+)\n/.exec(signature)?.[1] ?? '';
    const blob = Buffer.from(key, 'base64');
    const publicBlob = blob.subarray(14, 14 + blob.readUInt32BE(10));
    const name = publicBlob.subarray(4, 4 + publicBlob.readUInt32BE(0)).toString();
    const signers = `sluice@example.com namespaces="git" ${name} ${publicBlob.toString('base64')}`;
    expect(check(signature, signers, payload)).toMatchObject({ good: true, signer: 'sluice@example.com' });
  });

  it('for something else than Git does not count for Git', () => {
    const signer = given();
    const armoured = signSsh(PAYLOAD, signer);
    const body = Buffer.from(armoured.split('\n').slice(1, -1).join(''), 'base64');
    const at = body.indexOf(Buffer.concat([field('git')]));
    const renamed = Buffer.concat([body.subarray(0, at), field('gut'), body.subarray(at + 7)]);
    const text = ['-----BEGIN SSH SIGNATURE-----', renamed.toString('base64'), '-----END SSH SIGNATURE-----'].join(
      '\n',
    );
    expect(check(text, lineOf(signer))).toEqual({ good: false, why: 'it was made for "gut", not for Git' });
  });

  it('on a token is over what the token signs: the application, its flags, and how often it has', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { x = '' } = publicKey.export({ format: 'jwk' });
    const type = 'sk-ssh-ed25519@openssh.com';
    const hash = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();
    const counted = Buffer.from([1, 0, 0, 0, 9]);
    const token: SshSigner = {
      publicKey: Buffer.concat([field(type), field(Buffer.from(x, 'base64url')), field('ssh:')]),
      sign: (data) =>
        Buffer.concat([
          field(type),
          field(sign(null, Buffer.concat([hash('ssh:'), counted, hash(data)]), privateKey)),
          counted,
        ]),
    };
    const armoured = signSsh(PAYLOAD, token);
    expect(check(armoured, lineOf(token, type))).toMatchObject({ good: true });
    const untouched: SshSigner = {
      ...token,
      sign: (data) => Buffer.concat([token.sign(data).subarray(0, -1), Buffer.from([8])]),
    };
    expect(check(signSsh(PAYLOAD, untouched), lineOf(token, type))).toMatchObject({ good: false });
  });
});

describe('A file of allowed signers', () => {
  it('says by line what it does not understand, and keeps the rest', () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA';
    const { signers, problems } = allowedSigners(
      [
        '# people',
        '',
        `ada@example.com,grace@example.com namespaces="git" ${key} laptop`,
        `*@example.com cert-authority ${key}`,
        `eve@example.com valid-before="tomorrow" ${key}`,
        'mallory',
      ].join('\r\n'),
    );
    expect(signers.map(({ principals }) => principals)).toEqual(['ada@example.com,grace@example.com']);
    expect(problems).toEqual([
      'line 4: certificates are not read: name the keys themselves',
      'line 5: valid-before=tomorrow is no time such as 20260131Z',
      'line 6: it is not PRINCIPALS [OPTIONS] KEYTYPE KEY',
    ]);
  });
});

describe('A commit', () => {
  it('was signed without the header of its signature, wherever that stands and whatever else is there', () => {
    const text = COMMIT.toString();
    const [head = '', message = ''] = text.split('\n\n');
    const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----';
    const sha256 = 'gpgsig-sha256 other\n lines';
    for (const headers of [`${head}\n${signature}`, `${signature}\n${head}`, `${head}\n${signature}\n${sha256}`])
      expect(signedCommit(Buffer.from(`${headers}\n\n${message}`))).toEqual({
        payload: COMMIT,
        signature: '-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----',
      });
  });

  it('without a signature says so, also where its message quotes one', () => {
    const quoting = Buffer.from(`${COMMIT.toString()}\ngpgsig -----BEGIN SSH SIGNATURE-----\n`);
    expect(signedCommit(quoting)).toEqual({ payload: quoting, signature: undefined });
  });

  it('with two signatures is refused', () => {
    const [head = '', message = ''] = COMMIT.toString().split('\n\n');
    expect(() => signedCommit(Buffer.from(`${head}\ngpgsig a\ngpgsig b\n\n${message}`))).toThrow('two headers gpgsig');
  });
});

describe('A tag', () => {
  it('was signed up to the signature at its end', () => {
    const text = 'object 1\ntype commit\ntag v1\ntagger A <a@example.com> 1 +0000\n\nRelease 1\n';
    const signature = '-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n';
    expect(signedTag(Buffer.from(text + signature))).toEqual({ payload: Buffer.from(text), signature });
    expect(signedTag(Buffer.from(text))).toEqual({ payload: Buffer.from(text), signature: undefined });
  });
});
