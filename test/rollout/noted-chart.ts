// The chart with a note of each transition that it takes, so that a test can tell which ones nothing ever took.
import type { Chart } from '../../src/rollout/drive.ts';
import { machine } from '../../src/rollout/machine.ts';

type Asked = (args: unknown, params: unknown) => boolean;
interface Edge {
  guard?: string | Asked | { type: string; params: Record<string, string> };
  target?: string;
}
type Edges = string | Edge | readonly (string | Edge)[];
interface Node {
  on?: Record<string, Edges>;
  always?: Edges;
  states?: Record<string, Node>;
}

const listed = (edges: Edges | undefined): Edge[] =>
  (edges === undefined ? [] : Array.isArray(edges) ? (edges as (string | Edge)[]) : [edges as string | Edge]).map(
    (edge) => (typeof edge === 'string' ? { target: edge } : edge),
  );

const guardOf = ({ guard }: Edge): { type: string; params: Record<string, string> } | undefined =>
  guard === undefined || typeof guard === 'function'
    ? undefined
    : typeof guard === 'string'
      ? { type: guard, params: {} }
      : guard;

/** `stepping.pausing ADVANCE isReached`, and so on; a guard with what it asks for. */
function nameOf(path: readonly string[], event: string, edge: Edge): string {
  const { type = '', params = {} } = guardOf(edge) ?? {};
  return [path.join('.'), event, type, ...Object.values(params)].join(' ').trim();
}

function namesIn(node: Node, path: readonly string[]): string[] {
  const own = Object.entries(node.on ?? {}).flatMap(([event, edges]) =>
    listed(edges).map((edge) => nameOf(path, event, edge)),
  );
  const always = listed(node.always).map((edge) => nameOf(path, 'always', edge));
  const below = Object.entries(node.states ?? {}).flatMap(([key, child]) => namesIn(child, [...path, key]));
  return [...own, ...always, ...below];
}

/** Every transition of the chart. */
export const transitionsOf = (): string[] => namesIn(machine.config as unknown as Node, []);

/** A chart that decides as the real one does, and calls `note` with each transition it takes. */
export function notedChart(note: (transition: string) => void): Chart {
  const guards = machine.implementations.guards as unknown as Record<string, Asked>;
  const noted = (edge: Edge, name: string): Edge => {
    const { type, params: given } = guardOf(edge) ?? {};
    const ask = type === undefined ? () => true : guards[type];
    if (ask === undefined) throw new Error(`${name} has no guard of the chart`);
    const guard: Asked = (args, params) => {
      const holds = ask(args, given ?? params);
      if (holds) note(name);
      return holds;
    };
    return { ...edge, guard };
  };
  const notedEdges = (edges: Edges, path: readonly string[], event: string): Edge[] =>
    listed(edges).map((edge) => noted(edge, nameOf(path, event, edge)));
  const copy = (node: Node, path: readonly string[]): Node => {
    const on = Object.entries(node.on ?? {}).map(([event, edges]) => [event, notedEdges(edges, path, event)]);
    const states = Object.entries(node.states ?? {}).map(([key, child]) => [key, copy(child, [...path, key])]);
    return {
      ...node,
      ...(node.always === undefined ? {} : { always: notedEdges(node.always, path, 'always') }),
      ...(on.length === 0 ? {} : { on: Object.fromEntries(on) as Record<string, Edge[]> }),
      ...(states.length === 0 ? {} : { states: Object.fromEntries(states) as Record<string, Node> }),
    };
  };
  const config = copy(machine.config as unknown as Node, []);
  type Constructor = new (config: unknown, implementations: unknown) => Chart;
  return new (machine.constructor as unknown as Constructor)(config, machine.implementations);
}
