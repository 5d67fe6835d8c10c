// IP addresses as bytes, and which of them no request of a tenant may reach: the machine itself, its neighbours, the cloud's metadata.
import { isIP } from 'node:net';

/** Four bytes or sixteen. */
export type Address = readonly number[];

/** An address in the spellings that Node and WHATWG URLs print; zones are dropped. Undefined where the text is a name. */
export function parseAddress(text: string): Address | undefined {
  const [plain = ''] = text.replace(/^\[(.*)\]$/, '$1').split('%');
  if (isIP(plain) === 4) return plain.split('.').map(Number);
  return isIP(plain) === 6 ? sixteenBytes(plain) : undefined;
}

function sixteenBytes(text: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: string | undefined, low: string | undefined): string =>
    (Number(high) * 256 + Number(low)).toString(16);
  const plain = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : text;
  const [head = [], tail = []] = plain.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail];
  return groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]);
}

export type Forbidden = 'loopback' | 'link-local' | 'metadata' | 'unspecified' | 'multicast' | 'reserved';

/** An address or the beginning of one, and how many bits of it count. */
type Block = readonly [text: string, bits: number, what: Forbidden];

const BLOCKS = (
  [
    ['100.100.100.200', 32, 'metadata'],
    ['168.63.129.16', 32, 'metadata'],
    ['169.254.169.254', 32, 'metadata'],
    ['192.0.0.192', 32, 'metadata'],
    ['fd00:ec2::254', 128, 'metadata'],
    ['fd20:ce::254', 128, 'metadata'],
    ['fe80::a9fe:a9fe', 128, 'metadata'],
    ['127.0.0.0', 8, 'loopback'],
    ['::1', 128, 'loopback'],
    ['169.254.0.0', 16, 'link-local'],
    ['fe80::', 10, 'link-local'],
    ['0.0.0.0', 8, 'unspecified'],
    ['::', 128, 'unspecified'],
    ['224.0.0.0', 4, 'multicast'],
    ['ff00::', 8, 'multicast'],
    ['240.0.0.0', 4, 'reserved'],
  ] satisfies Block[]
).map(([text, bits, what]) => ({ start: parseAddress(text) ?? [], bits, what }));

/** Why an address is refused by default, or undefined. IPv4 inside IPv6 counts as what it leads to. */
export function forbidden(address: Address): Forbidden | undefined {
  const block = BLOCKS.find(({ start, bits }) => start.length === address.length && begins(address, start, bits));
  if (block !== undefined) return block.what;
  for (const inner of embedded(address)) {
    const what = forbidden(inner);
    if (what !== undefined) return what;
  }
  return undefined;
}

function begins(address: Address, start: Address, bits: number): boolean {
  return start.every((byte, index) => {
    const counted = Math.min(Math.max(bits - index * 8, 0), 8);
    const mask = (0xff00 >> counted) & 0xff;
    return (byte & mask) === ((address[index] ?? 0) & mask);
  });
}

/** Where IPv6 carries an IPv4 address: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP. */
function embedded(address: Address): Address[] {
  if (address.length !== 16) return [];
  const at = (...places: number[]): Address => places.map((place) => address[place] ?? 0);
  const last = at(12, 13, 14, 15);
  const within = (text: string, bits: number): boolean => begins(address, parseAddress(text) ?? [], bits);
  if (within('::', 96) || within('::ffff:0:0', 96) || within('::ffff:0:0:0', 96) || within('64:ff9b::', 96))
    return [last];
  if (within('64:ff9b:1::', 48)) return [last, at(6, 7, 9, 10)];
  if (within('2002::', 16)) return [at(2, 3, 4, 5)];
  if (within('2001::', 32)) return [at(4, 5, 6, 7), last.map((byte) => byte ^ 255)];
  const isatap = (address[8] === 0 || address[8] === 2) && address[9] === 0 && address[10] === 0x5e;
  return isatap && address[11] === 0xfe ? [last] : [];
}

/** The address and the IPv4 addresses inside it, each in one spelling: for comparing two. */
export function spellings(address: Address): string[] {
  return [address, ...embedded(address)].map((each) => each.join('.'));
}
