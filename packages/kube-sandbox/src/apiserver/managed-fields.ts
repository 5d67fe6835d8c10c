// metadata.managedFields: who owns which field. Update entries follow from what a write changed, Apply entries from what was sent.
import type { StatusCause } from './errors.ts';
import { StatusError } from './errors.ts';
import type { Comparison, FieldSet } from './fieldset.ts';
import {
  compare,
  difference,
  emptySet,
  fromFieldsV1,
  intersection,
  isEmpty,
  pathsOf,
  toFieldsV1,
  union,
} from './fieldset.ts';
import type { Dict } from './json.ts';
import { clone, dictOr, isDict, listOr, textOr } from './json.ts';
import type { TypeNode } from './types.ts';

export interface ManagedEntry {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
  time: string | undefined;
  set: FieldSet;
}

/** Who writes, when, and through which part of the object. */
export interface Writer {
  manager: string;
  apiVersion: string;
  /** Empty for the main resource. */
  subresource: string;
  time: string;
}

const UNOWNED_META = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

/** A copy without the fields that nobody owns. */
export function ownable(object: Dict): Dict {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object;
  const meta: Dict = { ...dictOr(metadata) };
  for (const key of UNOWNED_META) delete meta[key];
  return { ...rest, metadata: meta };
}

function readEntries(object: Dict): ManagedEntry[] {
  return listOr(dictOr(object['metadata'])['managedFields'])
    .filter(isDict)
    .filter((entry) => textOr(entry['operation']) !== '')
    .map((entry) => ({
      manager: textOr(entry['manager']),
      operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
      apiVersion: textOr(entry['apiVersion']),
      subresource: textOr(entry['subresource']),
      time: typeof entry['time'] === 'string' ? entry['time'] : undefined,
      set: fromFieldsV1(entry['fieldsV1']),
    }));
}

const textOrder = (a: string, b: string): number => (a < b ? -1 : 1);

function order(a: ManagedEntry, b: ManagedEntry): number {
  if (a.operation !== b.operation) return textOrder(a.operation, b.operation);
  if (a.operation === 'Update' && a.time !== b.time) return textOrder(a.time ?? '', b.time ?? '');
  if (a.manager !== b.manager) return textOrder(a.manager, b.manager);
  return textOrder(a.subresource, b.subresource);
}

/** Writes the entries back; without any the key goes away. */
export function writeEntries(object: Dict, entries: ManagedEntry[]): void {
  const metadata = dictOr(object['metadata']);
  const list = entries
    .filter((entry) => !isEmpty(entry.set))
    .toSorted(order)
    .map((entry) => ({
      apiVersion: entry.apiVersion,
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(entry.set),
      manager: entry.manager,
      operation: entry.operation,
      ...(entry.subresource === '' ? {} : { subresource: entry.subresource }),
      ...(entry.time === undefined ? {} : { time: entry.time }),
    }));
  if (list.length === 0) delete metadata['managedFields'];
  else metadata['managedFields'] = list;
}

const isOf = (entry: ManagedEntry, operation: string, writer: Writer): boolean =>
  entry.operation === operation &&
  entry.manager === writer.manager &&
  entry.apiVersion === writer.apiVersion &&
  entry.subresource === writer.subresource;

/** Records an update on the entries that `after` came with: what changed is now the writer's, what went is nobody's. */
export function recordUpdate(before: Dict, after: Dict, type: TypeNode, writer: Writer): void {
  const change = compare(ownable(before), ownable(after), type);
  const entries = readEntries(after);
  const taken = union(change.added, change.modified);
  const isFirst = dictOr(before['metadata'])['resourceVersion'] === undefined;
  // An object that has lost its entries, or never had any, gets new ones only from an apply.
  if (entries.length === 0 && !isFirst) return writeEntries(after, []);
  // A Scale has entries of its own, made of those for the replicas: where nobody owns them, a write through it owns nothing either.
  const isUntold = writer.subresource === 'scale' && !entries.some((entry) => !isEmpty(intersection(entry.set, taken)));
  for (const entry of entries) release(entry, change, isOf(entry, 'Update', writer));
  if (!isEmpty(taken) && !isUntold) {
    const mine = entries.find((entry) => isOf(entry, 'Update', writer));
    const time = writer.subresource === 'scale' ? undefined : writer.time;
    if (mine === undefined) entries.push({ ...writer, operation: 'Update', set: taken, time });
    else Object.assign(mine, { set: union(mine.set, taken), time });
  }
  writeEntries(after, entries);
}

function release(entry: ManagedEntry, change: Comparison, isMine: boolean): void {
  entry.set = difference(entry.set, change.removed);
  if (!isMine) entry.set = difference(entry.set, union(change.added, change.modified));
}

