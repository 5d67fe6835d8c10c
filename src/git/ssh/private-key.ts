// A private key as people keep it in a Secret: OpenSSH's own format, or PEM in its older and newer forms, with a passphrase or without.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';
import type { SshCredentials } from '../../ports/source-reader.ts';
import { GitError } from '../types.ts';
import { openSshKey } from './open-ssh-key.ts';

/** A longer one takes too long to sign with. */
const MOST_BITS = 8192;
const WHERE = 'the private key in the Secret of secretRef';
const PKCS8 = /^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/;

/** Throws GitError with words that say what to do, and nothing of the key. */
export function readPrivateKey({ privateKey, passphrase }: Omit<SshCredentials, 'knownHosts'>): ParsedKey {
  const text = `${privateKey.trim().replaceAll(/\r\n?/g, '\n')}\n`;
  const parsed = PKCS8.test(text) ? fromPkcs8(text, passphrase) : ssh2.utils.parseKey(text, passphrase);
  if (parsed instanceof Error) throw unreadable(text, parsed.message, passphrase !== undefined);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key?.isPrivateKey() !== true) throw refused(`${WHERE} is a public key`);
  if (key.type === 'ssh-dss') throw refused(`${WHERE} is a DSA key, which servers take no more: make one of ed25519`);
  if (key.type === 'ssh-rsa' && bitsOf(key) > MOST_BITS) throw refused(`${WHERE} has more than ${MOST_BITS} bits`);
  return key;
}

const refused = (message: string): GitError => new GitError('auth', message);
const WRONG = `the passphrase in the Secret of secretRef (sshPassphrase) does not open its private key`;

function unreadable(text: string, said: string, hasPassphrase: boolean): GitError {
  if (/passphrase|encrypted/i.test(said) && !hasPassphrase)
    return refused(`${WHERE} has a passphrase: put it into the Secret as sshPassphrase`);
  if (/integrity|passphrase|malformed|decrypt/i.test(said) && hasPassphrase) return refused(WRONG);
  const hint = text.startsWith('-----BEGIN ') ? 'cannot be read' : 'is none: it begins with -----BEGIN';
  return refused(`${WHERE} ${hint}`);
}

const bitsOf = (key: ParsedKey): number =>
  createPublicKey(key.getPublicPEM()).asymmetricKeyDetails?.modulusLength ?? Number.POSITIVE_INFINITY;

/** The newer form of PEM, which the library does not read. */
function fromPkcs8(text: string, passphrase: string | undefined): ReturnType<typeof ssh2.utils.parseKey> {
  if (text.includes('ENCRYPTED') && passphrase === undefined) return new Error('encrypted');
  return ssh2.utils.parseKey(asOlder(opened(text, passphrase)));
}

function opened(text: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    throw refused(passphrase === undefined ? `${WHERE} cannot be read` : WRONG);
  }
}

function asOlder(key: KeyObject): string {
  const kind = key.asymmetricKeyType;
  if (kind === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
  if (kind === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString();
  if (kind === 'ed25519') return openSshKey(key);
  throw refused(`${WHERE} is of a kind that SSH does not know: make one of ed25519`);
}
