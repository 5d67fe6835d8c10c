import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/analysis/expression/expression.ts';

function run(text: string, result: unknown): unknown {
  const compiled = compile(text);
  if (!compiled.ok) return `syntax: ${compiled.error.message} @${compiled.error.position}`;
  const value = compiled.value.evaluate({ result });
  return value.ok ? value.value : `error: ${value.error}`;
}

fc.configureGlobal({ seed: 20260101 });

describe('a condition', () => {
  it.each([
    ['result[0] >', 'expected a value', 11],
    ['result[0] > 0.5)', 'expected an operator', 15],
    ['results[0] > 0.5', 'unknown name results', 0],
    ['result[0] > nosuch(1)', 'unknown function nosuch', 12],
    ['len(result, 1)', 'len takes 1 arguments, not 2', 0],
    ['result = 1', 'write == to compare', 7],
    ['let x == 1; x', 'expected =, found ==', 6],
    ['let x = 1; let x = 2; x', 'there is x already', 11],
    ['let max = 1; max', 'there is max already', 0],
    ['let x = 1; y', 'unknown name y; there is result, x', 11],
    ['all(result, #acc > 1)', '#acc is there inside reduce() alone', 12],
    ['all(result, #foo > 1)', 'there is #, #index, and #acc', 12],
    ['"abc', 'no closing', 0],
    ['result matches "(a+)\\\\1$"', 'refers back to a group', 15],
    ['result == 1 "hunter2"', 'expected an operator, found a string', 12],
  ])('%s is refused with the place', (text, message, position) => {
    const compiled = compile(text);
    expect(compiled.ok ? undefined : compiled.error).toEqual({ message: expect.stringContaining(message), position });
  });

  it('reaches nothing but own data', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(run(`result.${name}`, {})).toBe(null);
      expect(run(`result["${name}"]`, {})).toBe(null);
      expect(run(`"${name}" in result`, {})).toBe(false);
      expect(run(`result.${name}`, [])).toMatch(/^error/);
      expect(run(`${name}(result)`, [])).toMatch(/^syntax/);
      expect(run(name, 1)).toMatch(/^syntax/);
    }
    expect(run('{"__proto__": 1}.x', 1)).toBe(null);
  });

  it('has limits of length, nesting, size and cost', () => {
    expect(run('1'.padEnd(2000, ' '), 1)).toMatch(/longer than 1024/);
    expect(run(`${'('.repeat(200)}1${')'.repeat(200)}`, 1)).toMatch(/nested too deeply/);
    expect(run(Array.from({ length: 500 }, () => '1').join('+'), 1)).toMatch(/too long/);
    expect(run('all(1..9000, all(1..9000, true))', 1)).toMatch(/costs too much at position 14/);
    expect(run('1..1000000', 1)).toMatch(/at most/);
  });

  it('never throws, whatever is written', () => {
    const pieces = [
      'result',
      '[',
      ']',
      '(',
      ')',
      '0',
      '.',
      '#',
      'all',
      '{',
      '}',
      '??',
      '?.',
      '>',
      '-',
      'not',
      'in',
      '"',
      ',',
      ':',
      '|',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 12 }),
        fc.constantFrom([], [1], {}, null, 1),
        (parts, result) => {
          expect(() => run(parts.join(' '), result)).not.toThrow();
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => run(text, [1])).not.toThrow();
      }),
    );
  });

  it('takes nil apart with ?. and default', () => {
    expect(run('result?.a.b', null)).toBe(null);
    expect(run('default(result, 0)', [])).toBe(0);
    expect(run('default(result, 0)', null)).toBe(0);
    expect(run('default(result[0], 1) == 1', [])).toBe(true);
    expect(run('default(result[0], 1)', [0.5])).toBe(0.5);
  });
});

describe('inside a function over a list', () => {
  it('# means the same after an inner one as before it, also where the inner one ends in an error', () => {
    expect(run('map(1..2, default(map(5..6, [][#])[0], 0) + #)', 1)).toEqual([1, 2]);
    expect(run('map(1..2, [count(5..6, true), #, #index])', 1)).toEqual([
      [2, 1, 0],
      [2, 2, 1],
    ]);
  });

  it('values that are nested without end are refused in a sentence', () => {
    expect(run('string(reduce(1..9999, [#acc], 1)) == ""', 1)).toMatch(/nested too deeply|costs too much/);
  });
});

describe('patterns', () => {
  const test = (pattern: string, text: string): unknown => run(`result matches ${JSON.stringify(pattern)}`, text);

  it.each([
    ['^5..$', '503', '50'],
    ['a.*b', 'xaxxb', 'ba'],
    ['^(GET|POST)$', 'POST', 'POSTED'],
    ['\\d+', 'a1', 'a'],
    ['^[a-z]{3}$', 'abc', 'abcd'],
    ['colou?r', 'color', 'colouur'],
    ['^(?:a|b)*c$', 'ababc', 'abac d'],
    ['^(a*)*b$', 'aab', 'aac'],
    ['^x{2,3}$', 'xxx', 'xxxx'],
    ['^x{2,}$', 'xxxx', 'x'],
    ['^[^\\d-]+$', 'abc', 'a-c'],
    ['\\bcat\\b', 'a cat', 'concat'],
    ['^\\x41[\\]\\\\]é😀$', 'A]é😀', 'A]é'],
    ['^(|a)+$', 'aa', 'ab'],
    ['^a.c$', 'a\u2028c', 'a\nc'],
    ['', 'anything', undefined],
    ['a{,3}', 'a{,3}', 'aaa'],
  ])('%s matches %s and not %s', (pattern, good, bad) => {
    expect(test(pattern, good)).toBe(true);
    expect(bad === undefined || test(pattern, bad) === false).toBe(true);
  });

  it('mean what JavaScript means by them, on what both know', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '(a|b)', '(?:ab)', '(b|)');
    const times = fc.constantFrom('', '', '*', '+', '?', '{2}', '{0,2}', '*?');
    const pattern = fc
      .array(fc.tuple(fc.constantFrom('', '', '', '^', '|'), atom, times, fc.constantFrom('', '', '', '$')), {
        maxLength: 4,
      })
      .map((parts) => parts.flat().join(''));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        expect(test(source, subject)).toBe(new RegExp(source, 'u').test(subject));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    '(.)\\1',
    '(?=a)',
    '(?<=a)',
    '(?i)a',
    '(a',
    'a)',
    '[a',
    'a**',
    '*a',
    'a{300}',
    '((a{90}){90}){90}',
    '((){250}){250}',
    '\\q',
    '[b-a]',
  ])('%s is refused', (pattern) => {
    expect(compile(`result matches ${JSON.stringify(pattern)}`).ok).toBe(false);
  });

  it('look at short texts alone', () => {
    expect(run('result matches "a"', 'a'.repeat(257))).toMatch(/no more than 256/);
  });
});
