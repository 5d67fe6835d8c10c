// The plan of a release: a declaration, compiled once. It knows no strategy: what a strategy asks for is said in stages, roles and delays,
// and nothing but strategy/ reads the strategy itself.
import type { RolloutAnalysis } from '../api/analysis.ts';
import type { AntiAffinity, EphemeralMetadata } from '../api/rollout.ts';
import type { Role, Traffic } from '../api/traffic.ts';

export type { Role } from '../api/traffic.ts';

/** What stands between the requests and the two revisions: weights of a router, the numbers of pods, or one selector. */
export type Split = 'weights' | 'pods' | 'selector';

/** Which analysis of a release a run is of. */
export type RunKind = 'Step' | 'Background' | 'PrePromotion' | 'PostPromotion';

/** Pods of the candidate: exactly so many, or this percentage of spec.replicas, rounded up. */
export type PodsRule = { readonly replicas: number } | { readonly share: number };

/** What holds from a stage on, until another one says otherwise. */
export interface Standing {
  /** Percent of the traffic on the candidate. */
  readonly weight: number;
  readonly pods: PodsRule;
  /** The pods are those of the weight, and no others were asked for. */
  readonly follows: boolean;
}

/** One stage of a release. A new kind is a member here, a file in stages/, and a state of the chart. */
export type Stage = Standing &
  (
    | { readonly kind: 'Split' }
    | { readonly kind: 'Scale' }
    | {
        readonly kind: 'Pause';
        /** Milliseconds; undefined: until a person promotes. */
        readonly ms: number | undefined;
        readonly reason: 'CanaryPauseStep' | 'BlueGreenPause';
      }
    | { readonly kind: 'Measure'; readonly run: 'Step' | 'PrePromotion' }
  );
export type StageKind = Stage['kind'];

export interface PlannedAnalysis {
  readonly kind: RunKind;
  /** Its stage, where it is one. */
  readonly stage: number | undefined;
  readonly analysis: RolloutAnalysis;
  /** Where it is declared, as `spec.strategy.canary.steps[2].analysis`. */
  readonly field: string;
  /** It must come to an end by itself; what runs in the background need not. */
  readonly finite: boolean;
}

export interface PlannedService {
  readonly role: Role;
  readonly name: string;
  readonly field: string;
}

export interface Plan {
  /** Path of the strategy, for issues. */
  readonly field: string;
  readonly split: Split;
  /** The part of the status that tells of it. */
  readonly reportsIn: 'canary' | 'blueGreen';
  readonly stages: readonly Stage[];
  /** Identity of the stages, over what was declared of them: a change of it begins the release anew. */
  readonly stagesHash: string;
  readonly services: readonly PlannedService[];
  /** For the routers, as it was declared. */
  readonly traffic: Traffic;
  readonly analyses: readonly PlannedAnalysis[];
  /** First stage at which the background analysis runs; undefined without one. */
  readonly backgroundFrom: number | undefined;
  readonly maxSurge: number | string | undefined;
  readonly maxUnavailable: number | string | undefined;
  /** Milliseconds that pods of an earlier revision stay after a promotion. */
  readonly oldPodsStay: number;
  /** So many earlier revisions keep their pods for that long; undefined: all. */
  readonly oldRevisionsStay: number | undefined;
  /** Milliseconds that pods of a rejected revision stay; undefined: for ever. */
  readonly rejectedPodsStay: number | undefined;
  /** A revision whose pods are all still there is gone back to without stages. */
  readonly returnsWarm: boolean;
  /** Labels and annotations of the pods, by the side that they are on. */
  readonly podMetadata: Readonly<Partial<Record<Role, EphemeralMetadata>>>;
  readonly antiAffinity: AntiAffinity | undefined;
}

/** Pods of the candidate by a rule, with so many replicas declared. */
export function podsBy(rule: PodsRule, replicas: number): number {
  return 'replicas' in rule ? rule.replicas : Math.ceil((rule.share * replicas) / 100);
}

/** What holds before the first stage, and where there is none. */
export const NOTHING: Standing = { weight: 0, pods: { share: 0 }, follows: true };

/** The stage itself; behind the last one, still the last. */
export const stageAt = ({ stages }: Plan, stage: number): Stage | undefined =>
  stages[Math.min(stage, stages.length - 1)];

/** What holds at a stage. */
export const standingAt = (plan: Plan, stage: number): Standing => stageAt(plan, stage) ?? NOTHING;
