// From an entry of a route to the branches of the two sides: one of each, and nothing beside them that takes requests.
import { fail, ok, type Issue, type Result } from '../api/result.ts';
import { ROLES, type Role } from '../api/traffic.ts';
import { entriesIn, textOf, valueAt, type Branch, type Entry, type SharedEntry } from './route-form.ts';
import { pointer, type Keys } from './write.ts';

/** How the branches of an entry look. */
export interface BranchForm {
  /** The field of an entry that lists them. */
  readonly list: string;
  /** What one is called, as `backendRef`. */
  readonly noun: string;
  /** The fields of one that say where it leads to: as long as they stay, it is the one that was read. */
  readonly leadsBy: readonly Keys[];
  /** Where it leads to, for people. */
  textOf(branch: Entry): string;
  /** As it counts, among so many. */
  weightOf(branch: Entry, count: number): number;
}

/** What tells the branch of a side. */
export interface SideMatch {
  matches(branch: Entry): boolean;
  /** For people, as `host web-canary`. */
  readonly text: string;
}

/** How the entries of a route look. */
export interface EntryForm {
  /** For people: the object, as `VirtualService web`. */
  readonly of: string;
  readonly branches: BranchForm;
  readonly sides: Readonly<Record<Role, SideMatch>>;
}

/** The entry with the branch of each side, or what has to be written for there to be one; `keys`: where it is in the object. */
export function sharedEntry(entry: Entry, keys: Readonly<Keys>, form: EntryForm): Result<SharedEntry, Issue[]> {
  const name = textOf(entry['name']);
  const place = keys.at(-1);
  const label = `${form.of}: ${pathText(keys)}${name === '' ? '' : ` (${name})`}`;
  const branches = entriesIn(entry[form.branches.list]);
  const found = { canary: placesOf(branches, form.sides.canary), stable: placesOf(branches, form.sides.stable) };
  const oddities = odditiesOf(branches, found, form);
  if (oddities.length > 0) return fail(oddities.map((message) => ({ field: label, message })));
  const branchOf = (role: Role): Branch => branchAt(branches, found[role][0] ?? 0, keys, form.branches);
  return ok({
    label,
    place: typeof place === 'number' ? place : 0,
    tests: name === '' ? [] : [{ op: 'test', path: pointer([...keys, 'name']), value: name }],
    branches: { canary: branchOf('canary'), stable: branchOf('stable') },
  });
}

/** As people write it: `spec.http[0]`. */
const pathText = (keys: Readonly<Keys>): string =>
  keys.map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${key}`)).join('');

/** Places of the branches of a side. */
const placesOf = (branches: readonly Entry[], side: SideMatch): number[] =>
  branches.flatMap((branch, place) => (side.matches(branch) ? [place] : []));

type Found = Readonly<Record<Role, readonly number[]>>;

/** What keeps the weights of the entry from being whole. */
function odditiesOf(branches: readonly Entry[], found: Found, { branches: form, sides }: EntryForm): string[] {
  const missing = ROLES.filter((role) => found[role].length === 0);
  if (missing.length > 0) return missing.map((role) => missingText(branches, sides[role], form));
  const doubled = ROLES.filter((role) => found[role].length > 1);
  const ours = ROLES.flatMap((role) => found[role]);
  const others = branches.filter(
    (branch, place) => !ours.includes(place) && form.weightOf(branch, branches.length) !== 0,
  );
  return [
    ...doubled.map((role) => `has ${found[role].length} ${form.noun}s with ${sides[role].text}: keep one`),
    ...others.map(
      (branch) =>
        `also sends traffic to ${form.textOf(branch)}: remove this ${form.noun} or give it weight 0, so that the weights sum to 100`,
    ),
  ];
}

function missingText(branches: readonly Entry[], side: SideMatch, form: BranchForm): string {
  const there = branches.map((branch) => form.textOf(branch)).join(', ');
  const has = branches.length === 0 ? `no ${form.noun}s` : there;
  return `has no ${form.noun} with ${side.text}: add one (it has ${has})`;
}

function branchAt(branches: readonly Entry[], place: number, keys: Readonly<Keys>, form: BranchForm): Branch {
  const branch = branches[place] ?? {};
  const at = [...keys, form.list, place];
  return {
    keys: at,
    tests: form.leadsBy.flatMap((field) => {
      const value = valueAt(branch, field);
      return value === undefined ? [] : [{ op: 'test' as const, path: pointer([...at, ...field]), value }];
    }),
    weight: form.weightOf(branch, branches.length),
    written: branch['weight'] !== undefined,
  };
}
