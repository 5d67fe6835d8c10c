// Secrets that this process has read or written: found in a text in whatever form it carries them, and taken out.
import type { Secrecy } from '../ports/secrecy.ts';
import { withoutCredentials } from './credentials.ts';
import { Needles } from './needles.ts';

/** Shorter ones cannot be told from ordinary words. */
const SHORTEST = 6;
/** Lines of a key or a certificate are secrets of their own; shorter ones are its frame. */
const SHORTEST_LINE = 16;
/** Longer ones are known by their pieces: a server quotes no more than a part of them. */
const PIECE = 128;
const MOST = 20_000;

/** Secrets of this process, kept in memory alone. Nothing is known at the beginning. */
export function knownSecrets(): Secrecy {
  const needles = new Needles();
  /** Whose each part is; what was used last comes last. */
  const known = new Map<string, string>();
  const counts = new Map<string, number>();
  const count = (owner: string, more: number): void => {
    const left = (counts.get(owner) ?? 0) + more;
    if (left > 0) counts.set(owner, left);
    else counts.delete(owner);
  };
  const forget = (part: string): void => {
    count(known.get(part) ?? '', -1);
    known.delete(part);
  };
  return {
    learn(secret, owner = '') {
      for (const part of partsOf(secret)) {
        if (known.has(part)) forget(part);
        else needles.add(part, SHORTEST);
        known.set(part, owner);
        count(owner, 1);
      }
      while (known.size > MOST) {
        const part = oldestOf(known, largest(counts));
        if (part === undefined) break;
        forget(part);
        needles.delete(part);
      }
    },
    scrub: (text) => withoutCredentials(needles.hide(text)),
  };
}

/** Who brought most gives way, so that nobody can have the others' forgotten. */
const largest = (counts: ReadonlyMap<string, number>): string | undefined =>
  [...counts].reduce<[string, number] | undefined>(
    (most, each) => (each[1] > (most?.[1] ?? 0) ? each : most),
    undefined,
  )?.[0];

function oldestOf(known: ReadonlyMap<string, string>, whose: string | undefined): string | undefined {
  for (const [part, owner] of known) if (owner === whose) return part;
  return undefined;
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
