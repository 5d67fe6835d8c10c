// Which of two states of an object is newer, and which objects are gone for good, so that late news changes nothing.

const NUMBER = /^\d+$/;
const MAX_GONE = 8_192;

/** Whether resourceVersion `a` is after `b`. Versions that are not numbers cannot be ordered: a different one counts as newer. */
export function isNewer(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  if (!NUMBER.test(a) || !NUMBER.test(b)) return a !== b;
  return a.length === b.length ? a > b : a.length > b.length;
}

interface Grave {
  /** Of the deletion, or undefined when only our own delete call says so. */
  resourceVersion: string | undefined;
  /** Number of the newest list that had begun by then. */
  epoch: number;
}

/** Uids of deleted objects; the oldest are let go of, which only costs a stale entry until the next event. */
export class Graveyard {
  readonly #graves = new Map<string, Grave>();

  bury(uid: string | undefined, grave: Grave): void {
    if (uid === undefined) return;
    this.#graves.delete(uid);
    this.#graves.set(uid, grave);
    for (const oldest of this.#graves.keys()) {
      if (this.#graves.size <= MAX_GONE) break;
      this.#graves.delete(oldest);
    }
  }

  find(uid: string | undefined): Grave | undefined {
    return uid === undefined ? undefined : this.#graves.get(uid);
  }

  raise(uid: string | undefined): void {
    if (uid !== undefined) this.#graves.delete(uid);
  }
}
