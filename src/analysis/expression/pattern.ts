// Patterns for `matches`, run by a machine of our own: all ways to match are followed at once, so that the steps are at most the length
// of the text times the size of the pattern, and each is counted. A backtracking engine could neither promise nor count them.
import { Budget } from './budget.ts';
import { parsePattern } from './pattern-syntax.ts';
import { PatternProblem, type CharSet, type Part } from './pattern-tree.ts';

/** Texts longer than this are not matched, in characters. */
export const MAX_MATCHED_TEXT = 256;
const MAX_PATTERN = 256;
const MAX_PROGRAM = 1024;

type Instruction =
  | { type: 'chars'; set: CharSet; negated: boolean }
  | { type: 'match' }
  | { type: 'start' | 'end' }
  | { type: 'boundary'; negated: boolean }
  /** Goes on at both places. */
  | { type: 'fork'; to: number; or: number };

export interface Pattern {
  /** Whether it matches anywhere in the text. Each step is spent for. */
  test(text: string, budget: Budget): boolean;
}

/** A pattern, or why it is refused. Never throws. Units it took to read: at most `PATTERN_COST`. */
export function safePattern(source: string): Pattern | string {
  if (source.length > MAX_PATTERN) return `it is longer than ${MAX_PATTERN} characters`;
  try {
    return new Machine(assemble(parsePattern(source)));
  } catch (error) {
    if (error instanceof PatternProblem) return error.message;
    throw error;
  }
}

/** Units of reading one pattern at worst. */
export const PATTERN_COST = MAX_PROGRAM;

/** Whether a short pattern matches the whole of a short text; false where it is no pattern. */
export function matchesWhole(source: string, text: string): boolean {
  const pattern = safePattern(`^(?:${source})$`);
  if (typeof pattern === 'string' || text.length > MAX_MATCHED_TEXT) return false;
  return pattern.test(text, new Budget(MAX_PROGRAM * (MAX_MATCHED_TEXT + 1) * 2 * STEP_COST));
}

function assemble(tree: Part): Instruction[] {
  const program: Instruction[] = [];
  let visits = 0;
  const emit = (part: Part): void => {
    // Empty parts add no instruction, and may be repeated without end.
    if (++visits > MAX_PROGRAM * 2 || program.length > MAX_PROGRAM)
      throw new PatternProblem('it is too large: repeat less');
    if (part.type === 'sequence') part.parts.forEach(emit);
    else if (part.type === 'either') emitEither(program, part.options, emit);
    else if (part.type === 'repeat') emitRepeat(program, part, emit);
    else program.push(part);
  };
  emit(tree);
  program.push({ type: 'match' });
  return program;
}

function emitEither(program: Instruction[], options: Part[], emit: (part: Part) => void): void {
  const ends: { to: number; or: number }[] = [];
  options.forEach((option, index) => {
    if (index === options.length - 1) return emit(option);
    const fork = { type: 'fork' as const, to: program.length + 1, or: 0 };
    program.push(fork);
    emit(option);
    const end = { type: 'fork' as const, to: 0, or: 0 };
    program.push(end);
    ends.push(end);
    fork.or = program.length;
  });
  for (const end of ends) end.to = end.or = program.length;
}

function emitRepeat(
  program: Instruction[],
  { part, least, most }: Extract<Part, { type: 'repeat' }>,
  emit: (part: Part) => void,
): void {
  for (let time = 0; time < least; time++) emit(part);
  if (most === undefined) {
    const fork = { type: 'fork' as const, to: program.length + 1, or: 0 };
    const again = program.length;
    program.push(fork);
    emit(part);
    program.push({ type: 'fork', to: again, or: again });
    fork.or = program.length;
    return;
  }
  const forks = Array.from({ length: most - least }, () => {
    const fork = { type: 'fork' as const, to: program.length + 1, or: 0 };
    program.push(fork);
    emit(part);
    return fork;
  });
  for (const fork of forks) fork.or = program.length;
}

/** A test costs this much before its first step. */
const BEGIN_COST = 8;
/** A step takes as long as two parts of a condition. */
const STEP_COST = 2;

class Machine implements Pattern {
  readonly #program: Instruction[];
  /** For each instruction the step at which it was last reached. */
  readonly #reached: Float64Array;
  #step = 0;

  constructor(program: Instruction[]) {
    this.#program = program;
    this.#reached = new Float64Array(program.length);
  }

  test(text: string, budget: Budget): boolean {
    budget.spend(BEGIN_COST + text.length);
    const codes = Array.from(text, (char) => char.codePointAt(0) ?? 0);
    let waiting: number[] = [];
    for (let place = 0; place <= codes.length; place++) {
      // A match may begin anywhere.
      const next = this.#follow([...waiting, 0], codes, place, budget);
      if (next === 'matched') return true;
      waiting = next;
    }
    return false;
  }

  /** Everything that can be reached at a place without reading on; what reads its character there waits for the next place. */
  #follow(stack: number[], codes: readonly number[], place: number, budget: Budget): number[] | 'matched' {
    const waiting: number[] = [];
    const step = ++this.#step;
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      budget.spend(STEP_COST);
      const instruction = this.#program[at];
      if (instruction === undefined || this.#reached[at] === step) continue;
      this.#reached[at] = step;
      if (instruction.type === 'match') return 'matched';
      if (instruction.type === 'fork') stack.push(instruction.or, instruction.to);
      else if (instruction.type === 'chars') {
        budget.spend(instruction.set.length >> 3);
        if (includes(instruction, codes[place])) waiting.push(at + 1);
      } else if (holds(instruction, codes, place)) stack.push(at + 1);
    }
    return waiting;
  }
}

function includes({ set, negated }: { set: CharSet; negated: boolean }, code: number | undefined): boolean {
  return code !== undefined && set.some(([from, to]) => code >= from && code <= to) !== negated;
}

function holds(
  instruction: Exclude<Instruction, { type: 'chars' | 'fork' }>,
  codes: readonly number[],
  place: number,
): boolean {
  switch (instruction.type) {
    case 'start':
      return place === 0;
    case 'end':
      return place === codes.length;
    case 'boundary':
      return (isWord(codes[place - 1]) !== isWord(codes[place])) !== instruction.negated;
    case 'match':
      return true;
  }
}

function isWord(code: number | undefined): boolean {
  if (code === undefined) return false;
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}
