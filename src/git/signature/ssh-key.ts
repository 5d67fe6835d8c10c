// Public keys of SSH in their wire format, as Node's crypto takes them, and what is signed with them (RFC 4253, 5656, 8332, 8709;
// PROTOCOL.u2f of OpenSSH for keys on tokens).
import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { FieldReader } from './fields.ts';

interface PublicKey {
  key: KeyObject;
  /** Signatures that are taken, with the hash of each. */
  algorithms: Readonly<Record<string, string | null>>;
  /** Bytes of each half of a signature by a curve of NIST. */
  half?: number;
  /** What a token signs for. */
  application?: Buffer;
}

const url = (bytes: Buffer): string => bytes.toString('base64url');

const CURVES: Readonly<Record<string, { crv: string; hash: string; bytes: number }>> = {
  nistp256: { crv: 'P-256', hash: 'sha256', bytes: 32 },
  nistp384: { crv: 'P-384', hash: 'sha384', bytes: 48 },
  nistp521: { crv: 'P-521', hash: 'sha512', bytes: 66 },
};

/** Moduli that are shorter are no proof. */
const LEAST_RSA_BYTES = 256;

/** Undefined for a kind of key that is not taken. Throws for what is no key. */
function publicKey(blob: Buffer): PublicKey | undefined {
  const reader = new FieldReader(blob);
  const type = reader.text();
  switch (type) {
    case 'ssh-ed25519':
      return { key: ed25519(reader), algorithms: { [type]: null } };
    case 'sk-ssh-ed25519@openssh.com':
      return { key: ed25519(reader), algorithms: { [type]: null }, application: reader.string() };
    case 'ssh-rsa':
      return rsa(reader);
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      return ecdsa(type, reader);
    case 'sk-ecdsa-sha2-nistp256@openssh.com': {
      const curve = ecdsa(type, reader);
      return curve && { ...curve, application: reader.string() };
    }
    default:
      return undefined;
  }
}

const ed25519 = (reader: FieldReader): KeyObject =>
  createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: url(reader.string()) } });

function rsa(reader: FieldReader): PublicKey | undefined {
  const [e, n] = [reader.mpint(), reader.mpint()];
  if (n.length < LEAST_RSA_BYTES) return undefined;
  const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: url(n), e: url(e) } });
  return { key, algorithms: { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' } };
}

function ecdsa(type: string, reader: FieldReader): PublicKey | undefined {
  const curve = CURVES[reader.text()];
  const point = reader.string();
  if (curve === undefined || point[0] !== 4 || point.length !== 1 + 2 * curve.bytes) return undefined;
  const [x, y] = [url(point.subarray(1, 1 + curve.bytes)), url(point.subarray(1 + curve.bytes))];
  const key = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: curve.crv, x, y } });
  return { key, algorithms: { [type]: curve.hash }, half: curve.bytes };
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** Whether a signature in the wire format is that of the key over the data. Throws for what is neither. */
export function isSignedBy(blob: Buffer, signature: Buffer, data: Buffer): boolean {
  const known = publicKey(blob);
  const reader = new FieldReader(signature);
  const algorithm = reader.text();
  const hash = known?.algorithms[algorithm];
  if (known === undefined || hash === undefined) return false;
  const value = reader.string();
  const bytes = known.half === undefined ? value : halves(value, known.half);
  const signed = known.application === undefined ? data : signedByToken(known.application, reader, data);
  const key = known.half === undefined ? known.key : { key: known.key, dsaEncoding: 'ieee-p1363' as const };
  return verify(hash, signed, key, bytes);
}

function halves(value: Buffer, length: number): Buffer {
  const reader = new FieldReader(value);
  const padded = (number: Buffer): Buffer => Buffer.concat([Buffer.alloc(Math.max(0, length - number.length)), number]);
  return Buffer.concat([padded(reader.mpint()), padded(reader.mpint())]);
}

/** A token signs hashes, with its flags and how often it has signed. */
const signedByToken = (application: Buffer, reader: FieldReader, data: Buffer): Buffer =>
  Buffer.concat([sha256(application), reader.take(5), sha256(data)]);
