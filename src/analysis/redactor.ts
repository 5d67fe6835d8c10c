// Takes secrets out of texts that people will see, in every spelling in which a store may give them back: as they are, percent-encoded,
// as JSON, Go or HTML write them, and as base64 or hex, alone or inside something longer.
import { utf8, viewsOf, type View } from './spellings.ts';

const HIDDEN = '***';
/** What is longer comes from nobody's error message. */
const MAX_TEXT = 4096;
/** A character in its longest spelling. */
const MAX_SPELLING = 12;
/** Below this many bytes base64 and hex would hide what is no secret. */
const MIN_ENCODED = 3;

type Range = [from: number, to: number];

export class Redactor {
  readonly #secrets = new Set<string>();

  /** Adds a secret, also as it is without space around it. Empty ones are none. */
  add(secret: string): void {
    for (const each of [secret, secret.trim()]) if (each !== '') this.#secrets.add(each);
  }

  /** The text without any secret, on one line of printable characters; cut after `most`, once nothing can be read in the rest. */
  clean(text: string, most = MAX_TEXT): string {
    const plain = this.#hide(text).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ');
    return plain.length > most ? `${plain.slice(0, most)}…` : plain;
  }

  #hide(text: string): string {
    if (text.length <= MAX_TEXT) return hide(text, this.#secrets);
    // Nothing may be left of a secret that the cut goes through.
    const longest = Math.max(0, ...Array.from(this.#secrets, (secret) => secret.length));
    const clean = hide(text.slice(0, MAX_TEXT), this.#secrets);
    return `${clean.slice(0, Math.max(clean.length - longest * MAX_SPELLING, 0))}…`;
  }
}

function hide(text: string, secrets: ReadonlySet<string>): string {
  if (secrets.size === 0) return text;
  const views = viewsOf(text);
  const needles = Array.from(secrets, needlesOf).flat();
  const found = views.flatMap((view) => needles.flatMap((needle) => rangesOf(view, needle)));
  let clean = '';
  let end = 0;
  for (const [from, to] of found.toSorted(([a], [b]) => a - b)) {
    if (from >= end) clean += text.slice(end, from) + HIDDEN;
    end = Math.max(end, to);
  }
  return clean + text.slice(end);
}

interface Needle {
  bytes: string;
  kind: 'plain' | 'hex' | 'base64';
}

/** Base64 at each of the three places in which a secret can stand in something longer. */
function needlesOf(secret: string): Needle[] {
  const plain: Needle = { bytes: utf8(secret), kind: 'plain' };
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < MIN_ENCODED) return [plain];
  const inside = [0, 1, 2].map((offset): Needle => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const whole = encoded.slice(offset === 0 ? 0 : offset + 1, Math.floor(((offset + bytes.length) * 8) / 6));
    return { bytes: whole, kind: 'base64' };
  });
  return [plain, { bytes: bytes.toString('hex'), kind: 'hex' }, ...inside];
}

function rangesOf(view: View, { bytes, kind }: Needle): Range[] {
  const text = kind === 'plain' ? view.bytes : kind === 'hex' ? view.bytes.toLowerCase() : standardBase64(view.bytes);
  const ranges: Range[] = [];
  for (let at = text.indexOf(bytes); at >= 0; at = text.indexOf(bytes, at + 1)) {
    let [first, last] = [at, at + bytes.length - 1];
    if (kind === 'base64') {
      // The characters at both ends hold a part of the secret, too.
      if (/[A-Za-z0-9+/]/.test(text.charAt(first - 1))) first--;
      last += /^[A-Za-z0-9+/]?={0,2}/.exec(text.slice(last + 1, last + 4))?.[0].length ?? 0;
    }
    ranges.push([view.from[first] ?? 0, view.to[last] ?? 0]);
    at += bytes.length - 1;
  }
  return ranges;
}

const standardBase64 = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/');
