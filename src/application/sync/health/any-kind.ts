// What holds for an object of any kind, as kstatus has it: it is on its way out, its controller has not seen it yet, or says by its
// conditions that it is stuck, at work or ready. Pure.
import type { KubeObject } from '../../../api/k8s.ts';
import { condition, degraded, healthy, part, progressing, wordsOf, type Health } from './facts.ts';

/** What outranks anything that is special of a kind; undefined where there is no such thing. */
export function firstOf(object: KubeObject): Health | undefined {
  if (object.metadata.deletionTimestamp !== undefined) return progressing('is being deleted');
  if (isUnseen(object)) return progressing('what is declared has not been looked at by its controller yet');
  const stalled = condition(object, 'Stalled');
  if (stalled?.status === 'True') return degraded(wordsOf(stalled));
  const reconciling = condition(object, 'Reconciling');
  return reconciling?.status === 'True' ? progressing(wordsOf(reconciling)) : undefined;
}

/** What `Ready` says, where there is such a condition: what is not ready yet may become so. */
export function byReady(object: KubeObject): Health {
  const ready = condition(object, 'Ready');
  return ready && ready.status !== 'True' ? progressing(wordsOf(ready)) : healthy();
}

/** Rollouts write the generation as text. */
function isUnseen(object: KubeObject): boolean {
  const observed = part(object, 'status')['observedGeneration'];
  const { generation } = object.metadata;
  if (observed === undefined || observed === '' || generation === undefined) return false;
  return Number(observed) < generation;
}
