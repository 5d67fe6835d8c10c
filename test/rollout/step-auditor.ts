// No step ends that has neither done what it says nor was skipped by a person; nothing is promoted in full that nobody asked for.
// Judged from what was recorded and from the cluster alone.
import { durationMs } from '../../src/api/fields.ts';
import type { BlueGreen, Step, MachineState, SetCanaryScale } from '../../src/api/rollout.ts';
import { resolveCount } from '../../src/rollout/surge.ts';
import type { Picture } from './world.ts';

/** What was recorded of the same release, if it was this one. */
const sameRelease = (was: MachineState | undefined, is: MachineState): MachineState | undefined =>
  was?.candidate === is.candidate && was.attempt === is.attempt && was.stepsHash === is.stepsHash ? was : undefined;

/** What a person asked for between two records. */
function granted(before: Picture, after: Picture): { full: boolean; steps: number } {
  const outcome = newOutcome(before, after);
  return {
    full: outcome === 'Done: promoted in full' || before.status.promoteFull === true,
    steps: (/^Done: step [0-9]+ ended$/.test(outcome) ? 1 : 0) + (isSignalled(before) ? 1 : 0),
  };
}

function newOutcome(before: Picture, after: Picture): string {
  const [was, is] = [before.status.lastCommand, after.status.lastCommand];
  return is !== undefined && is.id !== was?.id ? is.outcome : '';
}

const WAITING = ['stepping.pausing', 'stepping.asking', 'promoting.doubting'];

/** The fields of the status by which the plugin of Argo Rollouts ends a step ask for it. */
function isSignalled({ status }: Picture): boolean {
  const { state, step } = status.machine ?? { state: '', step: 0 };
  const isReleased = WAITING.includes(state) && (status.pauseConditions ?? []).length === 0;
  return isReleased || status.currentStepIndex === step + 1;
}

/** Blue-green goes back at once to a revision that still has all its pods. */
function isWarm(before: Picture, { candidate }: MachineState): boolean {
  const rs = before.replicaSets.find(({ hash }) => hash === candidate);
  const isBlueGreen = before.spec.strategy.blueGreen !== undefined;
  return isBlueGreen && rs !== undefined && Math.min(rs.desired, rs.available) >= (before.spec.replicas ?? 1);
}

/** Milliseconds; undefined: for a person. */
const waitOf = ({ autoPromotionEnabled = true, autoPromotionSeconds = 0 }: BlueGreen): number | undefined =>
  autoPromotionEnabled ? autoPromotionSeconds * 1000 : undefined;

const blueGreenStages = (strategy: BlueGreen): string[] => [
  'pods',
  ...(strategy.prePromotionAnalysis ? ['analysis'] : []),
  ...(waitOf(strategy) === 0 ? [] : ['wait']),
];

export class StepAuditor {
  /** Since when the present pause is recorded, by release and step. */
  since: { key: string; at: number } | undefined;
  /** Canary revisions and weights since the last record: the next weight may be written before the step is recorded. */
  weighed = new Set<string>();
  /** Most available pods by revision since then, for the same reason. */
  served = new Map<string, number>();

  look(before: Picture, after: Picture): string[] {
    const [was, is] = [before.status.machine, after.status.machine];
    for (const p of [before, after]) this.note(p);
    if (is === undefined || JSON.stringify(was) === JSON.stringify(is)) return [];
    const found = before.status.stableRS === undefined ? [] : this.compare(before, after, was, is);
    this.noteStep(after, is);
    this.weighed.clear();
    this.served.clear();
    this.note(after);
    return found;
  }

  private note({ services, route, replicaSets }: Picture): void {
    this.weighed.add(`${services?.canary} ${route?.canary}`);
    for (const { hash, available } of replicaSets)
      this.served.set(hash, Math.max(available, this.served.get(hash) ?? 0));
  }

  private noteStep(after: Picture, is: MachineState): void {
    const key = `${is.candidate}-${is.attempt}-${is.stepsHash}-${is.step}`;
    // A pause whose pods are away goes on.
    if (is.state === 'stepping.recovering') return;
    if (is.state !== 'stepping.pausing') this.since = undefined;
    else if (this.since?.key !== key) this.since = { key, at: after.now };
  }

