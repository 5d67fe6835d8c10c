// A plan as data: what a change would do, for each Application. Field names are those of `sluice plan --json` (docs/plan.md), and stay.
import type { Finding } from './finding.ts';

/** What is compared. */
export interface Revision {
  /** As people name it. */
  name: string;
  /** Full id; absent for files on disk. */
  commit?: string;
}

export interface Plan {
  version: 1;
  from: Revision;
  to: Revision;
  applications: ApplicationPlan[];
  /** Applications of the repository that the change leaves as they are, as `namespace/name`. */
  untouched: string[];
  notes: string[];
  /** Something would be refused. */
  refused: boolean;
}

export interface ApplicationPlan {
  namespace: string;
  name: string;
  /** That declares the Application; absent where none does. */
  file?: string;
  /** Of its source. */
  path: string;
  /** What it follows, as `main`; absent where no file declares it. */
  targetRevision?: string;
  rendered?: { tool: string; version: string };
  /** Of the Application itself. */
  change: 'Added' | 'Removed' | 'Present';
  /** Why the commit would be refused. */
  problems: Finding[];
  /** What was assumed, and what to know. */
  notes: string[];
  objects: ObjectChange[];
  rollouts: RolloutChange[];
  /** That would run, as something changes. */
  hooks: HookRun[];
  prune: Prune;
}

export interface HookRun {
  kind: string;
  namespace?: string | undefined;
  name: string;
  /** Moments at which it runs, such as `PreSync`; some come only where something fails. */
  phases: string[];
  file: string;
}

export interface ObjectChange {
  change: 'Added' | 'Changed' | 'Removed';
  group: string;
  version: string;
  kind: string;
  namespace?: string | undefined;
  name: string;
  /** That declares it; of what is removed, that declared it. */
  file: string;
  line?: number;
  /** Unified, without values of Secrets; empty for what is removed. */
  diff: string;
  /** Of what is removed: what becomes of it. */
  fate?: Fate;
}

/** `Deleted` by prune; `Kept` by sync.prune or an annotation; `HandedOver` to another Application. */
export interface Fate {
  is: 'Deleted' | 'Kept' | 'HandedOver';
  why: string;
}

export interface RolloutChange {
  namespace: string;
  name: string;
  /** `Deployed`: for the first time, without steps. `Updated`: without a release. */
  effect: 'Deployed' | 'Released' | 'Updated' | 'Removed';
  /** What has changed, for people. */
  reasons: string[];
  /** Of a release, in order. */
  steps: Step[];
  /** A release takes at least so long, beside what pods take. */
  leastSeconds?: number;
  /** Somebody has to promote it. */
  waitsForPerson?: boolean;
}

export interface Step {
  kind: 'Weight' | 'Scale' | 'Pause' | 'Analysis' | 'Promotion';
  /** Of the traffic, on the new revision. */
  weight: number;
  /** For people. */
  text: string;
  /** At least; absent where that is not known, and for a pause until a person promotes. */
  seconds?: number;
}

export interface Prune {
  /** Objects that would be deleted. */
  count: number;
  /** The annotation of the Application that is asked for first, where it is. */
  confirmation?: string;
}
