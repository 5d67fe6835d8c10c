// What an earlier version of the chart recorded, in the words of the present one. A release goes on where it was.
import type { MachineState } from '../api/rollout.ts';
import { shortHash } from './hash.ts';
import type { Plan, Stage } from './plan.ts';

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

/** A stage as it was when its compiled form was hashed: nothing that stages have come to say since then. */
function formerly(stage: Stage): object {
  const { kind, weight, pods, follows } = stage;
  const standing = { kind, weight, pods, follows };
  if (stage.kind === 'Pause') return { ...standing, ms: stage.ms, reason: stage.reason };
  return stage.kind === 'Measure' ? { ...standing, run: stage.run } : standing;
}

/**
 * The identity of the stages that a record holds. That of a blue-green release was taken over the compiled stages once: where these are what
 * the plan has, its stages are the same still.
 */
export function stagesHashIn({ stepsHash }: MachineState, { stages, stagesHash }: Plan): string {
  if (stepsHash === stagesHash) return stagesHash;
  return stepsHash === shortHash(stages.map(formerly)) ? stagesHash : stepsHash;
}
