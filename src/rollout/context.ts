// What the chart carries along, and the events that it is driven by.
import type { Verb } from '../api/dialect.ts';
import type { AbortCause } from './memory.ts';
import type { Known } from './known.ts';
import type { Transition } from './transitions.ts';

/** What a person asks for. */
export interface Command {
  readonly verb: Verb | 'promote-full' | 'skip';
  /** What was given with it, where that is more than `true` or the revision. */
  readonly value?: string | undefined;
  /** The text of the annotation, where it is acted on before it is taken. */
  readonly ahead?: string | undefined;
  /** Undefined for what is not taken yet, and for signals, which are level-triggered. */
  readonly id?: string | undefined;
}

/** A person's command, as far as it was answered. */
export interface Answer {
  readonly id: string;
  readonly outcome: string;
}

export interface Context extends Known {
  /** What a person asked for, until it is answered. */
  readonly command: Command | undefined;
  readonly answer: Answer | undefined;
  /** What happened on the way, for Events and history. */
  readonly transitions: readonly Transition[];
  /** Pod hash of the revision whose template a person wants back. */
  readonly restore: string | undefined;
}

/** In order of precedence: events.ts says when each is sent. */
export type Event =
  | { type: 'REJECT'; cause: AbortCause; reason: string }
  | { type: 'BACK' }
  | { type: 'DECLARE' }
  | { type: 'PROMOTE_FULL' }
  | { type: 'RETRY' }
  | { type: 'PAUSE' }
  | { type: 'RESUME' }
  | { type: 'ACCEPT' }
  | { type: 'PROMOTE' }
  | { type: 'OVERRIDE' }
  | { type: 'RESTART' }
  | { type: 'ROLLBACK'; hash: string }
  | { type: 'UNSURE' }
  | { type: 'ARRIVE' }
  | { type: 'ADVANCE' };

/**
 * What states have in common. moving: a new revision is on its way; stepping: through its stages; waiting: pods or routes are waited for,
 * under a deadline; asking: a person is; serving: the
 * new revision serves already; done: nothing is being released; rejected: what is declared is not served.
 */
export type Tag = 'moving' | 'stepping' | 'waiting' | 'asking' | 'serving' | 'done' | 'rejected';
