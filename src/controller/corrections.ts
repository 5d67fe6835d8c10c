// Counts what is put back because somebody else changed it, and knows who does so again and again. In memory alone: a process that has
// just started learns it anew within a few corrections.
import type { ObjectKey } from '../api/object-key.ts';
import { aimedAt, drivenFields } from '../rollout/contest.ts';
import type { Intent } from '../rollout/intents.ts';
import type { Contest, DrivenField, Observed } from '../rollout/observed.ts';

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
}

interface Count {
  contest: Contest;
  times: number;
  last: number;
}

interface Known {
  /** What the look that is being carried out has seen of what is driven. */
  fields: readonly DrivenField[];
  /** The value that each driven field was left with. */
  left: Map<string, string>;
  /** What was to be written, and was not answered. */
  asked: Map<string, string>;
  /** Fields that somebody else has changed since, with who did; put back they count. */
  changed: Map<string, Contest>;
  counts: Map<string, Count>;
  writers: Set<string>;
}

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
    const driven = drivenFields(seen);
    known.fields = driven.map(([field]) => field);
    for (const [field, value] of driven) {
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
    for (const field of known.fields) {
      const value = aimOf(field, intents);
      if (value === undefined) continue;
      known.left.set(field.id, value);
      known.asked.delete(field.id);
      const contest = known.changed.get(field.id);
      if (contest !== undefined) this.#count(key, known, contest, now);
      known.changed.delete(field.id);
    }
  }

  /** Who changes what again and again, and until when that is said if nothing more happens. */
  contests(key: ObjectKey, now: number): Pick<Observed, 'contests' | 'contestedUntil'> {
    const known = this.#of.get(key);
    if (known === undefined || known.counts.size === 0) return {};
    for (const [id, { last }] of known.counts) if (now - last >= CALM_MS) known.counts.delete(id);
    const contests = [...known.counts.values()].filter(({ times }) => times >= CONTEST_FROM);
    if (contests.length === 0) return {};
    const contestedUntil = Math.min(...contests.map(({ last }) => last + CALM_MS));
    return { contests: contests.map(({ contest }) => contest), contestedUntil };
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
      fields: [],
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
