// Takes the secrets of one measurement out of texts that people will see, however short they are, in every spelling in which a store may
// give them back.
import { Needles } from '../secrecy/needles.ts';

/** What is longer comes from nobody's error message. */
const MAX_TEXT = 4096;
/** A character in its longest spelling. */
const MAX_SPELLING = 12;

export class Redactor {
  readonly #needles = new Needles();
  #longest = 0;

  /** Adds a secret, also as it is without space around it. Empty ones are none. */
  add(secret: string): void {
    for (const each of [secret, secret.trim()]) this.#needles.add(each);
    this.#longest = Math.max(this.#longest, secret.length);
  }

  /** The text without any secret, on one line of printable characters; cut after `most`, once nothing can be read in the rest. */
  clean(text: string, most = MAX_TEXT): string {
    const plain = this.#hide(text).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ');
    return plain.length > most ? `${plain.slice(0, most)}…` : plain;
  }

  #hide(text: string): string {
    if (text.length <= MAX_TEXT) return this.#needles.hide(text);
    // Nothing may be left of a secret that the cut goes through.
    const clean = this.#needles.hide(text.slice(0, MAX_TEXT));
    return `${clean.slice(0, Math.max(clean.length - this.#longest * MAX_SPELLING, 0))}…`;
  }
}
