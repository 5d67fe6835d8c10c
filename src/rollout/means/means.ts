// By what means a release is carried out. Each answers the same questions; which one it is, the plan says.
import type { Aim } from '../aim.ts';
import type { Known } from '../known.ts';
import type { Role, Stage } from '../plan.ts';

/** What is wanted, and on what it depends. */
export interface Wanting extends Known {
  readonly aim: Aim;
  /** Nothing may grow or gain weight. */
  readonly isFrozen: boolean;
}

/** Pod hash for each side; undefined: leave it as it is. */
export type Selectors = Readonly<Record<Role, string | undefined>>;
/** Pods by hash; what is not named retires. */
export type Pods = ReadonlyMap<string, number>;

export interface Means {
  /** Percent on the candidate for the routes; undefined without a router, and where each route stays as it is. */
  weight(wanting: Wanting): number | undefined;
  pods(wanting: Wanting): Pods;
  selectors(wanting: Wanting, pods: Pods): Selectors;
  /** Whether pods and traffic stand as this stage wants them. */
  isShared(known: Known, stage: Stage): boolean;
  /** Whether whoever looks at the candidate before it has traffic sees it. */
  isShown(known: Known): boolean;
  /** Whether the candidate has all the pods it needs to serve alone. */
  isFull(known: Known): boolean;
  /** Whether everything that serves is the candidate's. */
  isSwitched(known: Known): boolean;
  /** Whether everything that serves is the stable revision's again. */
  isBroughtBack(known: Known): boolean;
  /** Percent of the traffic on the candidate, never less than it is. */
  share(known: Known): number;
  /** Whether a revision that nothing wants any more may lose its pods, its delay being over. */
  mayRetire(known: Known, hash: string): boolean;
  /** Whether such a revision keeps its pods for a while: they are apart from the traffic, and can be gone back to. */
  readonly retiresLate: boolean;
}
