// Secrets that this process has read: found in a text in whatever form it carries them, and taken out.

export interface KnownSecrets {
  /** Remembers a secret. Texts too short to be told from ordinary words are not. */
  learn(secret: string): void;
  /** The text with `***` where a secret stood: as it is, in any case, URL-encoded or JSON-escaped in any part, in base64, in hex. */
  scrub(text: string): string;
}

const SHORTEST = 6;
/** Lines of a key or a certificate are secrets of their own; shorter ones are its frame. */
const SHORTEST_LINE = 16;
/** Longer ones are known by their pieces, so that patterns stay small. */
const PIECE = 128;
const MOST = 1_000;

export function knownSecrets(): KnownSecrets {
  const known = new Map<string, RegExp>();
  return {
    learn(secret) {
      for (const part of partsOf(secret)) {
        const pattern = known.get(part) ?? patternOf(part);
        // Put in anew, so that what is in use stays.
        known.delete(part);
        known.set(part, pattern);
      }
      for (const oldest of known.keys()) {
        if (known.size <= MOST) break;
        known.delete(oldest);
      }
    },
    scrub(text) {
      let clean = text;
      for (const pattern of known.values()) clean = clean.replace(pattern, '***');
      return clean;
    },
  };
}

function partsOf(secret: string): string[] {
  // As UTF-8 carries it: a lone half of a pair becomes the replacement character.
  const whole = Buffer.from(secret.trim(), 'utf8').toString('utf8');
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  const long = lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_LINE) : [];
  return [...new Set([whole, ...long].flatMap(pieces))].filter((part) => part.length >= SHORTEST);
}

function pieces(text: string): string[] {
  const chars = Array.from(text);
  const count = Math.ceil(chars.length / PIECE);
  // Of about one length, so that none is too short to be known.
  const size = Math.ceil(chars.length / count);
  return Array.from({ length: count }, (_, at) => chars.slice(at * size, (at + 1) * size).join(''));
}

function patternOf(secret: string): RegExp {
  const bytes = Buffer.from(secret, 'utf8');
  const forms = [...inBase64(bytes).map(escaped), bytes.toString('hex'), inAnyEscape(secret)];
  return new RegExp(forms.join('|'), 'giu');
}

/**
 * Each character as it is, or as a URL, a form or a JSON text escapes it, also twice. No two parts of the pattern can take the same
 * text, so that matching takes time in proportion to it, whatever the secret.
 */
function inAnyEscape(secret: string): string {
  // A run of backslashes becomes longer when it is escaped.
  const runs = secret.match(/\\+|[^\\]/gu) ?? [];
  return runs
    .map((run, at) => {
      // In front, a longer run is tried from its beginning alone.
      const start = at === 0 ? '(?<!\\\\)' : '';
      if (run.startsWith('\\')) return `(?:${start}\\\\{${run.length},}|(?:${percent('\\')}){${run.length}})`;
      const mayBeEscaped = at > 0 && !(runs[at - 1]?.startsWith('\\') ?? false);
      const backslashes = mayBeEscaped ? '\\\\*' : '';
      const named = NAMED_ESCAPES[run];
      const forms = [
        `${backslashes}${escaped(run)}`,
        percent(run),
        `${backslashes}${units(run)}`,
        ...(run === ' ' ? ['\\+'] : []),
        ...(named === undefined ? [] : [`${backslashes}${named}`]),
      ];
      return `(?:${forms.join('|')})`;
    })
    .join('');
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' };

const percent = (char: string): string =>
  [...Buffer.from(char, 'utf8')].map((byte) => `%(?:25)*${byte.toString(16).padStart(2, '0')}`).join('');

/** `u00e4`, for each half of a pair; the backslash in front is not part of it. */
const units = (char: string): string =>
  Array.from({ length: char.length }, (_, at) => `u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('\\\\*');

/** What base64 makes of it wherever it begins: the characters that its neighbours have no part in. */
function inBase64(bytes: Buffer): string[] {
  const forms = [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const whole = text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    return [whole, whole.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(whole)];
  });
  return [...new Set(forms)].filter((form) => form.length >= SHORTEST);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
