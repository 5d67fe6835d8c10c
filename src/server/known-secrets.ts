// Secrets that this process has read: found in a text in whatever form it carries them, and taken out.

export interface KnownSecrets {
  /** Remembers a secret. Texts too short to be told from ordinary words are not. */
  learn(secret: string): void;
  /** The text with `***` where a secret stood: as it is, in any case, URL-encoded, JSON-escaped, base64, hex. */
  scrub(text: string): string;
}

const SHORTEST = 6;
/** Lines of a key or a certificate are secrets of their own; shorter ones are its frame. */
const SHORTEST_LINE = 16;
const MOST = 500;

export function knownSecrets(): KnownSecrets {
  const known = new Map<string, readonly string[]>();
  return {
    learn(secret) {
      for (const part of partsOf(secret)) {
        // Put in anew, so that what is in use stays.
        const forms = known.get(part) ?? formsOf(part);
        known.delete(part);
        known.set(part, forms);
      }
      for (const oldest of known.keys()) {
        if (known.size <= MOST) break;
        known.delete(oldest);
      }
    },
    scrub(text) {
      let clean = text;
      for (const forms of known.values()) for (const form of forms) clean = without(clean, form);
      return clean;
    },
  };
}

function partsOf(secret: string): string[] {
  const whole = secret.trim();
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  const long = lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_LINE) : [];
  return [whole, ...long].filter((part) => part.length >= SHORTEST);
}

/** All in lower case, the longest first, so that none leaves a rest of another. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const encoded = encodeURIComponent(bytes.toString('utf8'));
  const json = JSON.stringify(secret).slice(1, -1);
  const forms = [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    encoded,
    encoded.replaceAll('%20', '+'),
    encodeURIComponent(encoded),
    // encodeURIComponent leaves some that others encode.
    encoded.replace(/[!'()*~._-]/g, (char) => `%${char.charCodeAt(0).toString(16)}`),
    bytes.toString('hex'),
    ...inBase64(bytes),
  ];
  return [...new Set(forms.map((form) => form.toLowerCase()))].sort((a, b) => b.length - a.length);
}

/** What base64 makes of it wherever it begins: the characters that its neighbours have no part in. */
function inBase64(bytes: Buffer): string[] {
  const forms = [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor(((offset + bytes.length) * 8) / 6);
    return [text.slice(from, to), text.slice(from, to).replaceAll('+', '-').replaceAll('/', '_')];
  });
  return forms.filter((form) => form.length >= SHORTEST).flatMap((form) => [form, encodeURIComponent(form)]);
}

function without(text: string, form: string): string {
  const lower = text.toLowerCase();
  let at = lower.indexOf(form);
  // Lower case of a few letters is longer: then places do not match, and the whole text goes.
  if (at >= 0 && lower.length !== text.length) return '***';
  let clean = '';
  let from = 0;
  for (; at >= 0; at = lower.indexOf(form, from)) {
    clean += `${text.slice(from, at)}***`;
    from = at + form.length;
  }
  return clean + text.slice(from);
}
