// Conditions that mean harm: written by hand, and drawn from the grammar with a taste for what is dear.
import fc from 'fast-check';

const deep = (levels: number, wrap: (inner: string) => string, core: string): string => {
  let text = core;
  for (let level = 0; level < levels; level++) text = wrap(text);
  return text;
};
/** Text that doubles as often as fits. */
const doubled = (core: string): string => deep(14, (inner) => `map([${inner}], # + #)[0]`, core);

/** Each is at most 1,024 characters long. `result` is a list of numbers. */
export const HOSTILE: readonly string[] = [
  'all(1..10000, max(1..10000) > 0)',
  'len(map(1..10000, 1..10000)) > 0',
  'all(1..10000, all(1..10000, all(1..10000, true)))',
  'all(1..10000, 10001 in 1..10000)',
  'all(1..10000, 1..9999 != 1..10000)',
  'all(1..10000, (1..10000)[0:9999] == (1..10000)[0:9999])',
  'all(1..10000, median(1..10000) > 0)',
  'all(1..10000, median(result) > 0)',
  'all(1..10000, sum(result) > -1)',
  'all(1..10000, max(result, result, result, result, result, result) > -1)',
  'len(join(map(1..10000, string(1..10000)))) > 0',
  'len(join(map(1..10000, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))) > 0',
  `len(${doubled('"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"')}) > 0`,
  `${doubled('"aaaaaaaaaaaaaaaa"')} contains ("b" + ${'"a"+'.repeat(80)}"a")`,
  `split(${doubled('"aaaaaaaaaaaaaaaa"')}, "") == []`,
  `upper(${doubled('"\\u0390\\u0390\\u0390\\u0390\\u0390\\u0390\\u0390"')}) == ""`,
  `float(${doubled('"1111111111111111"')} + "x") > 0`,
  `trim(${doubled('"abababababababab"')}, "ab") == ""`,
  `string(${deep(40, (inner) => `map([${inner}], [#, #])`, '1')}) == ""`,
  `len(string(${deep(40, (inner) => `map([${inner}], {a: #, b: #})`, '1')})) > 0`,
  `${deep(40, (inner) => `map([${inner}], [#, #])`, '1')} == ${deep(20, (inner) => `map([${inner}], [#, #])`, '1')}`,
  `max(${deep(60, (inner) => `map([${inner}], [#, #])`, '1')}) > 0`,
  deep(31, (inner) => `0<(${inner})<1`, '0<1<1'),
  `all(1..10000, ${deep(20, (inner) => `0<(${inner})<1`, '1')})`,
  'all(1..10000, "" matches "((x{9}){9}){9}")',
  `all(1..10000, "${'a'.repeat(200)}" matches "(a*)*(a*)*(a*)*b")`,
  `all(1..10000, "${'a'.repeat(200)}" matches "${'(|a)'.repeat(60)}$")`,
  `all(1..10000, "${'a'.repeat(200)}" matches "(a|b|c|d|e|f|g|h|i|j|k|l)+[^a-z]")`,
  'all(1..10000, "a" matches "(((a{9}){9}){9}" + string(#))',
  `"a" matches "${'(|){256}'.repeat(30)}"`,
  Array.from({ length: 40 }, () => '"a" matches "(a{30}){30}"').join(' or '),
  'all(1..10000, {a: 1, b: 2, c: 3, d: 4} != {a: 1})',
  'map(1..10000, {a: #, b: #, c: #}) == []',
  'map(1..10000, []) == []',
  'map(map(map(1..10000, [#]), [#]), [#]) == []',
  'map(1..10000, result[0:9000]) == []',
  'map(1..10000, filter(result, true)) == []',
  'all(1..10000, result[#:9999] != [] and count(result, # > 0) > -1)',
  'all(1..10000, len("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") > 0)',
  'all(1..10000, split("a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", ",") != [])',
  'all(1..10000, {"a": 1}["a"] == 1 and "a" in {"a": 1})',
  'all(map(1..10000, string(#) + string(#)), # < "a" or # startsWith "1")',
  'reduce(1..9999, [#acc], [1]) == reduce(1..9999, [#acc], [1])',
  'string(reduce(1..9999, [#acc], 1)) == ""',
  'max(reduce(1..9999, [#acc], 1)) > 0',
  'len(string(reduce(1..40, [#acc, #acc], 1))) > 0',
  'len(reduce(1..9999, #acc + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "")) > 0',
  'reduce(1..9999, reduce(1..9999, #acc + #), 0) > 0',
  `${Array.from({ length: 50 }, (_, n) => `let v${n} = ${n === 0 ? '"aaaaaaaa"' : `v${n - 1} + v${n - 1}`}; `).join('')}v49 == ""`,
  `${Array.from({ length: 50 }, (_, n) => `let v${n} = ${n === 0 ? '[1]' : `[v${n - 1}, v${n - 1}]`}; `).join('')}v49 == v48`,
  `${'let a = 1; '.repeat(80)}a`,
  `${'('.repeat(1000)}`,
  `${'['.repeat(60)}${']'.repeat(60)}`,
  `${'/*'.repeat(512)}`,
  `${'-'.repeat(1000)}1`,
  `result${'.a'.repeat(500)}`,
  `result${'?.a'.repeat(240)}`,
  `result${' | len()'.repeat(120)}`,
  `${'1<'.repeat(500)}1`,
  `"${'\\u0041'.repeat(170)}"`,
  `${'a'.repeat(1024)}`,
  `${'9'.repeat(1024)}`,
];

const leaf = fc.constantFrom(
  '0',
  '1',
  '-1',
  '9999',
  '0.5',
  'true',
  'nil',
  'result',
  '#',
  '"a"',
  '"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
  '1..9999',
  '1..300',
  '[]',
  '{}',
  '"(a|b)*c"',
);
const CALLS = [
  'len',
  'min',
  'max',
  'mean',
  'median',
  'abs',
  'string',
  'int',
  'float',
  'upper',
  'lower',
  'trim',
  'first',
  'last',
];
const CALLS_OF_TWO = ['split', 'join', 'max', 'trim', 'default'];
const CLOSURES = ['all', 'any', 'none', 'one', 'filter', 'map', 'count', 'sum', 'find', 'findIndex'];
const OPERATORS = '+ - * / % ** == != < <= > >= in contains startsWith endsWith matches and or ?? ..'.split(' ');

/** Any expression of the grammar, most of which are errors of type; of at most 1,024 characters. */
export const anyCondition: fc.Arbitrary<string> = fc
  .letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'medium', maxDepth: 7 },
      { arbitrary: leaf, weight: 3 },
      {
        arbitrary: fc
          .tuple(fc.constantFrom(...CLOSURES), tie('expression'), tie('expression'))
          .map(([name, list, body]) => `${name}(${list}, ${body})`),
        weight: 4,
      },
      {
        arbitrary: fc.tuple(fc.constantFrom(...CALLS), tie('expression')).map(([name, of]) => `${name}(${of})`),
        weight: 2,
      },
      {
        arbitrary: fc
          .tuple(fc.constantFrom(...CALLS_OF_TWO), tie('expression'), tie('expression'))
          .map(([name, a, b]) => `${name}(${a}, ${b})`),
        weight: 2,
      },
      {
        arbitrary: fc
          .tuple(tie('expression'), fc.constantFrom(...OPERATORS), tie('expression'))
          .map(([a, o, b]) => `(${a}) ${o} (${b})`),
        weight: 3,
      },
      { arbitrary: fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `[${a}, ${b}]`), weight: 2 },
      {
        arbitrary: fc
          .tuple(
            tie('expression'),
            fc.constantFrom('[#acc, ', '#acc + (', 'max(#acc, '),
            tie('expression'),
            tie('expression'),
          )
          .map(
            ([list, open, body, first]) =>
              `reduce(${list}, ${open}${body}${open.startsWith('[') ? ']' : ')'}, ${first})`,
          ),
        weight: 2,
      },
      {
        arbitrary: fc
          .tuple(fc.constantFrom('x', 'y', 'z'), tie('expression'), tie('expression'))
          .map(([name, value, body]) => `(let ${name} = ${value}; [${name}, ${name}, ${body}])`),
        weight: 2,
      },
      { arbitrary: fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `{a: ${a}, b: ${b}}`), weight: 1 },
      { arbitrary: fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a})[${b}:]`), weight: 1 },
      { arbitrary: fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a})[${b}]`), weight: 1 },
      {
        arbitrary: fc
          .tuple(tie('expression'), tie('expression'), tie('expression'))
          .map(([a, b, c]) => `(${a}) < (${b}) < (${c})`),
        weight: 1,
      },
      {
        arbitrary: fc
          .tuple(tie('expression'), tie('expression'), tie('expression'))
          .map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
        weight: 1,
      },
    ),
  }))
  .expression.filter((text) => text.length <= 1024);
