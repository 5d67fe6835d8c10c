// What is looked for in a text: secrets as they are, in base64 and in hex. Finding costs in proportion to the text, however many they are.
import { canonical, isPlain, viewsOf } from './spellings.ts';

const HIDDEN = '***';
/** Below this many bytes base64 and hex would hide what is no secret. */
const MIN_ENCODED = 3;
/** Needles are told apart by so many characters first. */
const PREFIX = 6;
const SIEVE = 2 ** 16;
/** So much of a secret at the end of a text is one that the text was cut through. */
const LEAST_LEFT = 10;

interface Needle {
  text: string;
  isBase64: boolean;
}

type Range = [from: number, to: number];

export class Needles {
  /** By their first characters; those that have fewer by all of them. */
  readonly #byPrefix = new Map<string, Map<string, Needle>>();
  readonly #short = new Map<string, Needle>();
  /** Whether any prefix begins with three such characters: most places of a text are passed over by it. */
  #sieve: Uint8Array | undefined;

  /** `least`: encoded forms with fewer characters are left out. */
  add(secret: string, least = 1): void {
    for (const needle of needlesOf(secret, least)) {
      if (needle.text.length < PREFIX) this.#short.set(needle.text, needle);
      else this.#long(needle);
    }
  }

  delete(secret: string): void {
    for (const { text } of needlesOf(secret, 1)) {
      this.#short.delete(text);
      const prefix = text.slice(0, PREFIX);
      const near = this.#byPrefix.get(prefix);
      near?.delete(text);
      if (near?.size === 0) this.#byPrefix.delete(prefix);
    }
  }

  /** The text with `***` in place of all that was found. */
  hide(text: string): string {
    if (this.#byPrefix.size === 0 && this.#short.size === 0) return text;
    if (isPlain(text) && this.#find(text.toLowerCase()).length === 0) return text;
    let clean = '';
    let end = 0;
    for (const [from, to] of this.#ranges(text)) {
      if (from >= end) clean += text.slice(end, from) + HIDDEN;
      end = Math.max(end, to);
    }
    return clean + text.slice(end);
  }

  #long(needle: Needle): void {
    const prefix = needle.text.slice(0, PREFIX);
    const near = this.#byPrefix.get(prefix) ?? new Map<string, Needle>();
    this.#byPrefix.set(prefix, near.set(needle.text, needle));
    this.#sieve ??= new Uint8Array(SIEVE);
    this.#sieve[hashAt(prefix, 0)] = 1;
  }

  #ranges(text: string): Range[] {
    const found = viewsOf(text).flatMap((view) =>
      this.#find(view.text).map(([first, last]): Range => [view.from[first] ?? 0, view.to[last] ?? 0]),
    );
    return found.sort(([a], [b]) => a - b);
  }

  /** Places in a canonical text: first and last character. */
  #find(text: string): Range[] {
    const found: Range[] = [];
    this.#findIn(text, found, false);
    if (/[-_]/.test(text)) this.#findIn(standardBase64(text), found, true);
    return found;
  }

  #findIn(text: string, found: Range[], isBase64: boolean): void {
    this.#findLong(text, found, isBase64);
    this.#findShort(text, found, isBase64);
  }

  #findLong(text: string, found: Range[], isBase64: boolean): void {
    for (let at = 0; at + PREFIX <= text.length; at++) {
      if (!this.#sieve?.[hashAt(text, at)]) continue;
      for (const needle of this.#byPrefix.get(text.slice(at, at + PREFIX))?.values() ?? []) {
        if ((!isBase64 || needle.isBase64) && isAt(needle, text, at)) found.push(placeOf(needle, text, at));
      }
    }
  }

  #findShort(text: string, found: Range[], isBase64: boolean): void {
    for (const needle of this.#short.values()) {
      if (isBase64 && !needle.isBase64) continue;
      for (let at = text.indexOf(needle.text); at >= 0; at = text.indexOf(needle.text, at + 1))
        found.push(placeOf(needle, text, at));
    }
  }
}

/** Whole, or as far as the text goes. */
function isAt({ text: needle }: Needle, text: string, at: number): boolean {
  const left = text.length - at;
  if (left >= needle.length) return text.startsWith(needle, at);
  const end = text.endsWith('…') ? -1 : undefined;
  return left >= LEAST_LEFT && needle.startsWith(text.slice(at, end));
}

/** The characters at both ends of base64 hold a part of the secret, too. */
function placeOf({ text: found, isBase64 }: Needle, text: string, at: number): Range {
  let [first, last] = [at, Math.min(at + found.length, text.length) - 1];
  if (!isBase64) return [first, last];
  if (/[a-z0-9+/]/.test(text.charAt(first - 1))) first--;
  last += /^[a-z0-9+/]?={0,2}/.exec(text.slice(last + 1, last + 4))?.[0].length ?? 0;
  return [first, last];
}

const hashAt = (text: string, at: number): number =>
  (text.charCodeAt(at) * 961 + text.charCodeAt(at + 1) * 31 + text.charCodeAt(at + 2)) % SIEVE;

function needlesOf(secret: string, least: number): Needle[] {
  const plain = { text: canonical(secret).trim(), isBase64: false };
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < MIN_ENCODED) return plain.text === '' ? [] : [plain];
  const hex = { text: bytes.toString('hex'), isBase64: false };
  const needles = [plain, hex, ...inBase64(bytes)].filter(({ text }) => text.length >= least);
  return needles.filter(({ text }) => text !== '');
}

/** At each of the three places in which a secret can stand in something longer: the characters that nothing else has a part in. */
const inBase64 = (bytes: Buffer): Needle[] =>
  [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const whole = encoded.slice(offset === 0 ? 0 : offset + 1, Math.floor(((offset + bytes.length) * 8) / 6));
    return { text: whole.toLowerCase(), isBase64: true };
  });

const standardBase64 = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/');
