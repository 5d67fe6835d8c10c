// Addresses of POD_RANGE (10.244.0.0/16), handed out in turn, so that one is not used again soon after its pod has gone.
const FIRST = 256;
const LAST = 65_000;

export class PodAddresses {
  readonly #used = new Set<string>();
  #next = FIRST;

  /** An address that is already a pod's. */
  keep(address: string): void {
    this.#used.add(address);
  }

  take(): string {
    for (let tries = FIRST; tries < LAST; tries++) {
      this.#next = this.#next >= LAST ? FIRST : this.#next + 1;
      const low = this.#next & 255;
      const address = `10.244.${this.#next >> 8}.${low}`;
      if (low === 0 || low === 255 || this.#used.has(address)) continue;
      this.#used.add(address);
      return address;
    }
    throw new Error('every pod address is in use');
  }

  release(address: string): void {
    this.#used.delete(address);
  }
}
