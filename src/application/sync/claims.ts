// Several Applications and one object: whoever applied it keeps it, and what another declares is never deleted. A claim counts by the mark
// on the live object, which is only there once it was really applied; and only of an Application that may touch the object at all.
import type { Application } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { objectIdOf, objectKey, objectKeyOf, qualifiedName, type ObjectKey } from '../../api/object-key.ts';
import { tenancyOf, type TenancySettings } from '../source/tenancy.ts';
import { isOwnedBy, liveOwner, ownerOf } from './owner.ts';

/** What the process knows of an Application's repository beside the record. */
export interface Reading {
  /** What its newest commit declares, whether that was accepted or not. */
  declares: ReadonlySet<ObjectKey>;
  /** When the look began by which that is known; milliseconds since the epoch, 0: none was over yet. */
  lookedAt: number;
  /** The newest commit could not be made sense of: nobody knows what it declares. */
  isUnclear: boolean;
}

/** Other Applications that may declare an object by now. */
export interface Doubt {
  /** They have not looked at their repositories since. */
  toLook: readonly ObjectKey[];
  /** They are of the same repository, whose newest commit they cannot read. */
  unclear: readonly ObjectKey[];
}

/** Another Application, as one that depends on it sees it. */
export interface Neighbour {
  app: Application;
  /** It has looked at its repository since this one did. */
  hasLooked: boolean;
}

/** One Application among all. */
export interface Neighbourhood {
  app: Application;
  all: readonly Application[];
  settings: TenancySettings;
  /** Of those that this process has come to. */
  readings: ReadonlyMap<ObjectKey, Reading>;
}

const keyOf = (app: Application): ObjectKey => objectKeyOf(app as unknown as KubeObject);

/** The other Application that has applied a live object and still declares it, as `namespace/name`. */
export function claimant(key: ObjectKey, live: KubeObject, { app, all, settings }: Neighbourhood): string | undefined {
  if (isOwnedBy(live, ownerOf(app))) return undefined;
  const owner = liveOwner(live);
  if (!owner) return undefined;
  const other = all.find(({ metadata }) => metadata.name === owner.name && metadata.namespace === owner.namespace);
  return other && mayTouch(other, key, settings) && lists(other, key) ? qualifiedName(owner) : undefined;
}

/** Another Application that declares an object, as `namespace/name`. */
export function declarer(key: ObjectKey, at: Neighbourhood): string | undefined {
  const other = others(key, at).find((one) => lists(one, key) || at.readings.get(keyOf(one))?.declares.has(key));
  return other && qualifiedName(other.metadata);
}

/**
 * Who else may declare an object by now: a commit moves it from one Application to another, and both are to have looked before it goes.
 * One that is suspended looks at nothing, and its record counts.
 */
export function doubtAbout(key: ObjectKey, since: number, at: Neighbourhood): Doubt {
  const doubt = { toLook: [] as ObjectKey[], unclear: [] as ObjectKey[] };
  for (const other of others(key, at)) {
    if (other.spec.suspend) continue;
    const { lookedAt, isUnclear } = at.readings.get(keyOf(other)) ?? { lookedAt: 0, isUnclear: false };
    if (lookedAt < since) doubt.toLook.push(keyOf(other));
    else if (isUnclear && other.spec.source.repoURL === at.app.spec.source.repoURL) doubt.unclear.push(keyOf(other));
  }
  return doubt;
}

/** An Application as one that depends on it sees it, whose content was read by a look that began then. */
export function neighbourOf(
  app: Application | undefined,
  since: number,
  { readings }: Pick<Neighbourhood, 'readings'>,
): Neighbour | undefined {
  return app && { app, hasLooked: (readings.get(keyOf(app))?.lookedAt ?? 0) >= since };
}

const others = (key: ObjectKey, { app, all, settings }: Neighbourhood): Application[] =>
  all.filter((one) => one.metadata.uid !== app.metadata.uid && !isGoing(one) && mayTouch(one, key, settings));

const isGoing = ({ metadata }: Application): boolean => metadata.deletionTimestamp !== undefined;

function mayTouch(app: Application, key: ObjectKey, settings: TenancySettings): boolean {
  const { wide, namespace } = tenancyOf(app, settings);
  return wide || objectIdOf(key).namespace === namespace;
}

/** It is on the Application's record, and has not left its Git. */
const lists = (app: Application, key: ObjectKey): boolean =>
  !isGoing(app) &&
  (app.status?.resources ?? []).some((entry) => entry.status !== 'PruneSkipped' && objectKey(entry) === key);
