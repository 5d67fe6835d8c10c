// What the machine came to in one pass: the input of everything that tells about it.
import type { Happening } from './machine.ts';
import type { Memory, StateName } from './memory.ts';
import type { Waiting } from './observed.ts';
import type { Answer, Wish } from './wish.ts';

export interface Outcome {
  readonly state: StateName;
  readonly memory: Memory;
  readonly happenings: readonly Happening[];
  readonly answer: Answer | undefined;
  /** The annotation that was acted on and is yet to be taken. */
  readonly ahead?: Waiting | undefined;
  /** A status-field signal that waits until it can be acted on. */
  readonly kept: Wish['verb'] | undefined;
}
