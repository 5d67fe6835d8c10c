// What a scenario runs in: the world of one contestant whose controller is up, the Prometheus both look at, and the fleet.
import { setTimeout as pause } from 'node:timers/promises';
import { PROBE_STEPS, WAVE_STEPS } from './manifests.ts';
import type { Contestant, Running } from './contestant.ts';
import type { PretendPrometheus } from './pretend-prometheus.ts';
import { countWrites, totalOf, writesBetween } from './write-counts.ts';
import type { World } from './world.ts';

export interface Course {
  contestant: Contestant;
  world: World;
  running: Running;
  prometheus: PretendPrometheus;
  /** Rollouts in a wave. */
  fleet: number;
  /** Releases of the probe in one run. */
  repeats: number;
  idleSeconds: number;
  /** Different in each run, so that every release is one that was never seen. */
  round: string;
  /** What the controller says. */
  logFile: string;
  /** What a reader of the figures has to know. */
  say: (line: string) => void;
}

const PROBE = 'probe';
/** The probe's first revision: no other is ever promoted. */
const STABLE = '1';
const LONG_MS = 900_000;
const AT_ONCE = 32;

const fleetOf = (course: Course): string[] =>
  Array.from({ length: course.fleet }, (_, at) => `app-${String(at).padStart(5, '0')}`);

async function inBatches(names: readonly string[], each: (name: string) => Promise<void>): Promise<void> {
  for (let at = 0; at < names.length; at += AT_ONCE) await Promise.all(names.slice(at, at + AT_ONCE).map(each));
}

/** The fleet stands, and nothing is left to be done for it. */
export async function gatherFleet(course: Course): Promise<string[]> {
  const names = fleetOf(course);
  await inBatches(names, (name) => course.world.declare(name, WAVE_STEPS));
  await course.world.healthy(names, LONG_MS);
  await rest(course);
  return names;
}

/** All of the fleet to another revision at once; resolves when every one of them is promoted. */
export async function releaseFleet(course: Course, names: readonly string[], to: string): Promise<void> {
  await inBatches(names, (name) => course.world.change(name, to));
  await course.world.healthy(names, LONG_MS);
}

/** The rollout that is judged, on its stable revision, whatever a bench that was broken off left of it. */
export async function readyProbe(course: Course): Promise<void> {
  const { world, prometheus } = course;
  prometheus.turn('good');
  await world.declare(PROBE, PROBE_STEPS, true);
  await world.change(PROBE, STABLE);
  await world.healthy([PROBE], LONG_MS);
}

/** The probe to a new revision and into its pause, with the analysis at work. */
export async function intoPause(course: Course, to: string): Promise<number> {
  const { world, prometheus } = course;
  prometheus.turn('good');
  const began = performance.now();
  await world.change(PROBE, to);
  const took = (await world.reached(PROBE, 20)) - began;
  const before = prometheus.queries;
  prometheus.onQuery(() => world.nudge());
  await world.until('the analysis looks at the metric', () => prometheus.queries >= before + 2, LONG_MS);
  return took;
}

/** The metric turns bad; resolves with what it took until no request went to the probe's new revision. */
export async function turnBad({ world, prometheus }: Course): Promise<{ served: number; turned: number }> {
  const turnedAt = performance.now();
  prometheus.turn('bad');
  const back = await world.reached(PROBE, 0, LONG_MS);
  return { served: back - (prometheus.badServedAt ?? turnedAt), turned: back - turnedAt };
}

/** Back to the revision that serves, so that the next release begins from rest. */
export async function recover({ world, prometheus }: Course): Promise<void> {
  prometheus.turn('good');
  await world.change(PROBE, STABLE);
  await world.healthy([PROBE], LONG_MS);
}

const QUIET_MS = 2_000;
const LOOK_MS = 1_000;
const PODS_EACH = 2;

async function podsIn({ client, namespace }: World): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods?limit=1`;
  const list = await client.call<{ items: unknown[]; metadata: { remainingItemCount?: number } }>('GET', path);
  return (list?.items.length ?? 0) + (list?.metadata.remainingItemCount ?? 0);
}

/** Old pods have gone after their delay, and nobody has written for two seconds. Rejects when they do not go. */
export async function rest(course: Course): Promise<void> {
  const { world } = course;
  const end = performance.now() + LONG_MS;
  for (let pods = await podsIn(world); pods !== PODS_EACH * world.size; pods = await podsIn(world)) {
    if (performance.now() >= end)
      throw new Error(`${pods} pods are left after ${LONG_MS / 1000} s; at rest there are ${PODS_EACH * world.size}`);
    await pause(LOOK_MS);
  }
  await quiet(course);
}

/** Nobody has written for two seconds; or `patience` is at its end, and that is said. */
export async function quiet({ world, say }: Course, patience = 60_000): Promise<void> {
  const writes = async () => countWrites(await world.client.text('/metrics'));
  let before = await writes();
  let since = performance.now();
  for (const end = performance.now() + patience; performance.now() < end;) {
    await pause(LOOK_MS);
    const now = await writes();
    const isStill = totalOf(writesBetween(before, now)) === 0;
    if (isStill && performance.now() - since >= QUIET_MS) return;
    if (!isStill) [before, since] = [now, performance.now()];
  }
  say(`  the API server still had writes after ${patience / 1000} s without two seconds of rest`);
}
