// Whether a server is the one that the Secret's known_hosts names, and what to do where it is not. Nothing is ever learnt by connecting.
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { GitError } from '../types.ts';
import { fingerprint, hostKeysOf } from './known-hosts.ts';

/** Signatures that each type of key may make; none of SHA-1. */
const SIGNATURES: ReadonlyMap<string, readonly ServerHostKeyAlgorithm[]> = new Map([
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
]);

export interface HostCheck {
  /** What the server is asked to sign with: only what its known keys can. */
  algorithms: ServerHostKeyAlgorithm[];
  /** Why the key is not the host's; undefined where it is. */
  refusal(key: Buffer): GitError | undefined;
  /** The server has no key of a type that is known of it. */
  otherTypes(): GitError;
}

const refused = (message: string): GitError => new GitError('auth', message);

/** Throws GitError where nothing is known of the host that could be checked. */
export function hostCheck(knownHosts: string, host: string, port: number): HostCheck {
  const { keys, revoked, certified } = hostKeysOf(knownHosts, host, port);
  const name = port === 22 ? host : `[${host}]:${port}`;
  const scan = `ssh-keyscan${port === 22 ? '' : ` -p ${port}`} ${host}`;
  const algorithms = [...SIGNATURES].flatMap(([type, some]) => (keys.some((key) => key.type === type) ? some : []));
  if (algorithms.length === 0) {
    const why = certified ? 'an authority (@cert-authority), which is not supported' : 'no key';
    throw refused(
      `known_hosts in the Secret of secretRef names ${why} for ${name}: add a line that ${scan} prints, once its fingerprint is compared with the one that the host publishes`,
    );
  }
  const known = keys.map(({ type, key }) => `${type} ${fingerprint(key)}`).join(', ');
  const changed = (what: string): GitError =>
    refused(
      `${name} ${what}, and known_hosts in the Secret of secretRef names ${known}. Nothing was sent. Somebody may stand in between; if the host has published a new key, put its line into known_hosts`,
    );
  return {
    algorithms,
    refusal(key) {
      if (revoked.some((each) => each.equals(key)))
        return refused(
          `${name} shows the key ${fingerprint(key)}, which known_hosts in the Secret of secretRef revokes`,
        );
      if (keys.some((each) => each.key.equals(key))) return undefined;
      return changed(`shows another host key, ${fingerprint(key)}`);
    },
    otherTypes: () => changed('has no host key of a known type'),
  };
}
