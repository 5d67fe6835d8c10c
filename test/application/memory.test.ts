import { describe, expect, it } from 'vitest';
import { Memory } from '../../src/application/memory.ts';
import { config, declared, NOW } from './seen.ts';

const commit = (digit: string) => digit.repeat(40);
const [a, b, c] = ['a', 'b', 'c'].map((digit) => declared([config(digit)], undefined, commit(digit)));

describe('What is gone back to', () => {
  it('is what was in force before', () => {
    const memory = new Memory();
    memory.accept(a);
    memory.accept(b);
    expect(memory.previous).toBe(a);
  });

  it('is never a commit that was given up, also where the next one came first', () => {
    const memory = new Memory();
    memory.accept(a);
    memory.accept(b);
    memory.giveUp(b?.id ?? '', 'no', NOW);
    memory.accept(c);
    expect(memory.previous).toBe(a);
  });

  it('is not another rendering of the same commit', () => {
    const memory = new Memory();
    memory.accept(a);
    memory.accept(b);
    memory.accept(b && { ...b });
    expect(memory.previous).toBe(a);
  });
});
