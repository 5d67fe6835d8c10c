// The world and the memory: what guards go by.
import type { Memory } from './memory.ts';
import type { Observed } from './observed.ts';

export interface Known {
  readonly seen: Observed;
  readonly memory: Memory;
}
