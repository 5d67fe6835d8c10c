// Whether a queue stands still: something waits, and nothing has come to its end for long.
import type { AgentProgress } from './agent-meter.ts';
import type { Health } from './inside.ts';

/** Longer than any pass may take by its own limits. */
export const STALL_MS = 10 * 60_000;

/** Not ok, with words, when no pass has ended for ten minutes while an Application waits. */
export function agentHealth({ waitingSince, endedAt }: AgentProgress, now: number): Health {
  if (waitingSince === undefined) return { ok: true };
  const still = now - Math.max(waitingSince, endedAt ?? waitingSince);
  if (still <= STALL_MS) return { ok: true };
  const minutes = Math.floor(still / 60_000);
  return {
    ok: false,
    message: `the agent stands still: no Application was looked at for ${minutes} minutes while some wait`,
  };
}