export interface ApplyRecord {
  /** Entries of the live object, with one for its unowned content where it had none. */
  entries: ManagedEntry[];
  /** What the writer claimed last time. */
  last: FieldSet;
  /** Union of everything claimed now, the new claim included. */
  kept: FieldSet;
}

/** Prepares an apply: finds the last claim and puts the new one in its place. */
export function claim(live: Dict, set: FieldSet, writer: Writer, before: FieldSet): ApplyRecord {
  let entries = readEntries(live);
  if (entries.length === 0 && !isEmpty(before)) {
    const operation = 'Update' as const;
    entries = [{ ...writer, manager: 'before-first-apply', subresource: '', operation, set: before }];
  }
  const mine = entries.find((entry) => isOf(entry, 'Apply', writer));
  const last = mine?.set ?? emptySet();
  if (mine === undefined) entries.push({ ...writer, operation: 'Apply', set });
  else mine.set = set;
  const kept = entries.reduce((all, entry) => union(all, entry.set), emptySet());
  return { entries, last, kept };
}

/** Settles an apply: others lose what changed (or it is refused), the entries go into `after`. */
export function settleApply(
  record: ApplyRecord,
  change: Comparison,
  writer: Writer,
  rights: { force: boolean; takeable?: FieldSet | undefined },
): ManagedEntry[] {
  const contested = union(change.added, change.modified);
  const others = record.entries.filter((entry) => !isOf(entry, 'Apply', writer));
  const fights = others
    .map((entry) => ({ entry, set: intersection(entry.set, contested) }))
    .filter((fight) => !isEmpty(fight.set));
  const { force, takeable = emptySet() } = rights;
  if (!force && fights.some((fight) => !isEmpty(difference(fight.set, takeable)))) throw applyConflict(fights);
  for (const fight of fights) fight.entry.set = difference(fight.entry.set, fight.set);
  for (const entry of record.entries) entry.set = difference(entry.set, change.removed);
  return record.entries;
}

/** Gives the writer's entry its time: a new one when the object changed, none where it never did. */
export function stampApply(entries: ManagedEntry[], writer: Writer, live: Dict, changed: boolean): void {
  const mine = entries.find((entry) => isOf(entry, 'Apply', writer));
  const old = readEntries(live).find((entry) => isOf(entry, 'Apply', writer));
  if (mine === undefined) return;
  mine.time = changed ? writer.time : old?.time;
}

interface Fight {
  entry: ManagedEntry;
  set: FieldSet;
}

function managerText(entry: ManagedEntry): string {
  const name = JSON.stringify(entry.manager);
  const part = entry.subresource === '' ? '' : ` with subresource "${entry.subresource}"`;
  return entry.operation === 'Apply' ? `${name}${part}` : `${name}${part} using ${entry.apiVersion}`;
}

function applyConflict(fights: Fight[]): StatusError {
  const named = fights.map((fight) => ({ who: managerText(fight.entry), paths: pathsOf(fight.set) }));
  const byName = named.toSorted((a, b) => (a.who < b.who ? -1 : 1));
  const causes: StatusCause[] = named.flatMap(({ who, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  );
  const only = causes[0];
  const message =
    causes.length === 1 && only !== undefined
      ? `Apply failed with 1 conflict: ${only.message}: ${only.field ?? ''}`
      : `Apply failed with ${causes.length} conflicts: ${byName
          .map(({ who, paths }) => `conflicts with ${who}:\n${paths.map((p) => `- ${p}`).join('\n')}`)
          .join('\n')}`;
  return new StatusError({ code: 409, message, reason: 'Conflict', details: { causes } });
}

/** The entries that a write builds on: a user's own, if they say anything, else the stored ones. */
export function entriesFor(wanted: Dict, old: Dict): unknown {
  const given = dictOr(wanted['metadata'])['managedFields'];
  const isSaid = listOr(given).some((entry) => isDict(entry) && textOr(entry['operation']) !== '');
  return isSaid ? given : dictOr(old['metadata'])['managedFields'];
}

/** `[{}]` clears them; an empty list does so for built-in kinds, whose objects tell it from none at all. */
export function clearsEntries(object: Dict, isBuiltin: boolean): boolean {
  const list = dictOr(object['metadata'])['managedFields'];
  if (Array.isArray(list) && list.length === 0) return isBuiltin;
  return Array.isArray(list) && list.length === 1 && isDict(list[0]) && Object.keys(list[0]).length === 0;
}

export function putEntries(object: Dict, entries: unknown): void {
  const metadata = dictOr(object['metadata']);
  if (entries === undefined) delete metadata['managedFields'];
  else metadata['managedFields'] = clone(entries);
}
