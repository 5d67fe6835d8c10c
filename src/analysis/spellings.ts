// A text as bytes, read with its escapes undone (percent, backslash, HTML; several deep), where each byte knows the piece of the text
// that it was read from.

export interface View {
  /** Each character is a byte. */
  bytes: string;
  /** Offsets in the text: where what a byte was read from begins, and ends. */
  from: number[];
  to: number[];
}

const MAX_VIEWS = 24;
const MAX_DEEP = 3;

/** The text, and all that it may stand for. */
export function viewsOf(text: string): View[] {
  const first: View = { bytes: '', from: [], to: [] };
  let at = 0;
  for (const char of text) {
    emit(first, utf8(char), at, at + char.length);
    at += char.length;
  }
  const views = new Map([[first.bytes, first]]);
  let last = [first];
  for (let deep = 0; deep < MAX_DEEP && last.length > 0; deep++) {
    last = last.flatMap((view) => ESCAPES.map((escape) => undo(view, escape)).filter(({ bytes }) => !views.has(bytes)));
    for (const view of last) if (views.size < MAX_VIEWS) views.set(view.bytes, view);
  }
  return Array.from(views.values());
}

export const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

function emit(view: View, bytes: string, from: number, to: number): void {
  view.bytes += bytes;
  for (let index = 0; index < bytes.length; index++) {
    view.from.push(from);
    view.to.push(to);
  }
}

interface Escape {
  /** Sticky. */
  pattern: RegExp;
  /** Bytes that a match stands for. */
  read(match: RegExpExecArray): string;
}

const code = (hex: string): string => {
  const point = parseInt(hex, 16);
  return point > 0x10ffff ? '' : utf8(String.fromCodePoint(point));
};
const byte = (digits: string, base: number): string => String.fromCharCode(parseInt(digits, base) & 255);

const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', a: '\u0007' };
const ENTITIES: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'", nbsp: ' ' };

const percent: Escape = { pattern: /%([0-9a-f]{2})/iy, read: ([, hex = '']) => byte(hex, 16) };
const form: Escape = { pattern: /%([0-9a-f]{2})|\+/iy, read: ([, hex]) => (hex === undefined ? ' ' : byte(hex, 16)) };
const backslash: Escape = {
  pattern:
    /\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|U([0-9a-f]{8})|x([0-9a-f]{2})|([0-7]{3})|([^]))/iy,
  read: ([, high, low, unit, braced, long, hex, octal, letter = '']) => {
    if (high !== undefined && low !== undefined)
      return utf8(String.fromCharCode(parseInt(high, 16), parseInt(low, 16)));
    const point = unit ?? braced ?? long;
    if (point !== undefined) return code(point);
    if (hex !== undefined) return byte(hex, 16);
    if (octal !== undefined) return byte(octal, 8);
    return Object.hasOwn(LETTERS, letter) ? (LETTERS[letter] ?? '') : letter;
  },
};
const html: Escape = {
  pattern: /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(quot|amp|lt|gt|apos|nbsp));/iy,
  read: ([, hex, decimal, name = '']) => {
    if (hex !== undefined) return code(hex);
    if (decimal !== undefined) return code(Number(decimal).toString(16));
    return ENTITIES[name.toLowerCase()] ?? '';
  },
};
const ESCAPES: readonly Escape[] = [percent, form, backslash, html];

const BEGINS = new Set(['%', '+', '\\', '&']);

function undo(view: View, escape: Escape): View {
  const plain: View = { bytes: '', from: [], to: [] };
  const { bytes, from, to } = view;
  for (let at = 0; at < bytes.length;) {
    escape.pattern.lastIndex = at;
    const match = BEGINS.has(bytes.charAt(at)) ? escape.pattern.exec(bytes) : null;
    const length = match?.[0].length ?? 1;
    const read = match === null ? bytes.charAt(at) : escape.read(match);
    emit(plain, read, from[at] ?? 0, to[at + length - 1] ?? 0);
    at += length;
  }
  return plain;
}
