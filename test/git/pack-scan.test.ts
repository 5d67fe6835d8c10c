import { describe, expect, it } from 'vitest';
import { scanPack } from '../../src/git/pack-scan.ts';
import { LimitExceeded, SOURCE_LIMITS, SourceBudget, type SourceLimits } from '../../src/ports/source-budget.ts';
import { buildPack, delta, sealed, type PackEntry } from '../fuzz/packs.ts';

const MIB = 2 ** 20;
const blob = (content: string | Buffer, says?: number): PackEntry => ({
  type: 'blob',
  content: Buffer.from(content),
  ...(says === undefined ? {} : { says }),
});
const scan = (pack: Buffer, limits: Partial<SourceLimits> = {}): number =>
  scanPack(pack, new SourceBudget({ ...SOURCE_LIMITS, ...limits }));
const limitOf = (pack: Buffer, limits?: Partial<SourceLimits>): string | undefined => {
  try {
    scan(pack, limits);
    return undefined;
  } catch (error) {
    if (!(error instanceof LimitExceeded)) throw error;
    expect(error.message).toContain(`(limit ${error.limit})`);
    return error.limit;
  }
};

describe('a pack is counted before anything unpacks it', () => {
  it('and taken where it holds what it says', () => {
    expect(
      scan(buildPack([blob('a'), blob(''), blob('b'.repeat(70_000)), { type: 'tag', content: Buffer.from('t') }])),
    ).toBe(4);
    const based: PackEntry[] = [blob('a'.repeat(100)), { type: 'offset-delta', base: 0, delta: delta(100, 100) }];
    expect(scan(buildPack([...based, { type: 'reference-delta', base: '1'.repeat(40), delta: delta(9, 9) }]))).toBe(3);
    expect(scan(buildPack([]))).toBe(0);
  });

  it.each<[string, Buffer, Partial<SourceLimits>, keyof SourceLimits]>([
    ['a file of 600 MB in half a megabyte', buildPack([blob('x', 600 * MIB)]), {}, 'objectBytes'],
    [
      'many files',
      buildPack(Array.from({ length: 5 }, () => blob(Buffer.alloc(MIB)))),
      { inflatedBytes: 4 * MIB },
      'inflatedBytes',
    ],
    ['a number of objects that nobody sends', buildPack([], 0xffffffff), {}, 'packObjects'],
    ['its own size', buildPack([blob('x')]), { packBytes: 30 }, 'packBytes'],
    [
      'a delta that makes a large file',
      buildPack([blob('x'.repeat(9)), { type: 'offset-delta', base: 0, delta: delta(9, 2 ** 45) }]),
      {},
      'objectBytes',
    ],
    [
      'deltas that make many',
      buildPack([
        blob('x'),
        ...Array.from({ length: 9 }, (): PackEntry => ({ type: 'offset-delta', base: 0, delta: delta(1, MIB) })),
      ]),
      { inflatedBytes: 8 * MIB },
      'inflatedBytes',
    ],
    [
      'deltas upon deltas',
      buildPack([
        blob('x'),
        ...Array.from({ length: 251 }, (_, base): PackEntry => ({ type: 'offset-delta', base, delta: delta(1, 1) })),
      ]),
      {},
      'deltaDepth',
    ],
  ])('and refused for %s, naming the limit', (_what, pack, limits, limit) => {
    expect(limitOf(pack, limits)).toBe(limit);
  });

  const large = buildPack([blob(Buffer.alloc(8 * MIB), 10)]);
  it.each<[string, Buffer]>([
    ['more in an object than it says', large],
    ['less in an object than it says', buildPack([blob('x', 10)])],
    ['no object where one is promised', buildPack([blob('x')], 2)],
    ['something behind the last one', buildPack([blob('x'), blob('y')], 1)],
    ['another header', sealed(Buffer.from('PICK00000000'))],
    ['another version', sealed(Buffer.from('PACK\0\0\0\u0009\0\0\0\0'))],
    ['nothing', Buffer.from('PACK')],
    ['a delta on what does not come before', buildPack([{ type: 'offset-delta', base: 7, delta: delta(1, 1) }])],
    ['an unknown type', sealed(Buffer.concat([buildPack([], 1).subarray(0, 12), Buffer.from([0x50])]))],
    ['a size without end', sealed(Buffer.concat([buildPack([], 1).subarray(0, 12), Buffer.alloc(64, 0xff)]))],
    [
      'what cannot be inflated',
      sealed(Buffer.concat([buildPack([], 1).subarray(0, 12), Buffer.from([0x31, 1, 2, 3])])),
    ],
  ])('and refused as damaged for %s', (_what, pack) => {
    expect(() => scan(pack)).toThrow(/the server sent a damaged pack: .* at byte \d+/);
  });
});