  private compare(before: Picture, after: Picture, was: MachineState | undefined, is: MachineState): string[] {
    if (is.state.startsWith('rejected.') || is.candidate === before.status.stableRS) return [];
    const last = sameRelease(was, is);
    const asked = granted(before, after);
    const wasFull = last?.full === true || asked.full;
    if (is.full && !wasFull && !isWarm(before, is)) return [`${is.candidate} is promoted in full, but nobody asked`];
    return is.full || wasFull ? [] : this.unexplained(after, is, last).slice(asked.steps);
  }

  private unexplained(after: Picture, is: MachineState, last: MachineState | undefined): string[] {
    const found: string[] = [];
    for (let i = last?.step ?? 0; i < is.step; i++) {
      if (this.isDone(after, is, i)) continue;
      found.push(`step ${i + 1} of ${is.candidate} ended, but was neither done nor skipped`);
    }
    return found;
  }

  private isDone(p: Picture, is: MachineState, index: number): boolean {
    if (p.spec.strategy.blueGreen !== undefined) return this.isBlueGreenDone(p, is, index, p.spec.strategy.blueGreen);
    return this.isStepDone(p, is, index, p.spec.strategy.canary?.steps?.[index] ?? {});
  }

  private isStepDone(p: Picture, is: MachineState, index: number, step: Step): boolean {
    if (step.setWeight !== undefined) return this.isWeighed(p, is.candidate, step.setWeight);
    if (step.setCanaryScale !== undefined) return this.isScaled(p, is.candidate, step.setCanaryScale);
    if (step.analysis !== undefined) return this.isAnalysed(p, is, (run) => run.step === index);
    return this.isWaited(p, is, index, durationMs(step.pause?.duration ?? ''));
  }

  /** The pods and the preview, the analysis before the switch, the wait, the weights: as many as are declared, in this order. */
  private isBlueGreenDone(p: Picture, is: MachineState, index: number, strategy: BlueGreen): boolean {
    const stages = blueGreenStages(strategy);
    const step = strategy.promotionSteps?.[index - stages.length];
    if (step !== undefined) return this.isStepDone(p, is, index, step);
    const pods = strategy.previewReplicaCount ?? p.spec.replicas ?? 1;
    if (stages[index] === 'pods') return (this.served.get(is.candidate) ?? 0) >= pods;
    if (stages[index] === 'analysis') return this.isAnalysed(p, is, (run) => run.kind === 'PrePromotion');
    return this.isWaited(p, is, index, waitOf(strategy));
  }

  private isAnalysed(p: Picture, is: MachineState, isIt: (run: Picture['runs'][number]) => boolean): boolean {
    return p.runs.some(
      (run) => run.hash === is.candidate && run.attempt === is.attempt && run.phase === 'Successful' && isIt(run),
    );
  }

  private isWaited(p: Picture, is: MachineState, index: number, lasts: number | undefined): boolean {
    const { since } = this;
    const key = `${is.candidate}-${is.attempt}-${is.stepsHash}-${index}`;
    return lasts !== undefined && since?.key === key && p.now - since.at >= lasts;
  }

  private isScaled(p: Picture, candidate: string, { replicas, weight = 0 }: SetCanaryScale): boolean {
    const share = Math.ceil((weight * (p.spec.replicas ?? 1)) / 100);
    return (this.served.get(candidate) ?? 0) >= (replicas ?? share);
  }

  private isRouted(candidate: string, weight: number): boolean {
    if (weight === 0) return [...this.weighed].some((seen) => seen.endsWith(' 0'));
    return this.weighed.has(`${candidate} ${weight}`);
  }

  private isWeighed(p: Picture, candidate: string, weight: number): boolean {
    const replicas = p.spec.replicas ?? 1;
    if (replicas === 0) return true;
    if (p.route) return this.isRouted(candidate, weight);
    const surge = resolveCount(p.spec.strategy.canary?.maxSurge, replicas, 'up');
    if (weight === 0 || replicas + surge < 2) return true;
    return (this.served.get(candidate) ?? 0) >= (weight === 100 ? replicas : 1);
  }
}
