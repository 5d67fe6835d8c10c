// An Ed25519 key in OpenSSH's format (PROTOCOL.key), which is the only one that SSH libraries read it in.
import type { KeyObject } from 'node:crypto';
import { field, number } from '../signature/fields.ts';

const TYPE = 'ssh-ed25519';
/** What the inner part is filled up to, without a cipher. */
const BLOCK = 8;

/** The key without a passphrase. */
export function openSshKey(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const [shown, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const inner = Buffer.concat([
    number(0),
    number(0),
    field(TYPE),
    field(shown),
    field(Buffer.concat([seed, shown])),
    field(''),
  ]);
  const filling = Buffer.from(Array.from({ length: -inner.byteLength & (BLOCK - 1) }, (_, at) => at + 1));
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    number(1),
    field(Buffer.concat([field(TYPE), field(shown)])),
    field(Buffer.concat([inner, filling])),
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}
