// An abort in the middle of a wave: whatever else there is to do, a bad release loses its traffic at once.
import { setTimeout as pause } from 'node:timers/promises';
import { gatherFleet, intoPause, readyProbe, recover, releaseFleet, turnBad, type Course } from '../course.ts';
import type { Measured } from '../figures.ts';

/** So far the wave has got when the metric turns bad. */
const INTO_THE_WAVE_MS = 1_500;

export async function storm(course: Course): Promise<Measured> {
  const names = await gatherFleet(course);
  await readyProbe(course);
  await intoPause(course, `storm-${course.round}`);
  const released = releaseFleet(course, names, `storm-${course.round}`);
  await pause(INTO_THE_WAVE_MS);
  const { served, turned } = await turnBad(course);
  await released;
  await recover(course);
  return { stormAbort: [served], stormCaught: [turned] };
}
