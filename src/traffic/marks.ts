// What Rollouts have noted on a route, each by its own name, since several may drive entries of one: the release that a verdict went
// against, and between which destinations it shares requests out, so that these can be handed back whatever becomes of it.
import { z } from 'zod';
import { driverSchema, readAnnotation, type Driver } from '../api/annotations.ts';
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { ANNOTATIONS } from '../api/names.ts';
import { annotationOps, jsonWrite, pointer, type JsonPatchOp, type Write } from './write.ts';

/** What one Rollout notes in the write of what it drives. */
export interface Marking {
  /** `namespace/name` of the Rollout. */
  readonly rollout: string;
  /** Verdict to remember, `<pod hash>-<attempt>`; `''` or null takes it away, undefined leaves it as it is. */
  readonly rejected?: string | null | undefined;
  /** What it drives, noted with a change of that and never for its own sake; null takes it away, undefined leaves it as it is. */
  readonly driver?: Driver | null | undefined;
}

interface Mark {
  readonly rejected?: string | undefined;
  /** As it was written: only handing back reads it. */
  readonly driver?: unknown;
}

/** By `namespace/name` of the Rollout. */
type Marks = ReadonlyMap<string, Mark>;

/** Whose a verdict is that an earlier version wrote without saying so, where nothing else says it either. */
const ANYBODY = '';

const anyRecord = z.record(z.string(), z.unknown());

// Caches replace objects and never change them: each version is read once.
const known = new WeakMap<KubeObject, Marks>();

function marksOf(object: KubeObject): Marks {
  const marks = known.get(object) ?? read(object);
  known.set(object, marks);
  return marks;
}

function read({ metadata: { annotations } }: KubeObject): Marks {
  const drivers = driversIn(annotations);
  const rejected = rejectedIn(annotations, drivers);
  const names = new Set([...drivers.keys(), ...rejected.keys()]);
  return new Map([...names].map((name) => [name, { rejected: rejected.get(name), driver: drivers.get(name) }]));
}

/** An earlier version wrote one driver, with its Rollout among the fields. */
function driversIn(annotations: KubeObject['metadata']['annotations']): Map<string, unknown> {
  const noted = readAnnotation(annotations, ANNOTATIONS.drivenBy, anyRecord);
  if (!noted.ok || noted.value === undefined) return new Map();
  const { rollout, ...driver } = noted.value;
  if (typeof rollout === 'string') return new Map([[rollout, driver]]);
  return new Map(Object.entries(noted.value).filter(([name, each]) => name.includes('/') && isRecord(each)));
}

/** An earlier version wrote the verdict alone: it is that of the one that it says drives the route. */
function rejectedIn(
  annotations: KubeObject['metadata']['annotations'],
  drivers: ReadonlyMap<string, unknown>,
): Map<string, string> {
  const text = annotations?.[ANNOTATIONS.rejected];
  if (text === undefined || text === '') return new Map();
  const noted = readAnnotation(annotations, ANNOTATIONS.rejected, z.record(z.string(), z.string()));
  if (noted.ok && noted.value !== undefined) return new Map(Object.entries(noted.value));
  const [driver = ANYBODY, ...others] = drivers.keys();
  return new Map([[others.length === 0 ? driver : ANYBODY, text]]);
}

/** Those that have noted anything on the object. */
export const notedOn = (object: KubeObject): string[] => [...marksOf(object).keys()].filter((name) => name !== ANYBODY);

/** The release of a Rollout that a verdict went against, as the object remembers it; undefined where it remembers none. */
export function rejectedOn(object: KubeObject, rollout: string): string | undefined {
  // Each look asks, and hardly any route has a verdict.
  if (object.metadata.annotations?.[ANNOTATIONS.rejected] === undefined) return undefined;
  const marks = marksOf(object);
  return (marks.get(rollout) ?? marks.get(ANYBODY))?.rejected;
}

/** What a Rollout drives of the object, as it noted there; undefined where it noted nothing, or what cannot be read. */
export function driverOn(object: KubeObject, rollout: string): Driver | undefined {
  const read = driverSchema.safeParse(marksOf(object).get(rollout)?.driver);
  return read.success ? read.data : undefined;
}

/** Whether it noted just that. */
export const isNoted = (object: KubeObject, rollout: string, driver: Driver): boolean =>
  JSON.stringify(marksOf(object).get(rollout)?.driver) === JSON.stringify(driver);

/** What annotations have to say for the marks of one Rollout to be as wanted and those of others to stay; undefined leaves one as it is. */
export function markNotes(object: KubeObject, marking: Marking, isChanged: boolean): MarkNotes {
  const drivenBy = isChanged || marking.driver === null ? driverText(object, marking) : undefined;
  const { rollout, rejected } = marking;
  const isOther = rejected !== undefined && (rejected || undefined) !== rejectedOn(object, rollout);
  // Whose a verdict is that stands alone is known by the one driver: both are written anew, or neither.
  const isWritten = isOther || (drivenBy !== undefined && isBare(object));
  return {
    tests: unchangedSince(object, drivenBy),
    notes: {
      [ANNOTATIONS.rejected]: isWritten ? rejectedText(object, marking) : undefined,
      [ANNOTATIONS.drivenBy]: drivenBy,
    },
  };
}

/** The write of marks alone; undefined where they are as wanted. */
export function marksWrite(object: KubeObject, marking: Marking): Write | undefined {
  const { tests, notes } = markNotes(object, marking, true);
  return jsonWrite([...tests, ...annotationOps(object, notes)]);
}

interface MarkNotes {
  readonly tests: JsonPatchOp[];
  readonly notes: Record<string, string | null | undefined>;
}

function rejectedText(object: KubeObject, { rollout, rejected = rejectedOn(object, rollout) }: Marking): string | null {
  const others = [...marksOf(object)].flatMap(([name, mark]): [string, string][] =>
    name === rollout || name === ANYBODY || mark.rejected === undefined ? [] : [[name, mark.rejected]],
  );
  return textOf([...others, ...(rejected ? [[rollout, rejected] as const] : [])]);
}

const isBare = ({ metadata: { annotations } }: KubeObject): boolean =>
  annotations?.[ANNOTATIONS.rejected]?.startsWith('{') === false;

function driverText(object: KubeObject, { rollout, driver }: Marking): string | null | undefined {
  const before = marksOf(object).get(rollout)?.driver;
  if (driver === undefined || JSON.stringify(before) === JSON.stringify(driver ?? undefined)) return undefined;
  const others = [...marksOf(object)].flatMap(([name, mark]): [string, unknown][] =>
    name === rollout || mark.driver === undefined ? [] : [[name, mark.driver]],
  );
  return textOf([...others, ...(driver === null ? [] : [[rollout, driver] as const])]);
}

const textOf = (entries: readonly (readonly [string, unknown])[]): string | null =>
  entries.length === 0 ? null : JSON.stringify(Object.fromEntries(entries));

/** Two Rollouts that write at the same time do not lose each other's: who comes second reads again. */
function unchangedSince({ metadata }: KubeObject, text: string | null | undefined): JsonPatchOp[] {
  if (text === undefined) return [];
  const before = metadata.annotations?.[ANNOTATIONS.drivenBy];
  if (before !== undefined)
    return [{ op: 'test', path: pointer(['metadata', 'annotations', ANNOTATIONS.drivenBy]), value: before }];
  const { resourceVersion: value } = metadata;
  return value === undefined ? [] : [{ op: 'test', path: '/metadata/resourceVersion', value }];
}
