// What a live object says of itself, read without trusting its shape; and the words for what is concluded from it. Pure.
import { isRecord, recordsIn, textIn } from '../../../api/json.ts';
import type { KubeObject } from '../../../api/k8s.ts';

export interface Health {
  health: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Unknown';
  /** For people; empty where there is nothing to add. */
  message: string;
}

/** What is said of an object of one kind. */
export type Rule = (object: KubeObject) => Health;

const MAX_MESSAGE = 256;

/** A health and what there is to add. */
export const said =
  (health: Health['health']) =>
  (message = ''): Health => ({ health, message: message.slice(0, MAX_MESSAGE) });

export const healthy = said('Healthy');
export const progressing = said('Progressing');
export const degraded = said('Degraded');
export const suspended = said('Suspended');
export const unknown = said('Unknown');

/** A part of an object; empty where it is no mapping. */
export const part = (object: KubeObject, name: 'spec' | 'status'): Record<string, unknown> => {
  const found = object[name];
  return isRecord(found) ? found : {};
};

/** A number below a mapping; another one where there is none. */
export const numberAt = (at: Record<string, unknown>, name: string, otherwise: number): number => {
  const found = at[name];
  return typeof found === 'number' ? found : otherwise;
};

export interface ConditionSeen {
  status: string;
  reason: string;
  message: string;
}

/** A condition in a list; undefined where it is not there, or is about an earlier generation. */
export function conditionIn(list: unknown, type: string, generation?: number): ConditionSeen | undefined {
  const found = recordsIn(list).find((one) => one['type'] === type);
  if (!found || isOlder(found['observedGeneration'], generation)) return undefined;
  const [status = '', reason = '', message = ''] = ['status', 'reason', 'message'].map((name) => textIn(found[name]));
  return { status, reason, message };
}

const isOlder = (observed: unknown, generation: number | undefined): boolean =>
  typeof observed === 'number' && generation !== undefined && observed < generation;

/** A condition of the object as it is declared now. */
export const condition = (object: KubeObject, type: string): ConditionSeen | undefined =>
  conditionIn(part(object, 'status')['conditions'], type, object.metadata.generation);

/** What a condition says, in few words. */
export const wordsOf = ({ reason, message }: ConditionSeen): string => (message === '' ? reason : message);
