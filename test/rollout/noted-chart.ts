// The chart with a note of each transition that it takes, so that a test can tell which ones nothing ever took.
import { machine } from '../../src/rollout/machine.ts';

type Chart = typeof machine;
type Asked = (args: unknown, params: unknown) => boolean;
interface Edge {
  guard?: string | Asked;
}
interface Node {
  always?: Edge | readonly Edge[];
  states?: Record<string, Node>;
}

/** `updating.pausing: isPauseOver`, and so on: every transition and every state of the chart. */
export function transitionsOf(): string[] {
  return edgesOf(machine.config as Node, []).map(({ name }) => name);
}

function edgesOf(node: Node, path: readonly string[]): { name: string; edge: Edge }[] {
  const always = node.always === undefined ? [] : Array.isArray(node.always) ? node.always : [node.always];
  const own = (always as Edge[]).map((edge) => ({ name: `${path.join('.')}: ${String(edge.guard)}`, edge }));
  const below = Object.entries(node.states ?? {}).flatMap(([key, child]) => edgesOf(child, [...path, key]));
  return [...own, ...below];
}

/** A chart that decides as the real one does, and calls `note` with each transition it takes. */
export function notedChart(note: (transition: string) => void): Chart {
  const guards = machine.implementations.guards as unknown as Record<string, Asked>;
  const noted = (edge: Edge, name: string): Edge => {
    const ask = guards[String(edge.guard)];
    if (ask === undefined) throw new Error(`${name} is no guard of the chart`);
    const guard: Asked = (args, params) => {
      const holds = ask(args, params);
      if (holds) note(name);
      return holds;
    };
    return { ...edge, guard };
  };
  const copy = (node: Node, path: readonly string[]): Node => {
    const always = edgesOf({ ...node, states: {} }, path).map(({ name, edge }) => noted(edge, name));
    const states = Object.entries(node.states ?? {}).map(([key, child]) => [key, copy(child, [...path, key])]);
    return {
      ...node,
      ...(always.length === 0 ? {} : { always }),
      ...(states.length === 0 ? {} : { states: Object.fromEntries(states) as Record<string, Node> }),
    };
  };
  const config = copy(machine.config as Node, []);
  type Constructor = new (config: unknown, implementations: unknown) => Chart;
  return new (machine.constructor as unknown as Constructor)(config, machine.implementations);
}
