// Who acts on an object, when several processes run. Asked before an object is looked at, and again at the moment of each write.
import type { ObjectKey } from '../api/object-key.ts';

export interface Fence {
  /** For how many milliseconds from now a write may still be under way: no other process acts on the object before. */
  marginMs: number;
}

export interface Ownership {
  /** Whether this process acts on the object now. */
  owns(key: ObjectKey): boolean;
  /** The right to write on behalf of the object, as of this moment. Throws LostLeadership when it is another's. */
  fence(key: ObjectKey): Fence;
  /** Called when what is owned has changed. Returns what ends it. */
  onChange(handler: () => void): () => void;
}

/** One process alone: it owns everything, for ever. */
export const soleOwner: Ownership = {
  owns: () => true,
  fence: () => ({ marginMs: Number.MAX_SAFE_INTEGER }),
  onChange: () => () => undefined,
};
