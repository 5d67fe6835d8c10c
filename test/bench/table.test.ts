import { describe, expect, it } from 'vitest';
import { digits, table } from './table.ts';

describe('a table', () => {
  it('lines its columns up and leaves no space at the end of a line', () => {
    const text = table(
      [{ title: 'figure' }, { title: 'ms', align: 'right' }, { title: '' }],
      [
        ['abort', '8.42', 'met'],
        ['first weight', '84.2', ''],
      ],
    );
    expect(text.split('\n')).toEqual(['figure          ms', 'abort         8.42  met', 'first weight  84.2']);
  });

  it('without rows is its titles', () => {
    expect(table([{ title: 'a' }, { title: 'b' }], [])).toBe('a  b');
  });
});

describe('digits', () => {
  it('keeps three that tell something', () => {
    expect([0.1234, 8.421, 84.21, 842.1, 12_345].map(digits)).toEqual(['0.12', '8.42', '84.2', '842', '12345']);
  });

  it('writes nothing as nothing, and what is no number as a dash', () => {
    expect([0, Number.NaN, Infinity].map(digits)).toEqual(['0', '-', '-']);
  });
});
