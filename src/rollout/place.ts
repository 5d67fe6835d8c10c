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

/** The leaves below a node by their path, with the tags of all that they are in. */
function leavesOf({ states, tags }: Node, path: string): [string, ReadonlySet<string>][] {
  const children = Object.entries(states as Record<string, Node>);
  if (children.length === 0) return [[path, new Set(tags)]];
  return children.flatMap(([key, child]) =>
    leavesOf({ ...child, tags: [...tags, ...child.tags] }, path === '' ? key : `${path}.${key}`),
  );
}

const tagged = new Map(leavesOf(machine.root.states.release as unknown as Node, ''));

/** Every state of the region `release`, as the chart has them. */
export const STATES: readonly StateName[] = [...tagged.keys()] as StateName[];

export const isStateName = (text: string): text is StateName => tagged.has(text);

export function placeOf(snapshot: Snapshot): Place {
  const { release, ...regions } = snapshot.value as Value;
  const [[parent, child]] = typeof release === 'string' ? [[release]] : (Object.entries(release) as [[string, string]]);
  return { ...regions, state: (child === undefined ? parent : `${parent}.${child}`) as StateName };
}

export function valueOf({ state, ...regions }: Place): Value {
  const [parent = '', child] = state.split('.');
  return { ...regions, release: (child === undefined ? parent : { [parent]: child }) as Value['release'] };
}

/** What the chart says that a state has in common with others. */
export const hasTag = ({ state }: Pick<Place, 'state'>, tag: Tag): boolean => tagged.get(state)?.has(tag) ?? false;
