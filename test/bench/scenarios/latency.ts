// One rollout, nothing else going on: how fast a change gets its first traffic, and how fast a bad one loses it.
import { setTimeout as pause } from 'node:timers/promises';
import { intoPause, readyProbe, recover, turnBad, type Course } from '../course.ts';
import type { Measured } from '../figures.ts';

/** What an abort leaves behind is over before the next release. */
const BREATH_MS = 500;

export async function latency(course: Course): Promise<Measured> {
  await readyProbe(course);
  const [firstWeight, abort]: [number[], number[]] = [[], []];
  // The first is not counted: it finds the controller cold.
  for (let at = 0; at <= course.repeats; at++) {
    const took = await intoPause(course, `${course.round}-${at}`);
    const { served } = await turnBad(course);
    await pause(BREATH_MS);
    await recover(course);
    await pause(BREATH_MS);
    if (at === 0) continue;
    firstWeight.push(took);
    abort.push(served);
  }
  return { firstWeight, abort };
}
