// Whether the object of a hook has come to its end: a Job, a pod or a workflow by what became of it, anything else by its health. Pure.
import { isRecord } from '../../../api/json.ts';
import type { KubeObject } from '../../../api/k8s.ts';
import { splitApiVersion } from '../../../api/object-key.ts';
import { part } from '../health/facts.ts';
import { healthOf } from '../health/health.ts';

export interface HookEnd {
  state: 'Succeeded' | 'Failed';
  /** For people; empty where there is nothing to add. */
  message: string;
}

/** Kinds whose objects do what they have to do, and end. */
const ENDING = new Set([
  'batch/Job',
  '/Pod',
  'argoproj.io/Workflow',
  'sluice.dev/AnalysisRun',
  'argoproj.io/AnalysisRun',
  'argoproj.io/Experiment',
]);

/** Undefined while it goes on. */
export function endOf(object: KubeObject): HookEnd | undefined {
  const kind = `${splitApiVersion(object.apiVersion)[0]}/${object.kind}`;
  const isGoing = object.metadata.deletionTimestamp !== undefined;
  // What is about to go may have ended before: a Job's TTL takes it away at once.
  if (isGoing && !ENDING.has(kind)) return undefined;
  const { health, message } = healthOf(isGoing ? staying(object) : object);
  if (kind === '/Pod' && endsByPhase(object) && !hasEnded(object)) return undefined;
  if (health === 'Degraded') return { state: 'Failed', message };
  return health === 'Healthy' ? { state: 'Succeeded', message } : undefined;
}

function staying(object: KubeObject): KubeObject {
  const { deletionTimestamp: _going, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** One whose containers are started again for ever does not end, and counts as done once it is ready. */
function endsByPhase({ spec }: KubeObject): boolean {
  const policy = isRecord(spec) ? spec['restartPolicy'] : undefined;
  return policy === 'Never' || policy === 'OnFailure';
}

const hasEnded = (pod: KubeObject): boolean => ['Succeeded', 'Failed'].includes(String(part(pod, 'status')['phase']));
