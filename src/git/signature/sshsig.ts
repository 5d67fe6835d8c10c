// Signatures as ssh-keygen makes them for Git (PROTOCOL.sshsig of OpenSSH): read, checked against those who may sign, and made.
import { createHash } from 'node:crypto';
import { GitError } from '../types.ts';
import { allowedSigners, isWithin, type AllowedSigner } from './allowed-signers.ts';
import { field, FieldReader, number } from './fields.ts';
import { fingerprint } from '../ssh/known-hosts.ts';
import { isSignedBy } from './ssh-key.ts';
import type { Signature } from '../../ports/source-reader.ts';

const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';
const MAGIC = 'SSHSIG';
const NAMESPACE = 'git';
const HASHES = new Set(['sha256', 'sha512']);
const LINE = 70;

/** Whether an armoured signature is one of SSH. */
export const isSshSignature = (armoured: string): boolean => armoured.startsWith(BEGIN);

/** Who signed it at that time (milliseconds since the epoch), of those that a file of allowed signers names. */
export function checkSsh(payload: Buffer, armoured: string, signersFile: string, at: number): Signature {
  const { signers, problems } = allowedSigners(signersFile);
  try {
    const { key, namespace, hash, reserved, signature } = unarmoured(armoured);
    if (namespace !== NAMESPACE) return bad(`it was made for ${JSON.stringify(namespace)}, not for Git`);
    if (!isSignedBy(key, signature, signedData(payload, { namespace, reserved, hash })))
      return bad('it does not fit what it is over, or is of a kind that is not taken');
    const known = signers.filter((signer) => signer.key.equals(key));
    const hint = problems.length === 0 ? '' : ` (allowed_signers: ${problems.slice(0, 3).join('; ')})`;
    if (known.length === 0) return bad(`the key ${fingerprint(key)} is not among the allowed signers${hint}`);
    const signer = known.find((one) => counts(one, at));
    if (signer === undefined) return bad(`the key ${fingerprint(key)} may not sign for Git, or did not at that time`);
    return { good: true, signer: signer.principals, key: fingerprint(key) };
  } catch (error) {
    return bad(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const bad = (why: string): Signature => ({ good: false, why });

const counts = ({ namespaces, after, before }: AllowedSigner, at: number): boolean =>
  isWithin(namespaces, NAMESPACE) && (after === undefined || at >= after) && (before === undefined || at < before);

interface Parts {
  key: Buffer;
  namespace: string;
  reserved: Buffer;
  hash: string;
  signature: Buffer;
}

function unarmoured(text: string): Parts {
  const [, base64 = ''] =
    /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\s*$/.exec(text) ?? [];
  const reader = new FieldReader(Buffer.from(base64, 'base64'));
  if (reader.take(MAGIC.length).toString('latin1') !== MAGIC || reader.uint32() !== 1)
    throw new GitError('rejected', 'it is no signature of version 1');
  const [key, namespace, reserved, hash] = [reader.string(), reader.text(), reader.string(), reader.text()];
  if (!HASHES.has(hash)) throw new GitError('rejected', `its hash is ${JSON.stringify(hash)}`);
  return { key, namespace, reserved, hash, signature: reader.string() };
}

function signedData(
  payload: Buffer,
  { namespace, reserved, hash }: Pick<Parts, 'namespace' | 'reserved' | 'hash'>,
): Buffer {
  const digest = createHash(hash).update(payload).digest();
  return Buffer.concat([Buffer.from(MAGIC), field(namespace), field(reserved), field(hash), field(digest)]);
}

/** What signs: a private key of SSH. */
export interface SshSigner {
  /** The public key in its wire format. */
  publicKey: Buffer;
  /** A signature over data in the wire format. */
  sign: (data: Buffer) => Buffer;
}

/** A signature over what a commit says, in its armour. */
export function signSsh(payload: Buffer, { publicKey, sign }: SshSigner): string {
  const parts = { namespace: NAMESPACE, reserved: Buffer.alloc(0), hash: 'sha512' };
  const signature = sign(signedData(payload, parts));
  const blob = Buffer.concat([
    Buffer.from(MAGIC),
    number(1),
    ...[publicKey, parts.namespace, parts.reserved, parts.hash, signature].map((value) => field(value)),
  ]);
  const lines = blob.toString('base64').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return [BEGIN, ...lines, END].join('\n');
}
