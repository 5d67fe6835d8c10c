// Texts of files by their id, the least recently used dropped first. An id names its content, so nothing here can go stale.

export class BlobCache {
  readonly #texts = new Map<string, string>();
  readonly #maxChars: number;
  #chars = 0;

  /** Keeps at most `maxChars` characters. */
  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  get(oid: string): string | undefined {
    const text = this.#texts.get(oid);
    if (text === undefined) return undefined;
    this.#texts.delete(oid);
    this.#texts.set(oid, text);
    return text;
  }

  set(oid: string, text: string): void {
    if (text.length > this.#maxChars || this.#texts.has(oid)) return;
    this.#texts.set(oid, text);
    this.#chars += text.length;
    for (const [oldest, dropped] of this.#texts) {
      if (this.#chars <= this.#maxChars) return;
      this.#texts.delete(oldest);
      this.#chars -= dropped.length;
    }
  }
}
