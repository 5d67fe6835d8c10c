// Regular expressions that cannot blow up: a subset whose worst case is known, over texts of limited length.

/** Longest text that `matches` looks at. */
export const MAX_MATCHED_TEXT = 256;
const MAX_PATTERN = 256;
const MAX_REPEATS = 64;
/** Log2 of the steps that a match may take at worst. */
const MAX_WORK_BITS = 27;

/** A regular expression, or why it is refused. Never throws. */
export function safePattern(source: string): RegExp | string {
  const problem = refusal(source);
  if (problem !== undefined) return problem;
  try {
    return new RegExp(source, 'u');
  } catch {
    return 'it is not a regular expression';
  }
}

function refusal(source: string): string | undefined {
  if (source.length > MAX_PATTERN) return `it is longer than ${MAX_PATTERN} characters`;
  const plain = source.replaceAll(/\\[^1-9k]/g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  if (plain.includes('\\')) return 'it refers back to a group';
  if (/\(\?(?!:)/.test(plain)) return 'it looks ahead or behind; only (?:…) is possible';
  if (/\)[*+{]/.test(plain)) return 'it repeats a group';
  const fixed = [...plain.matchAll(/\{(\d+)\}/g)].reduce((sum, [, times]) => sum + Number(times), 0);
  if (fixed > MAX_REPEATS) return `it repeats more than ${MAX_REPEATS} times`;
  return workBits(plain) > MAX_WORK_BITS ? 'it has too many repeated or optional parts' : undefined;
}

/** Every open repeat multiplies the work by the length of the text (2⁸), every choice by 2. */
function workBits(plain: string): number {
  const open = plain.match(/[*+]|\{\d*,\d*\}/g)?.length ?? 0;
  const choices = plain.match(/(?<!\()[?|]/g)?.length ?? 0;
  return 8 * (open + 1) + choices;
}
