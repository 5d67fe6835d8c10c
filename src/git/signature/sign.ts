// Commits of Sluice's own, signed with a key of SSH as `git commit -S` does with `gpg.format=ssh`.
import type { ParsedKey } from 'ssh2';
import type { SigningKey } from '../../ports/source-reader.ts';
import { readPrivateKey } from '../ssh/private-key.ts';
import { field } from './fields.ts';
import { withSignature } from './signed.ts';
import { signSsh } from './sshsig.ts';

/** The commit with its signature. Throws GitError where the key cannot be read. */
export function signCommit(commit: Buffer, key: SigningKey): Buffer {
  const parsed = readPrivateKey(key);
  const { algorithm, hash } = ALGORITHMS[parsed.type] ?? { algorithm: parsed.type, hash: undefined };
  const sign = (data: Buffer): Buffer => Buffer.concat([field(algorithm), field(signatureOf(parsed, data, hash))]);
  return withSignature(commit, signSsh(commit, { publicKey: parsed.getPublicSSH(), sign }));
}

/** Keys whose signatures have another name than they have. */
const ALGORITHMS: Readonly<Record<string, { algorithm: string; hash: string }>> = {
  'ssh-rsa': { algorithm: 'rsa-sha2-512', hash: 'sha512' },
};

function signatureOf(key: ParsedKey, data: Buffer, hash: string | undefined): Buffer {
  const made: Buffer | Error = key.sign(data, hash);
  if (made instanceof Error) throw made;
  return key.type.startsWith('ecdsa-') ? fromDer(made) : made;
}

/** The two numbers of a signature by a curve, which SSH writes behind their lengths (RFC 5656 §3.1.2) where DER has them in a sequence. */
function fromDer(der: Buffer): Buffer {
  let at = der[1] === 0x81 ? 3 : 2;
  const number = (): Buffer => {
    const from = at + 2;
    at = from + (der[at + 1] ?? 0);
    return field(der.subarray(from, at));
  };
  return Buffer.concat([number(), number()]);
}
