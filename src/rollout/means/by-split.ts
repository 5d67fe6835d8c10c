// The means by which a plan is carried out.
import type { Known } from '../known.ts';
import type { Split } from '../plan.ts';
import type { Means } from './means.ts';
import { podMeans } from './pods.ts';
import { selectorMeans } from './selector.ts';
import { weightMeans } from './weights.ts';

const MEANS: Readonly<Record<Split, Means>> = {
  weights: weightMeans,
  pods: podMeans,
  selector: selectorMeans,
};

export const meansOf = ({ seen }: Known): Means => MEANS[seen.plan.split];
