// What an earlier version of the chart recorded, in the words of the present one. A release goes on where it was.
import type { MachineState } from '../api/rollout.ts';

/** Version 1 had no state for the way back or the cut-over, and flags in the place of regions. */
const STATES_OF_1: Readonly<Record<string, string>> = {
  settled: 'settled',
  releasing: 'first',
  'updating.choosing': 'stepping.choosing',
  'updating.weighing': 'stepping.weighing',
  'updating.scaling': 'stepping.scaling',
  'updating.pausing': 'stepping.pausing',
  'updating.analysing': 'stepping.measuring',
  'updating.inconclusive': 'stepping.asking',
  promoting: 'promoting.growing',
  aborted: 'rejected.aborting',
};

/** Undefined where the version is none that is known. */
export function migrated(machine: MachineState): MachineState | undefined {
  if (machine.version === 2) return machine;
  const state = machine.version === 1 ? STATES_OF_1[machine.state] : undefined;
  if (state === undefined) return undefined;
  const { paused, waived, ...rest } = machine;
  return {
    ...rest,
    version: 2,
    state,
    attention: paused ? 'paused' : 'running',
    background: waived ? 'waived' : 'quiet',
    pods: machine.restartAt === undefined ? 'steady' : 'restarting',
  };
}
