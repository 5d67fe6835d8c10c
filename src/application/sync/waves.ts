// Waves: what a commit declares is applied in steps, the next once all of the one before is healthy. Pure.
import type { ResourceStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS, SYNC_WAVES } from '../../api/names.ts';
import { nameOf } from '../../api/object-key.ts';
import type { Live } from '../seen.ts';
import type { WantedObject } from '../revert/wanted.ts';
import { wholeNumber } from './whole-number.ts';

/** The wave of an object, 0 where it names none. What Argo CD does not take for a number is none there, either. */
export function waveOf({ metadata }: KubeObject): number {
  return wholeNumber(metadata.annotations?.[SYNC_WAVES.own] ?? metadata.annotations?.[SYNC_WAVES.argo]) ?? 0;
}

/** What is wrong with the wave that an object names; undefined where nothing is. */
export function waveObjection({ metadata }: KubeObject): string | undefined {
  const text = metadata.annotations?.[SYNC_WAVES.own];
  if (text === undefined || wholeNumber(text) !== undefined) return undefined;
  return `the annotation ${SYNC_WAVES.own} must be a whole number in quotes, such as "-1": ${JSON.stringify(text)} is none`;
}

/** Objects by wave, the first one first; `others` are waves that something else than objects is in. */
export function inWaves(
  objects: readonly WantedObject[],
  others: readonly number[] = [],
): [wave: number, objects: WantedObject[]][] {
  const waves = new Map<number, WantedObject[]>(others.map((wave) => [wave, []]));
  for (const wanted of objects) {
    const wave = waveOf(wanted.object);
    const known = waves.get(wave);
    if (known) known.push(wanted);
    else waves.set(wave, [wanted]);
  }
  return [...waves].sort(([a], [b]) => a - b);
}

/** What comes after a wave, and has to wait. */
export interface Gate {
  /** The wave that is waited for. */
  wave: number;
  /** It does not get there by itself. */
  isDegraded: boolean;
  /** For people. */
  text: string;
}

const MAX_NAMED = 3;

/** Undefined where all of a wave is in place and healthy. Whatever is counted meanwhile, it says the same. */
export function gateBehind(wave: number, entries: readonly ResourceStatus[]): Gate | undefined {
  const bad = entries.filter(({ status, health }) => status === 'Failed' || health?.status === 'Degraded');
  if (bad.length > 0) {
    const why = (entry: ResourceStatus): string => entry.health?.message ?? entry.message ?? '';
    const named = listed(bad.map((entry) => `${nameOf(entry)}: ${why(entry)}`));
    return { wave, isDegraded: true, text: `wave ${wave} is degraded: ${named}` };
  }
  const late = entries.filter(({ health }) => health !== undefined && health.status !== 'Healthy');
  if (late.length === 0) return undefined;
  return { wave, isDegraded: false, text: `waits for wave ${wave}: ${listed(late.map((entry) => nameOf(entry)))}` };
}

const listed = (texts: readonly string[]): string =>
  `${texts.slice(0, MAX_NAMED).join('; ')}${texts.length > MAX_NAMED ? ` and ${texts.length - MAX_NAMED} more` : ''}`;

/**
 * Whether an object has to wait at a gate: its content is new. What is applied already is kept as it is; what goes back to a stable
 * revision never waits.
 */
export function waitsAtGate(wanted: WantedObject, before: ResourceStatus | undefined, live: Live): boolean {
  if (wanted.hold !== undefined || wanted.returning !== undefined || before?.hash === wanted.hash) return false;
  const stamp = live.state === 'known' ? live.object?.metadata.annotations?.[ANNOTATIONS.contentHash] : undefined;
  return stamp !== wanted.hash;
}
