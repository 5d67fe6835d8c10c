// What the chart came to in one pass: the input of everything that tells about it.
import type { Command } from './context.ts';
import type { Answer } from './context.ts';
import type { Waiting } from './observed.ts';
import type { Situation } from './situation.ts';
import type { Transition } from './transitions.ts';

export interface Outcome extends Situation {
  readonly transitions: readonly Transition[];
  readonly answer: Answer | undefined;
  /** The annotation that was acted on and is yet to be taken. */
  readonly ahead?: Waiting | undefined;
  /** A status-field signal that waits until it can be acted on. */
  readonly kept: Command['verb'] | undefined;
}
