// Texts that others wrote, made fit for a line.

/** One line, at most `max` characters, for subjects, trailers and records. */
export function oneLine(text: string, max: number): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  return flat.length > max ? `${flat.slice(0, max - 1)}…` : flat;
}

/** All but the joiner of characters, which belongs to what people write. */
const UNSAFE = /(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}${character.length > 1 ? escaped(character.slice(1)) : ''}`;

/** JSON in one line that steers no terminal: what is no plain character is written as an escape. */
export const plainJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replaceAll(UNSAFE, (character) =>
    character === '\n' ? '\n' : escaped(character),
  );

/** The text with what steers a terminal, or reorders what is read, written as an escape; line breaks are spaces. */
export const plainText = (text: string): string =>
  text.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(UNSAFE, (character) => escaped(character));
