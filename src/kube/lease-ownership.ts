// Ownership by one Lease: who holds it acts on everything.
import type { Fence, Ownership } from '../ports/ownership.ts';
import type { LeaseElection } from './lease.ts';

export interface LeaseOwnership extends Ownership {
  /** To be called when the Lease was won or lost. */
  changed(): void;
}

/** Whoever holds the Lease owns every object; `fence` throws `LostLeadership` where it is held no more. */
export function leaseOwnership(lease: Pick<LeaseElection, 'isLeader' | 'fence' | 'marginMs'>): LeaseOwnership {
  const handlers = new Set<() => void>();
  return {
    owns: () => lease.isLeader(),
    fence(): Fence {
      lease.fence();
      return { marginMs: lease.marginMs() };
    },
    onChange(handler) {
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
    changed() {
      for (const handler of handlers) handler();
    },
  };
}
