// The lines of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"), and what they say of one host.
import { createHash, createHmac } from 'node:crypto';

interface Line {
  marker: string;
  hosts: string;
  key: Buffer;
  /** As it stands in the line, such as `ssh-ed25519`. */
  type: string;
}

/** What is known of a host. */
export interface HostKeys {
  /** Keys that it may have. */
  keys: readonly { type: string; key: Buffer }[];
  /** Keys that nobody may have any more. */
  revoked: readonly Buffer[];
  /** It is vouched for by an authority that signs certificates of hosts. */
  certified: boolean;
}

/** What known_hosts says of a host. One at another port than 22 goes by `[host]:port`, and by `host` where there is no such line. */
export function hostKeysOf(knownHosts: string, host: string, port: number): HostKeys {
  const names = (port === 22 ? [host] : [`[${host}]:${port}`, host]).map((name) => name.toLowerCase());
  const lines = knownHosts.split(/\r?\n/).flatMap(parseLine);
  const allowed = lines.filter(({ hosts }) => !names.some((name) => isDenied(hosts, name)));
  const about = names.map((name) => allowed.filter(({ hosts }) => matches(hosts, name)));
  const valid = about.map((some) => some.filter(({ marker }) => marker === '')).find((some) => some.length > 0) ?? [];
  return {
    keys: valid.map(({ type, key }) => ({ type, key })),
    revoked: about.flat().flatMap(({ marker, key }) => (marker === '@revoked' ? [key] : [])),
    certified: about.flat().some(({ marker }) => marker === '@cert-authority'),
  };
}

/** As `ssh-keygen -lf` prints it. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** What is no line of a key says nothing, as for OpenSSH. */
function parseLine(text: string): Line[] {
  const found = /^(?:(@\S+)[ \t]+)?([^#@\s]\S*)[ \t]+(\S+)[ \t]+(\S+)/.exec(text.trim());
  if (found === null) return [];
  const [, marker = '', hosts = '', type = '', encoded = ''] = found;
  const key = Buffer.from(encoded, 'base64');
  return key.byteLength === 0 || typeOf(key) !== type ? [] : [{ marker, hosts, type, key }];
}

/** A key begins with the name of its type. */
function typeOf(key: Buffer): string {
  const length = key.byteLength < 4 ? 0 : key.readUInt32BE(0);
  return key.toString('latin1', 4, 4 + Math.min(length, 64));
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) return isHashOf(hosts, name);
  return patternsOf(hosts).some((pattern) => wildcard(pattern, name));
}

/** By either name that the host goes by. */
const isDenied = (hosts: string, name: string): boolean =>
  patternsOf(hosts).some((pattern) => pattern.startsWith('!') && wildcard(pattern.slice(1), name));

const patternsOf = (hosts: string): string[] => hosts.toLowerCase().split(',');

/** `|1|SALT|HASH`, both in base64. */
function isHashOf(hosts: string, name: string): boolean {
  const [, , salt = '', hash = ''] = hosts.split('|');
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/** `*` and `?`; in time that grows with both texts, whatever they are. */
function wildcard(pattern: string, name: string): boolean {
  let [at, from, star, again] = [0, 0, -1, 0];
  while (at < name.length) {
    if (pattern[from] === '*') [star, again] = [from++, at];
    else if (pattern[from] === '?' || pattern[from] === name[at]) [at, from] = [at + 1, from + 1];
    else if (star === -1) return false;
    else [at, from] = [++again, star + 1];
  }
  return /^\**$/.test(pattern.slice(from));
}
