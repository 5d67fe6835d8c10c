// Packs and repositories as nobody's client would send them, and arbitraries of them for fast-check.
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

/** An object, or a delta on one before it (by its place) or on any (by its id). `says` lies about the size. */
export type PackEntry =
  | { type: ObjectType; content: Buffer; says?: number }
  | { type: 'offset-delta'; base: number; delta: Buffer; says?: number }
  | { type: 'reference-delta'; base: string; delta: Buffer; says?: number };

const TYPES: Record<PackEntry['type'], number> = {
  commit: 1,
  tree: 2,
  blob: 3,
  tag: 4,
  'offset-delta': 6,
  'reference-delta': 7,
};

export const oidOf = (type: ObjectType, content: Buffer): string =>
  createHash('sha1').update(`${type} ${content.byteLength}\0`).update(content).digest('hex');

/** A pack of these entries with a right checksum; `objects` lies about their number. */
export function buildPack(entries: readonly PackEntry[], objects = entries.length): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(objects, 8);
  const pieces = [header];
  const offsets: number[] = [];
  let at = 12;
  for (const entry of entries) {
    offsets.push(at);
    const content = 'content' in entry ? entry.content : entry.delta;
    const base =
      entry.type === 'offset-delta'
        ? offsetBytes(at - (offsets[entry.base] ?? 0))
        : entry.type === 'reference-delta'
          ? Buffer.from(entry.base, 'hex')
          : Buffer.alloc(0);
    const piece = Buffer.concat([
      entryHeader(TYPES[entry.type], entry.says ?? content.byteLength),
      base,
      deflateSync(content),
    ]);
    pieces.push(piece);
    at += piece.byteLength;
  }
  return sealed(Buffer.concat(pieces));
}

/** Bytes with the checksum that a pack ends with. */
export const sealed = (bytes: Buffer): Buffer => Buffer.concat([bytes, createHash('sha1').update(bytes).digest()]);

function entryHeader(type: number, size: number): Buffer {
  const bytes: number[] = [];
  let [low, rest] = [size % 16, Math.floor(size / 16)];
  let byte = (type << 4) | low;
  while (rest > 0) {
    bytes.push(byte | 0x80);
    low = rest % 128;
    rest = Math.floor(rest / 128);
    byte = low;
  }
  return Buffer.from([...bytes, byte]);
}

function offsetBytes(distance: number): Buffer {
  const bytes = [distance % 128];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest--;
    bytes.unshift(0x80 | (rest % 128));
  }
  return Buffer.from(bytes);
}

