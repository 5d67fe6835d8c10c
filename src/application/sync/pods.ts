// A Rollout's pods as a ReplicaSet, so that the API server can be asked whether it would take them before anything is applied.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../api/names.ts';
import { shortHash } from '../../rollout/hash.ts';
import { isRollout } from '../revert/dependents.ts';

/** Undefined for anything but a Rollout with a template and a selector. */
export function podsOf(object: KubeObject): KubeObject | undefined {
  const spec = isRecord(object.spec) ? object.spec : {};
  const { template, selector } = spec;
  if (!isRollout(object) || !isRecord(template) || !isRecord(selector)) return undefined;
  const hash = shortHash(template);
  const metadata = isRecord(template['metadata']) ? template['metadata'] : {};
  const labels = isRecord(metadata['labels']) ? metadata['labels'] : {};
  const matchLabels = isRecord(selector['matchLabels']) ? selector['matchLabels'] : {};
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `${object.metadata.name}-${hash}`, namespace: object.metadata.namespace ?? 'default' },
    spec: {
      replicas: 0,
      selector: { ...selector, matchLabels: { ...matchLabels, [POD_TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...metadata, labels: { ...labels, [POD_TEMPLATE_HASH]: hash } } },
    },
  };
}
