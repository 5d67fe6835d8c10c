// Where a Rollout stands in the chart: one state of each region.
import type { SnapshotFrom, StateValueFrom } from 'xstate';
import type { Tag } from './context.ts';
import { machine } from './machine.ts';

type Parents<V> = V extends string ? never : V;
type KeysOf<O> = O extends O ? keyof O : never;
type Below<O> = O extends O
  ? { [K in keyof O & string]-?: `${K}.${NonNullable<O[K]> & string}` }[keyof O & string]
  : never;
type Path<V> = Exclude<Extract<V, string>, KeysOf<Parents<V>>> | Below<Parents<V>>;
type Value = Required<Exclude<StateValueFrom<typeof machine>, string>>;

/** States of the region `release`, as `stepping.weighing`. */
export type StateName = Path<Value['release']>;

export interface Place {
  readonly state: StateName;
  /** Whether somebody asked for a pause. */
  readonly attention: Value['attention'];
  /** What the background analysis came to. */
  readonly background: Value['background'];
  /** Whether pods are being replaced. */
  readonly pods: Value['pods'];
}

export type Snapshot = SnapshotFrom<typeof machine>;

interface Node {
  readonly tags: readonly string[];
  readonly states: Readonly<Record<string, unknown>>;
}

function leavesOf(node: Node): string[] {
  return Object.entries(node.states as Record<string, Node>).flatMap(([key, child]) => {
    const below = leavesOf(child);
    return below.length === 0 ? [key] : below.map((path) => `${key}.${path}`);
  });
}

/** Every state of the region `release`, as the chart has them. */
export const STATES: readonly StateName[] = leavesOf(machine.root.states.release as unknown as Node) as StateName[];

export const isStateName = (text: string): text is StateName => STATES.some((state) => state === text);

export function placeOf(snapshot: Snapshot): Place {
  const { release, ...regions } = snapshot.value as Value;
  const [[parent, child]] = typeof release === 'string' ? [[release]] : (Object.entries(release) as [[string, string]]);
  return { ...regions, state: (child === undefined ? parent : `${parent}.${child}`) as StateName };
}

export function valueOf({ state, ...regions }: Place): Value {
  const [parent = '', child] = state.split('.');
  return { ...regions, release: (child === undefined ? parent : { [parent]: child }) as Value['release'] };
}

const tagged = new Map<string, ReadonlySet<string>>();

function noteTags(node: Node, path: string, inherited: readonly string[]): void {
  const tags = [...inherited, ...node.tags];
  tagged.set(path, new Set(tags));
  for (const [key, child] of Object.entries(node.states as Record<string, Node>))
    noteTags(child, path === '' ? key : `${path}.${key}`, tags);
}
noteTags(machine.root.states.release as unknown as Node, '', []);

/** What the chart says that a state has in common with others. */
export const hasTag = ({ state }: Pick<Place, 'state'>, tag: Tag): boolean => tagged.get(state)?.has(tag) ?? false;
