// Which of two states of an object is newer, and which objects are gone for good, so that late news changes nothing.

const NUMBER = /^\d+$/;
const MAX_GONE = 8_192;

/** Whether resourceVersion `a` is after `b`. Versions that are not numbers cannot be ordered: a different one counts as newer. */
export function isNewer(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  if (!NUMBER.test(a) || !NUMBER.test(b)) return a !== b;
  return a.length === b.length ? a > b : a.length > b.length;
}

interface Tombstone {
  /** Of the deletion, or undefined when only our own delete call says so. */
  resourceVersion: string | undefined;
  /** Number of the newest list that had begun by then. */
  epoch: number;
}

/** Uids of deleted objects; the oldest are let go of, which only costs a stale entry until the next event. */
export class Tombstones {
  readonly #byUid = new Map<string, Tombstone>();

  add(uid: string | undefined, tombstone: Tombstone): void {
    if (uid === undefined) return;
    this.#byUid.delete(uid);
    this.#byUid.set(uid, tombstone);
    for (const oldest of this.#byUid.keys()) {
      if (this.#byUid.size <= MAX_GONE) break;
      this.#byUid.delete(oldest);
    }
  }

  find(uid: string | undefined): Tombstone | undefined {
    return uid === undefined ? undefined : this.#byUid.get(uid);
  }

  forget(uid: string | undefined): void {
    if (uid !== undefined) this.#byUid.delete(uid);
  }
}
