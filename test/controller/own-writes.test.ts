import { beforeEach, describe, expect, it } from 'vitest';
import { OwnWrites } from '../../src/controller/own-writes.ts';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';

const KEY = 'sluice.dev/Rollout/shop/web' as never;
const at = (resourceVersion: string) => ({ metadata: { name: 'web', resourceVersion } });

let others: (string | undefined)[];
let writes: OwnWrites<ReturnType<typeof at>>;
beforeEach(() => {
  others = [];
  writes = new OwnWrites(({ metadata }) => others.push(metadata.resourceVersion));
});

describe('a record', () => {
  it('is own where the watch shows it before the answer, with it, or where both show it', async () => {
    await writes.make(KEY, () => {
      writes.shown(KEY, at('2'));
      return Promise.resolve(at('2'));
    });
    expect(others).toEqual([]);
  });

  it('is another’s where this process was writing nothing', () => {
    writes.shown(KEY, at('2'));
    expect(others).toEqual(['2']);
  });

  it('is another’s where it came during a write and is not that', async () => {
    await writes.make(KEY, () => {
      writes.shown(KEY, at('2'));
      writes.shown(KEY, at('3'));
      return Promise.resolve(at('3'));
    });
    expect(others).toEqual(['2']);
  });

  it('is another’s where the own write was refused for it', async () => {
    const conflict = new ApiError({ status: 409, reason: 'Conflict', message: 'somebody wrote first' });
    const made = writes.make(KEY, () => {
      writes.shown(KEY, at('2'));
      return Promise.reject(conflict);
    });
    await expect(made).rejects.toBe(conflict);
    expect(others).toEqual(['2']);
  });

  it('may be own where a write was not answered: once it is given the benefit of the doubt', async () => {
    const lost = new ConnectionError('reset');
    await expect(writes.make(KEY, () => Promise.reject(lost))).rejects.toBe(lost);
    writes.shown(KEY, at('2'));
    expect(others).toEqual([]);
    writes.shown(KEY, at('3'));
    expect(others).toEqual(['3']);
  });
});
