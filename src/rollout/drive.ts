// Drives the chart as far as it goes in one pass: the most urgent event that changes anything, then from the top again.
import { createActor, type AnyStateMachine } from 'xstate';
import type { Command } from './context.ts';
import { eventsOf } from './events.ts';
import type { Context } from './context.ts';
import type { machine } from './machine.ts';
import { placeOf, valueOf, type Place, type Snapshot } from './place.ts';
import type { Situation } from './situation.ts';

export type Chart = typeof machine;

/** Far more than stages, interrupts and regions can take; a chart that goes on longer goes in a circle. */
const MAX_TRANSITIONS = 1000;

type Scope = Parameters<Chart['transition']>[2];

/**
 * What a chart that starts nothing and sends nothing is given to act in: nothing. XState's own `transition` makes such a scope for each event,
 * and works out the initial state of the chart with it.
 */
const scopes = new WeakMap<Chart, Scope>();

function scopeOf(chart: Chart): Scope {
  const known = scopes.get(chart);
  if (known !== undefined) return known;
  const self = createActor(chart as AnyStateMachine) as Scope['self'];
  const nothing = (): void => {};
  const scope: Scope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: nothing,
  };
  scopes.set(chart, scope);
  return scope;
}

/** The snapshot after the first event that changed anything; undefined where none did. */
function moved(chart: Chart, from: Snapshot, situation: Situation, command: Command | undefined): Snapshot | undefined {
  for (const event of eventsOf(situation, command)) {
    // Asking whether anything listens is much cheaper than a step that changes nothing.
    if (!from.can(event)) continue;
    const next = chart.transition(from, event, scopeOf(chart));
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
