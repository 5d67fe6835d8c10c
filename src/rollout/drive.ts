// Drives the chart as far as it goes in one pass: the most urgent event that changes anything, then from the top again.
import { transition } from 'xstate';
import type { Command } from './context.ts';
import { eventsOf } from './events.ts';
import type { Context } from './context.ts';
import type { machine } from './machine.ts';
import { placeOf, valueOf, type Place, type Snapshot } from './place.ts';
import type { Situation } from './situation.ts';

export type Chart = typeof machine;

/** Far more than stages, interrupts and regions can take; a chart that goes on longer goes in a circle. */
const MAX_TRANSITIONS = 1000;

/** The snapshot after the first event that changed anything; undefined where none did. */
function moved(chart: Chart, from: Snapshot, situation: Situation, command: Command | undefined): Snapshot | undefined {
  for (const event of eventsOf(situation, command)) {
    // Asking whether anything listens is much cheaper than a step that changes nothing.
    if (!from.can(event)) continue;
    const [next] = transition(chart, from, event);
    if (next.context !== from.context || JSON.stringify(next.value) !== JSON.stringify(from.value)) return next;
  }
  return undefined;
}

export function drive(
  chart: Chart,
  { seen, memory, place }: Situation,
  command: Command | undefined,
): { place: Place; context: Context } {
  const context: Context = { seen, memory, command, answer: undefined, transitions: [], restore: undefined };
  let snapshot: Snapshot = chart.resolveState({ value: valueOf(place), context });
  let now = place;
  for (let transitions = 0; transitions < MAX_TRANSITIONS; transitions++) {
    const { context: at } = snapshot;
    const next = moved(chart, snapshot, { seen, memory: at.memory, place: now }, at.command);
    if (next === undefined) return { place: now, context: at };
    [snapshot, now] = [next, placeOf(next)];
  }
  throw new Error(`the chart does not come to rest from ${place.state}`);
}
