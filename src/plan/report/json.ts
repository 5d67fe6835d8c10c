// A plan for programs.
import type { Plan } from '../types.ts';

/** The plan itself, as one JSON object. */
export const jsonReport = (plan: Plan): string => `${JSON.stringify(plan, undefined, 2)}\n`;
