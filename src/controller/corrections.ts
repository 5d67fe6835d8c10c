// Counts what is put back because somebody else changed it, and knows who does so again and again. In memory alone: a process that has
// just started learns it anew within a few corrections.
import type { ObjectKey } from '../api/object-key.ts';
import { aimedAt, drivenFields, type DrivenValue } from '../rollout/contest.ts';
import type { Intent } from '../rollout/intents.ts';
import type { Contest, DrivenField, Observed, Rest } from '../rollout/observed.ts';
import { RETURN_MS } from '../rollout/resting.ts';
import { Pauses } from './pauses.ts';

/** One edit by hand is none, nor is another. */
const CONTEST_FROM = 3;
/** A contest is over when nothing had to be put back for so long. */
export const CALM_MS = 15 * 60_000;
/** Names of writers are anybody's to choose: those after so many of one Rollout are counted as one. */
const MOST_WRITERS = 8;
const OTHERS = 'others';

export interface Correction extends Contest {
  readonly rollout: ObjectKey;
}

export interface CorrectionDeps {
  /** Field manager of who wrote a driven field last; undefined where that is a controller of Sluice. */
  writerOf(field: DrivenField): string | undefined;
  corrected(correction: Correction): void;
  /** In [0, 1). */
  random: () => number;
}

interface Count {
  contest: Contest;
  times: number;
  last: number;
}

interface Known {
  /** What the look that is being carried out has seen of what is driven. */
  values: readonly DrivenValue[];
  pauses: Pauses;
  /** The value that each driven field was left with. */
  left: Map<string, string>;
  /** What was to be written, and was not answered. */
  asked: Map<string, string>;
  /** Fields that somebody else has changed since, with who did; put back they count. */
  changed: Map<string, Contest>;
  counts: Map<string, Count>;
  writers: Set<string>;
}

/** When it may be written once more: first where it takes traffic from a rejected revision. */
const endOf = ({ last, until }: Rest, now: number): number =>
  last + RETURN_MS > now ? Math.min(until, last + RETURN_MS) : until;

const aimOf = (field: DrivenField, intents: readonly Intent[]): string | undefined =>
  intents.map((intent) => aimedAt(intent, field)).find((aim) => aim !== undefined);

export class Corrections {
  readonly #deps: CorrectionDeps;
  readonly #of = new Map<ObjectKey, Known>();

  constructor(deps: CorrectionDeps) {
    this.#deps = deps;
  }

  /** What is about to be done about what was seen. */
  looked(key: ObjectKey, seen: Observed, intents: readonly Intent[]): void {
    const known = this.#at(key);
    const [before, asked] = [known.left, known.asked];
    known.left = new Map();
    known.asked = new Map();
    known.changed.clear();
    known.values = drivenFields(seen);
    for (const [field, value] of known.values) {
      const was = before.get(field.id);
      // A write whose answer was lost may have taken effect.
      const isLeft = was === undefined || was === value || asked.get(field.id) === value;
      const by = isLeft ? undefined : this.#writer(known, field);
      known.left.set(field.id, by === undefined || was === undefined ? value : was);
      const aim = aimOf(field, intents) ?? asked.get(field.id);
      if (aim !== undefined) known.asked.set(field.id, aim);
      // It may be put back in a later look: where requests go wrong, their weight goes first.
      if (by !== undefined) known.changed.set(field.id, { ...field, by });
    }
  }

  /** What was carried out of the newest look. */
  done(key: ObjectKey, now: number, intents: readonly Intent[]): void {
    const known = this.#at(key);
    known.pauses.done(known.values, intents, now);
    for (const [field] of known.values) {
      const value = aimOf(field, intents);
      if (value === undefined) continue;
      known.left.set(field.id, value);
      known.asked.delete(field.id);
      const contest = known.changed.get(field.id);
      if (contest !== undefined) this.#count(key, known, contest, now);
      known.changed.delete(field.id);
    }
  }

  /** Who changes what again and again, what is not put back at once any more, and until when if nothing more happens. */
  contests(key: ObjectKey, now: number): Pick<Observed, 'contests' | 'rests' | 'contestedUntil'> {
    const known = this.#of.get(key);
    if (known === undefined) return {};
    const rests = known.pauses.rests(now);
    const told = this.#contested(known, now);
    const times = [...told.map(({ last }) => last + CALM_MS), ...rests.map((rest) => endOf(rest, now))];
    return {
      ...(told.length > 0 && { contests: told.map(({ contest }) => contest) }),
      ...(rests.length > 0 && { rests }),
      ...(times.length > 0 && { contestedUntil: Math.min(...times) }),
    };
  }

  #contested(known: Known, now: number): Count[] {
    for (const [id, { last }] of known.counts) if (now - last >= CALM_MS) known.counts.delete(id);
    return [...known.counts.values()].filter(({ times }) => times >= CONTEST_FROM);
  }

  forget(key: ObjectKey): void {
    this.#of.delete(key);
  }

  #count(key: ObjectKey, { counts }: Known, contest: Contest, now: number): void {
    this.#deps.corrected({ ...contest, rollout: key });
    const id = `${contest.id} ${contest.by}`;
    const before = counts.get(id);
    const times = before !== undefined && now - before.last < CALM_MS ? before.times + 1 : 1;
    counts.set(id, { contest, times, last: now });
  }

  #writer({ writers }: Known, field: DrivenField): string | undefined {
    const writer = this.#deps.writerOf(field);
    if (writer === undefined) return undefined;
    if (writers.size < MOST_WRITERS) writers.add(writer);
    return writers.has(writer) ? writer : OTHERS;
  }

  #at(key: ObjectKey): Known {
    const known = this.#of.get(key);
    if (known !== undefined) return known;
    const fresh: Known = {
      values: [],
      pauses: new Pauses(this.#deps.random, CALM_MS),
      left: new Map(),
      asked: new Map(),
      changed: new Map(),
      counts: new Map(),
      writers: new Set(),
    };
    this.#of.set(key, fresh);
    return fresh;
  }
}
