// How long a driven field rests before the same is written to it once more: somebody who undoes each write is not answered as fast as the
// server allows. What is written for another reason, as by an abort, never waits. In memory alone.
import { backoffMs } from '../kube/backoff.ts';
import { writtenFor, targetsOf, type DrivenValue } from '../rollout/contest.ts';
import type { Intent } from '../rollout/intents.ts';
import type { Rest } from '../rollout/observed.ts';

/** The write itself, and two that put it right. */
const AT_ONCE = 3;
const PAUSE = { baseMs: 1_000, maxMs: 30_000 };

interface Written {
  aim: string;
  times: number;
  last: number;
  until: number;
}

export class Pauses {
  readonly #random: () => number;
  readonly #calmMs: number;
  readonly #of = new Map<string, Written>();

  /** Of one Rollout. `random` is in [0, 1); what was not written for `calmMs` begins anew. */
  constructor(random: () => number, calmMs: number) {
    this.#random = random;
    this.#calmMs = calmMs;
  }

  /** What was carried out of a look that saw these values. */
  done(values: readonly DrivenValue[], intents: readonly Intent[], now: number): void {
    for (const intent of intents)
      for (const field of targetsOf(intent, values)) this.#wrote(field.id, writtenFor(intent, field), now);
  }

  /** What rests, or has just been put right and may soon. */
  rests(now: number): Rest[] {
    for (const [id, { last }] of this.#of) if (now - last >= this.#calmMs) this.#of.delete(id);
    return [...this.#of].flatMap(([id, { aim, last, until }]) => (until > now ? [{ id, aim, last, until }] : []));
  }

  #wrote(id: string, aim: string | undefined, now: number): void {
    if (aim === undefined) return;
    const before = this.#of.get(id);
    const isSame = before?.aim === aim && now - before.last < this.#calmMs;
    const times = isSame ? before.times + 1 : 1;
    const pause = times < AT_ONCE ? 0 : backoffMs(times - AT_ONCE + 1, { ...PAUSE, random: this.#random });
    this.#of.set(id, { aim, times, last: now, until: now + pause });
  }
}
