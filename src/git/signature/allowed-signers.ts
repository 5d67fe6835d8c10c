// The `allowed_signers` file of ssh-keygen(1): whose signature by which key counts, and when.
export interface AllowedSigner {
  /** Who it is, as the file says it: `ada@example.com`. */
  principals: string;
  /** The public key in its wire format. */
  key: Buffer;
  /** What may be signed; undefined: anything. */
  namespaces: string[] | undefined;
  /** Milliseconds since the epoch. */
  after: number | undefined;
  before: number | undefined;
}

const KEY = /^(?:ssh-|ecdsa-|sk-)[\w@.-]+$/;
/** Principals, perhaps options, the kind of key, and the key. */
const LINE = /^(\S+)\s+(?:((?:[^\s"]|"[^"]*")+)\s+)??(\S+)\s+([A-Za-z0-9+/]+=*)(?:\s.*)?$/;

/** The signers of a file, and what is wrong with it by line. What is not understood counts for nobody. */
export function allowedSigners(text: string): { signers: AllowedSigner[]; problems: string[] } {
  const signers: AllowedSigner[] = [];
  const problems: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const read = signerIn(line);
    if (typeof read === 'string') problems.push(`line ${index + 1}: ${read}`);
    else signers.push(read);
  }
  return { signers, problems };
}

function signerIn(line: string): AllowedSigner | string {
  const [, principals = '', options = '', type = '', base64 = ''] = LINE.exec(line) ?? [];
  if (!KEY.test(type)) return 'it is not PRINCIPALS [OPTIONS] KEYTYPE KEY';
  const signer: AllowedSigner = {
    principals,
    key: Buffer.from(base64, 'base64'),
    namespaces: undefined,
    after: undefined,
    before: undefined,
  };
  for (const option of options.match(/(?:[^,"]|"[^"]*")+/g) ?? []) {
    const problem = withOption(signer, option);
    if (problem !== undefined) return problem;
  }
  return signer;
}

/** What is wrong with the option. */
function withOption(signer: AllowedSigner, option: string): string | undefined {
  const [, name = '', value = ''] = /^([\w-]+)(?:="?([^"]*)"?)?$/.exec(option) ?? [];
  switch (name.toLowerCase()) {
    case 'namespaces':
      if (value.includes('!')) return 'namespaces with ! are not read: name those that count';
      signer.namespaces = value.split(',');
      return undefined;
    case 'valid-after':
      signer.after = timeOf(value);
      return signer.after === undefined ? `valid-after=${value} is no time such as 20260131Z` : undefined;
    case 'valid-before':
      signer.before = timeOf(value);
      return signer.before === undefined ? `valid-before=${value} is no time such as 20260131Z` : undefined;
    case 'cert-authority':
      return 'certificates are not read: name the keys themselves';
    default:
      return `the option ${name || option} is not known`;
  }
}

const TIME = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?$/;

/** Times without a zone are taken as UTC. */
function timeOf(text: string): number | undefined {
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = TIME.exec(text) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** Whether a name is among namespaces, in which `*` alone stands for any. */
export function isWithin(namespaces: readonly string[] | undefined, name: string): boolean {
  return namespaces === undefined || namespaces.some((pattern) => pattern === name || pattern === '*');
}
