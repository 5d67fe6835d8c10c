// Objects whose content cannot be changed once it is marked so: to go back they are deleted and made anew, before the Rollout that reads
// them. Pure.
import { canonicalJson } from '../../rollout/hash.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { dataOf } from './content.ts';

/** Kinds that hold nothing but data: making one anew ends no process. */
const isDataOnly = ({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): boolean =>
  apiVersion === 'v1' && (kind === 'ConfigMap' || kind === 'Secret');

/** Whether the API server would refuse to make `live` what `body` says, because it is marked immutable or the type of a Secret differs. */
export function needsReplacement(live: KubeObject, body: KubeObject): boolean {
  if (!isDataOnly(body) || live.kind !== body.kind) return false;
  const type = (object: KubeObject): unknown => object['type'] ?? 'Opaque';
  if (body.kind === 'Secret' && type(live) !== type(body)) return true;
  if (live['immutable'] !== true) return false;
  return body['immutable'] !== true || canonicalJson(dataOf(live)) !== canonicalJson(dataOf(body));
}
