import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergePatch } from '../../src/api/merge-patch.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386, as the API server does it. */
function patched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Json = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = patched(result[key], value);
  }
  return result;
}

const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }));
const tree = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.oneof({ maxDepth: 3 }, leaf, tie('node')), {
    maxKeys: 4,
  }),
})).node;

describe('a merge patch', () => {
  it('turns the one value into the other', () => {
    fc.assert(
      fc.property(tree, tree, (from, to) => {
        const patch = mergePatch(from, to);
        expect(patch === undefined ? from : patched(from, patch)).toEqual(to);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('is nothing where nothing differs, whatever the order of keys', () => {
    expect(mergePatch({ a: 1, b: { c: [1, 2], d: 'x' } }, { b: { d: 'x', c: [1, 2] }, a: 1 })).toBeUndefined();
  });

  it('is nothing where lists hold the same with keys in another order, as an API server stores them', () => {
    const written = { conditions: [{ type: 'Healthy', status: 'True', reason: 'RolloutHealthy' }] };
    const stored = { conditions: [{ reason: 'RolloutHealthy', status: 'True', type: 'Healthy' }] };
    expect(mergePatch(stored, written)).toBeUndefined();
    expect(mergePatch({ conditions: [{ ...stored.conditions[0], status: 'False' }] }, written)).toEqual(written);
  });

  it('holds no more than what differs, and takes out what is undefined', () => {
    const before = { phase: 'Healthy', machine: { step: 1, until: 'noon' }, weight: 10 };
    const after = { phase: 'Healthy', machine: { step: 2, until: undefined }, weight: 10 };
    expect(mergePatch(before, after)).toEqual({ machine: { step: 2, until: null } });
  });

  it('replaces lists whole', () => {
    expect(mergePatch({ list: [1, 2] }, { list: [1, 3] })).toEqual({ list: [1, 3] });
  });
});