function sizeBytes(size: number): number[] {
  const bytes: number[] = [];
  let rest = size;
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

/** A delta that says it makes `result` bytes of `base` bytes, by copying the first 64 KiB again and again. */
export function delta(base: number, result: number): Buffer {
  const copies: number[] = [];
  for (let left = result; left > 0 && copies.length < 4096; left -= 0x10000) copies.push(0x80);
  return Buffer.from([...sizeBytes(base), ...sizeBytes(result), ...copies]);
}

export interface RawEntry {
  mode: string;
  name: Buffer;
  oid: string;
}

export const treeBytes = (entries: readonly RawEntry[]): Buffer =>
  Buffer.concat(
    entries.map(({ mode, name, oid }) =>
      Buffer.concat([Buffer.from(`${mode} `), name, Buffer.from([0]), Buffer.from(oid, 'hex')]),
    ),
  );

export const commitBytes = (tree: string, extra = ''): Buffer =>
  Buffer.from(`tree ${tree}\n${extra}author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nHarm\n`);

export interface Repository {
  head: string;
  entries: PackEntry[];
}

/** A repository of one commit with this tree; objects hold what the tree names. */
export function repositoryOf(tree: Buffer, objects: readonly PackEntry[], extra = ''): Repository {
  const commit = commitBytes(oidOf('tree', tree), extra);
  return {
    head: oidOf('commit', commit),
    entries: [{ type: 'commit', content: commit }, { type: 'tree', content: tree }, ...objects],
  };
}

/** A tree bomb: folders within folders, each named `wide` times in the one above. */
export function treeBomb(wide: number, deep: number, leaf: RawEntry[] = []): Repository {
  const trees: Buffer[] = [treeBytes(leaf)];
  for (let level = 0; level < deep; level++) {
    const oid = oidOf('tree', trees.at(-1) ?? Buffer.alloc(0));
    const names = Array.from({ length: wide }, (_, n) => Buffer.from(`d${String(n).padStart(3, '0')}`));
    trees.push(treeBytes(names.map((name) => ({ mode: '40000', name, oid }))));
  }
  const top = trees.pop() ?? Buffer.alloc(0);
  return repositoryOf(
    top,
    trees.map((content) => ({ type: 'tree', content })),
  );
}

const names = fc
  .oneof(
    fc.constantFrom(
      'a.yaml',
      'b.yml',
      'c.json',
      'deploy',
      '..',
      '.',
      '',
      '.git',
      '.gitmodules',
      '__proto__',
      'kustomization.yaml',
    ),
    fc.constantFrom('a/b.yaml', 'a\\b.yaml', '\u202e.yaml', 'x'.repeat(300), '\n.yaml'),
    fc.string({ maxLength: 8 }),
  )
  .map((name) => Buffer.from(name));
const bytesAsName = fc
  .uint8Array({ minLength: 1, maxLength: 6 })
  .map((bytes) => Buffer.from(bytes).filter((byte) => byte !== 0));
const name = fc.oneof(
  { weight: 5, arbitrary: names },
  { weight: 1, arbitrary: bytesAsName.map((bytes) => Buffer.from(bytes)) },
);
const mode = fc.constantFrom(
  '100644',
  '100755',
  '40000',
  '040000',
  '120000',
  '160000',
  '0',
  '777777',
  '140000',
  '100664',
);

const texts = fc
  .oneof(
    fc.constantFrom(
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n',
      'a: &a [1, 2]\nb: [*a, *a]\n',
      '---\n---\n1\n---\n',
      '\uFEFFkind: X\n',
      '../a.yaml',
      '/etc/passwd',
      'deploy',
      '.',
      '',
    ),
    fc.string({ maxLength: 40 }),
  )
  .map((text) => Buffer.from(text));

/** Blobs and trees, each tree naming some before it or none that is there; then a commit of the last tree. */
export const hostileRepository: fc.Arbitrary<Repository> = fc
  .record({
    blobs: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: texts },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
      ),
      { minLength: 1, maxLength: 6 },
    ),
    trees: fc.array(fc.array(fc.record({ mode, name, pick: fc.nat(20) }), { maxLength: 6 }), {
      minLength: 1,
      maxLength: 5,
    }),
    garbage: fc.option(fc.uint8Array({ maxLength: 60 }), { freq: 6 }),
    extra: fc.constantFrom('', 'parent x\n', 'encoding none\n', 'gpgsig -----\n', 'tree \n', 'author\n'),
  })
  .map(({ blobs, trees, garbage, extra }) => {
    const entries: PackEntry[] = blobs.map((content) => ({ type: 'blob', content }));
    const known = blobs.map((content) => oidOf('blob', content));
    let top: Buffer = Buffer.alloc(0);
    for (const tree of trees) {
      top = treeBytes(
        tree.map((entry) => ({ ...entry, oid: known[entry.pick % (known.length + 1)] ?? 'f'.repeat(40) })),
      );
      if (garbage) top = Buffer.concat([top, Buffer.from(garbage)]);
      entries.push({ type: 'tree', content: top });
      known.push(oidOf('tree', top));
    }
    return repositoryOf(top, entries, extra);
  });

/** What may happen to a pack on its way, or be done to it. */
export const damage: fc.Arbitrary<(pack: Buffer) => Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.constant((pack: Buffer) => pack) },
  fc.nat(200).map((at) => (pack: Buffer) => pack.subarray(0, Math.min(at, pack.byteLength))),
  fc.tuple(fc.nat(400), fc.nat(255)).map(([at, byte]) => (pack: Buffer) => {
    const copy = Buffer.from(pack);
    if (at < copy.byteLength) copy[at] = byte;
    return copy;
  }),
  fc.tuple(fc.nat(400), fc.nat(255)).map(([at, byte]) => (pack: Buffer) => {
    const body = Buffer.from(pack.subarray(0, -20));
    if (at < body.byteLength) body[at] = byte;
    return sealed(body);
  }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => () => Buffer.from(bytes)),
);

/** Entries of packs that are only numbers: deltas on anything, sizes of any kind. */
export const hostileEntries: fc.Arbitrary<PackEntry[]> = fc.array(
  fc.oneof(
    fc.record({ type: fc.constantFrom<ObjectType>('commit', 'tree', 'blob', 'tag'), content: texts }),
    fc.record({
      type: fc.constant('blob' as const),
      content: texts,
      says: fc.constantFrom(0, 1, 2 ** 31, 2 ** 40, 2 ** 52),
    }),
    fc.record({
      type: fc.constant('offset-delta' as const),
      base: fc.nat(8),
      delta: fc
        .tuple(fc.nat(100), fc.constantFrom(0, 5, 2 ** 30, 2 ** 45))
        .map(([base, result]) => delta(base, result)),
    }),
    fc.record({
      type: fc.constant('reference-delta' as const),
      base: fc.constantFrom('0'.repeat(40), oidOf('blob', Buffer.from('.'))),
      delta: fc.tuple(fc.nat(3), fc.nat(20)).map(([base, result]) => delta(base, result)),
    }),
  ),
  { maxLength: 8 },
);
