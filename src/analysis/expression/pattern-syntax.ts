// Patterns of `matches` → their tree: RE2's syntax, in which expr-lang's patterns are written, without flags and Unicode classes.
import { PatternProblem, type Part, type CharSet } from './pattern-tree.ts';

const MAX_REPEATS = 256;
const MAX_DEPTH = 32;

const DIGIT: CharSet = [[48, 57]];
const WORD: CharSet = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const SPACE: CharSet = [
  [9, 10],
  [12, 13],
  [32, 32],
];
const CLASSES: Readonly<Record<string, { set: CharSet; negated: boolean }>> = {
  d: { set: DIGIT, negated: false },
  D: { set: DIGIT, negated: true },
  w: { set: WORD, negated: false },
  W: { set: WORD, negated: true },
  s: { set: SPACE, negated: false },
  S: { set: SPACE, negated: true },
};
const CONTROLS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7 };
const LAST = 0x10ffff;
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/** Throws `PatternProblem` where the text is no pattern. */
export function parsePattern(source: string): Part {
  const reader = new PatternReader(Array.from(source));
  const part = reader.alternatives(0);
  reader.end();
  return part;
}

class PatternReader {
  readonly #chars: string[];
  #at = 0;

  constructor(chars: string[]) {
    this.#chars = chars;
  }

  alternatives(depth: number): Part {
    if (depth > MAX_DEPTH) throw new PatternProblem('it is nested too deeply');
    const options = [this.#sequence(depth)];
    while (this.#takes('|')) options.push(this.#sequence(depth));
    return options.length === 1 ? (options[0] ?? { type: 'sequence', parts: [] }) : { type: 'either', options };
  }

  end(): void {
    if (this.#at < this.#chars.length) throw new PatternProblem('it has a ) too many');
  }

  #takes(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #sequence(depth: number): Part {
    const parts: Part[] = [];
    while (this.#at < this.#chars.length && this.#chars[this.#at] !== '|' && this.#chars[this.#at] !== ')') {
      parts.push(this.#repeated(this.#atom(depth)));
    }
    return { type: 'sequence', parts };
  }

  #repeated(part: Part): Part {
    const times = this.#times();
    if (times === undefined) return part;
    // Greedy or not: whether it matches is the same.
    this.#takes('?');
    if (this.#times() !== undefined) throw new PatternProblem('it repeats a repetition: put (?:…) around it');
    return { type: 'repeat', part, ...times };
  }

  #times(): { least: number; most: number | undefined } | undefined {
    if (this.#takes('*')) return { least: 0, most: undefined };
    if (this.#takes('+')) return { least: 1, most: undefined };
    if (this.#takes('?')) return { least: 0, most: 1 };
    return this.#chars[this.#at] === '{' ? this.#counted() : undefined;
  }

  /** `{2}`, `{2,}`, `{2,5}`; anything else in braces is text. */
  #counted(): { least: number; most: number | undefined } | undefined {
    const counted = /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(this.#chars.slice(this.#at, this.#at + 12).join(''));
    if (counted === null) return undefined;
    this.#at += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[2] === undefined ? least : counted[3] === undefined ? undefined : Number(counted[3]);
    if (least > MAX_REPEATS || (most ?? 0) > MAX_REPEATS)
      throw new PatternProblem(`it repeats more than ${MAX_REPEATS} times`);
    if (most !== undefined && most < least) throw new PatternProblem('it repeats at least more often than at most');
    return { least, most };
  }

  #atom(depth: number): Part {
    const char = this.#chars[this.#at++] ?? '';
    switch (char) {
      case '(':
        return this.#group(depth);
      case '[':
        return this.#charClass();
      case '.':
        return { type: 'chars', set: [[10, 10]], negated: true };
      case '^':
        return { type: 'start' };
      case '$':
        return { type: 'end' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new PatternProblem(`there is nothing before ${char} to repeat`);
      default:
        return one(char);
    }
  }

  #group(depth: number): Part {
    if (this.#takes('?') && !this.#takes(':'))
      throw new PatternProblem('it looks ahead or behind, names a group or sets flags; only (?:…) is possible');
    const inside = this.alternatives(depth + 1);
    if (!this.#takes(')')) throw new PatternProblem('it has a ( without )');
    return inside;
  }

  #escape(): Part {
    const char = this.#chars[this.#at] ?? '';
    if (char === 'b' || char === 'B') {
      this.#at++;
      return { type: 'boundary', negated: char === 'B' };
    }
    if (char === 'A' || char === 'z') {
      this.#at++;
      return { type: char === 'A' ? 'start' : 'end' };
    }
    if (Object.hasOwn(CLASSES, char)) {
      this.#at++;
      const named = CLASSES[char];
      if (named !== undefined) return { type: 'chars', ...named };
    }
    const code = this.#escapedCode();
    return { type: 'chars', set: [[code, code]], negated: false };
  }

  /** The character after a backslash. */
  #escapedCode(): number {
    const char = this.#chars[this.#at++] ?? '';
    if (Object.hasOwn(CONTROLS, char)) return CONTROLS[char] ?? 0;
    const hex = /^x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(
      this.#chars.slice(this.#at - 1, this.#at + 8).join(''),
    );
    if (hex !== null) {
      this.#at += hex[0].length - 1;
      return parseInt(hex[1] ?? hex[2] ?? '', 16);
    }
    if (/^[1-9k]$/.test(char)) throw new PatternProblem('it refers back to a group');
    if (PUNCTUATION.test(char)) return char.charCodeAt(0);
    throw new PatternProblem('it has a \\ before a letter that means nothing');
  }

  #charClass(): Part {
    const negated = this.#takes('^');
    const set: (readonly [number, number])[] = [];
    for (let first = true; first || this.#chars[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#chars.length) throw new PatternProblem('it has a [ without ]');
      set.push(...this.#classItem());
    }
    this.#at++;
    return { type: 'chars', set, negated };
  }

  #classItem(): CharSet {
    const named = this.#chars[this.#at] === '\\' ? this.#chars[this.#at + 1] : undefined;
    if (named !== undefined && Object.hasOwn(CLASSES, named)) {
      this.#at += 2;
      const found = CLASSES[named];
      return found === undefined ? [] : found.negated ? complement(found.set) : found.set;
    }
    const from = this.#classChar();
    const isRange = this.#chars[this.#at] === '-' && ![']', undefined].includes(this.#chars[this.#at + 1]);
    if (!isRange) return [[from, from]];
    this.#at++;
    const to = this.#classChar();
    if (to < from) throw new PatternProblem('it has a range that runs backwards');
    return [[from, to]];
  }

  #classChar(): number {
    const char = this.#chars[this.#at++] ?? '';
    return char === '\\' ? this.#escapedCode() : (char.codePointAt(0) ?? 0);
  }
}

function one(char: string): Part {
  const code = char.codePointAt(0) ?? 0;
  return { type: 'chars', set: [[code, code]], negated: false };
}

/** Ranges in order that do not touch → what is between them. */
function complement(set: CharSet): CharSet {
  let next = 0;
  const gaps: [number, number][] = [];
  for (const [from, to] of set) {
    if (from > next) gaps.push([next, from - 1]);
    next = to + 1;
  }
  return [...gaps, [next, LAST]];
}
