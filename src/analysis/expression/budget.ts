// What a condition may cost: every element touched, character read or written, comparison and pattern step counts one unit.
// What is kept costs more than what is looked at, so that one limit holds for work and memory.
import { CostProblem } from './errors.ts';

/** Some 50 ms of a slow processor, and a few MiB, at worst: see `npm run bench:conditions`. */
export const MAX_COST = 200_000;

/** Units for each element of a list that is made: its slot, and the number in it. */
export const KEPT = 2;

export class Budget {
  /** Offset in the condition of what is being done. */
  at = 0;
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  /** Takes units before the work that they stand for. Throws `CostProblem` when nothing is left. */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw new CostProblem(this.at);
  }

  get left(): number {
    return Math.max(this.#left, 0);
  }
}

/** Units of looking for one text in another. */
export const searchCost = (text: string, wanted: string): number =>
  1 + text.length + Math.ceil((text.length * wanted.length) / 16);
