// Many rollouts to a new revision at once: the time, what it costs the controller, and what it costs the API server.
import type { Item } from '../bench-client.ts';
import { gatherFleet, quiet, releaseFleet, type Course } from '../course.ts';
import type { Measured } from '../figures.ts';
import { resetPeaks, usageOf } from '../process-tree.ts';
import { byWriter, countWrites, totalOf, writesBetween, type WriteCounts, type Writes } from '../write-counts.ts';

interface EventItem extends Item {
  source?: { component?: string };
  reportingComponent?: string;
}

export interface WaveResult {
  measured: Measured;
  writes: readonly Writes[];
}

/** Long enough for what trails behind the last promotion; old pods go later. */
const TRAIL_MS = 10_000;

export async function wave(course: Course): Promise<WaveResult> {
  const { world, running, fleet } = course;
  const names = await gatherFleet(course);
  const counts = async (): Promise<WriteCounts> => countWrites(await world.client.text('/metrics'));
  const [writesBefore, eventsBefore] = [await counts(), await eventsOf(course)];
  resetPeaks(running.pid);
  const usageBefore = usageOf(running.pid);
  const began = performance.now();
  await releaseFleet(course, names, `wave-${course.round}`);
  const took = (performance.now() - began) / 1000;
  const usage = usageOf(running.pid);
  await quiet(course, TRAIL_MS);
  const written = writesBetween(writesBefore, await counts());
  const events = eventsBetween(eventsBefore, await eventsOf(course));
  return {
    measured: {
      wave: [took],
      writes: [totalOf(written) / fleet],
      waveCpu: [usage.cpu - usageBefore.cpu],
      wavePeak: [usage.peak],
    },
    writes: byWriter(written, { controller: course.contestant.name, changed: fleet, events }),
  };
}

async function eventsOf({ world }: Course): Promise<Map<string, number>> {
  const list = await world.client.call<{ items: EventItem[] }>('GET', world.path('events'));
  const counts = new Map<string, number>();
  for (const { source, reportingComponent } of list?.items ?? []) {
    const component = source?.component ?? reportingComponent ?? '';
    counts.set(component, (counts.get(component) ?? 0) + 1);
  }
  return counts;
}

function eventsBetween(before: Map<string, number>, after: Map<string, number>): Map<string, number> {
  return new Map([...after].map(([component, count]) => [component, count - (before.get(component) ?? 0)]));
}
