// Hosts as operators and Secrets name them: `prometheus.monitoring:9090`, `10.0.0.7`, `[fd00::7]:9090`, `*.example.com`, `*`.
// Texts and URLs are brought to one spelling by WHATWG's rules, so that 127.1 and 0x7f000001 are 127.0.0.1.
import { parseAddress, spellings, type Address } from './address.ts';

/** Where a request goes, in one spelling. */
export interface Target {
  scheme: 'http' | 'https' | 'ssh';
  /** Lower case, without brackets and final dots. */
  host: string;
  port: number;
  /** Where the host is written as an address. */
  address: Address | undefined;
}

export interface HostPattern {
  kind: 'exact' | 'suffix' | 'any';
  /** The host, or what it ends with (with its dot). */
  host: string;
  /** Absent: every port. */
  port?: number;
}

const PORTS = { http: 80, https: 443, ssh: 22 } as const;

/** Undefined for what is no URL over http, https or ssh. */
export function targetOf(url: string | URL): Target | undefined {
  const parsed = typeof url !== 'string' ? url : URL.canParse(url) ? new URL(url) : undefined;
  const scheme = schemeOf(parsed);
  if (parsed === undefined || scheme === undefined) return undefined;
  const written = plainHost(parsed.hostname);
  if (written === undefined) return undefined;
  const host = written
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '');
  const port = parsed.port === '' ? PORTS[scheme] : Number(parsed.port);
  return { scheme, host, port, address: parseAddress(host) };
}

function schemeOf(url: URL | undefined): Target['scheme'] | undefined {
  const scheme = url?.protocol.slice(0, -1);
  return scheme === 'http' || scheme === 'https' || scheme === 'ssh' ? scheme : undefined;
}

/** WHATWG leaves hosts of other schemes as they are written; addresses and names have one spelling here. */
const plainHost = (host: string): string | undefined =>
  URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;

/** As it is written in a list or a message. */
export function hostText({ host, port, address }: Target): string {
  return `${address?.length === 16 ? `[${host}]` : host}:${port}`;
}

/** Undefined for what names no host. */
export function parseHostPattern(text: string): HostPattern | undefined {
  const entry = text.trim();
  const wild = /^\*(\.[^*]+?)?(?::(\d{1,5}))?$/.exec(entry);
  if (wild === null) return exactHost(entry);
  const port = wild[2] === undefined ? {} : { port: Number(wild[2]) };
  if (wild[1] === undefined) return { kind: 'any', host: '', ...port };
  const suffix = exactHost(`x${wild[1]}`);
  return suffix === undefined || suffix.host === 'x' || suffix.port !== undefined
    ? undefined
    : { kind: 'suffix', host: suffix.host.slice(1), ...port };
}

function exactHost(entry: string): HostPattern | undefined {
  if (/[/?#@,\\\s*]/.test(entry)) return undefined;
  const bare = parseAddress(entry)?.length === 16 && !entry.startsWith('[') ? `[${entry}]` : entry;
  const written = /:(\d{1,5})$/.exec(bare.replace(/^\[.*\]/, ''))?.[1];
  const target = targetOf(`http://${bare}`);
  if (target === undefined || target.host === '') return undefined;
  return { kind: 'exact', host: target.host, ...(written !== undefined && { port: Number(written) }) };
}

export function matchesHost(pattern: HostPattern, target: Target): boolean {
  if (pattern.port !== undefined && pattern.port !== target.port) return false;
  if (pattern.kind === 'any') return true;
  if (pattern.kind === 'suffix') return target.address === undefined && target.host.endsWith(pattern.host);
  const address = parseAddress(pattern.host);
  if (address === undefined || target.address === undefined) return pattern.host === target.host;
  return spellings(target.address).some((each) => spellings(address).includes(each));
}
