// Many rollouts with nothing to do: they should cost their place in memory and nothing else.
import { setTimeout as pause } from 'node:timers/promises';
import { gatherFleet, type Course } from '../course.ts';
import type { Measured } from '../figures.ts';
import { usageOf } from '../process-tree.ts';

export async function idle(course: Course): Promise<Measured> {
  await gatherFleet(course);
  const before = usageOf(course.running.pid);
  await pause(course.idleSeconds * 1000);
  const after = usageOf(course.running.pid);
  return { idleCpu: [((after.cpu - before.cpu) * 60) / course.idleSeconds], idleMemory: [after.resident] };
}
