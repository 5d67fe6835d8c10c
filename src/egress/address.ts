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

/** Takes four bytes out of sixteen. */
type Inner = (address: Address) => Address;

const at =
  (...places: number[]): Inner =>
  (address) =>
    places.map((place) => address[place] ?? 0);
const last = at(12, 13, 14, 15);
const inverted: Inner = (address) => last(address).map((byte) => byte ^ 255);

/** Where IPv6 carries IPv4 addresses: compatible, mapped, translated, NAT64 (twice), 6to4, Teredo. */
const CARRIERS = (
  [
    ['::', 96, [last]],
    ['::ffff:0:0', 96, [last]],
    ['::ffff:0:0:0', 96, [last]],
    ['64:ff9b::', 96, [last]],
    ['64:ff9b:1::', 48, [last, at(6, 7, 9, 10)]],
    ['2002::', 16, [at(2, 3, 4, 5)]],
    ['2001::', 32, [at(4, 5, 6, 7), inverted]],
  ] satisfies [text: string, bits: number, inner: Inner[]][]
).map(([text, bits, inner]) => ({ start: parseAddress(text) ?? [], bits, inner }));

/** The IPv4 addresses that an IPv6 address carries. */
function embedded(address: Address): Address[] {
  if (address.length !== 16) return [];
  const carrier = CARRIERS.find(({ start, bits }) => begins(address, start, bits));
  if (carrier !== undefined) return carrier.inner.map((inner) => inner(address));
  return isIsatap(address) ? [last(address)] : [];
}

/** ISATAP is told by the second half, after any prefix. */
const isIsatap = (address: Address): boolean =>
  (address[8] === 0 || address[8] === 2) && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe;

/** The address and the IPv4 addresses inside it, each in one spelling: for comparing two. */
export function spellings(address: Address): string[] {
  return [address, ...embedded(address)].map((each) => each.join('.'));
}
