// What a Rollout names among the objects that are declared with it: configuration that its pods mount or read, its Services and routes,
// which go back with it when a revision is rejected; and the templates its steps measure by.
import type { KubeObject } from '../../api/k8s.ts';
import { GROUP } from '../../api/names.ts';
import { templatesOf } from '../../rollout/templates.ts';
import { drivenOf, idOf } from '../../traffic/driven-objects.ts';
import { isRecord, recordsIn, textIn } from '../../api/json.ts';
import { objectKey, refOf, type ObjectKey } from '../../api/object-key.ts';

/** A Rollout that Sluice drives; not one of Argo Rollouts. */
export const isRollout = (object: KubeObject): boolean => object.kind === 'Rollout' && refOf(object).group === GROUP;

/** Keys of the objects that a Rollout names, whether they exist or not. */
export function dependencyKeys(rollout: KubeObject): Set<ObjectKey> {
  const keys = readKeys(rollout);
  for (const key of drivenKeys(rollout)) keys.add(key);
  return keys;
}

/** Keys of the ConfigMaps and Secrets that its pods mount or read. */
export function readKeys(rollout: KubeObject): Set<ObjectKey> {
  const namespace = rollout.metadata.namespace ?? '';
  const spec = isRecord(rollout.spec) ? rollout.spec : {};
  return new Set(podReferences(spec).map(([kind, name]) => objectKey({ group: '', kind, namespace, name })));
}

/** Keys of the Services, routes and subsets that it drives; none where its strategy cannot be read. */
const drivenKeys = (rollout: KubeObject): ObjectKey[] =>
  (drivenOf(rollout) ?? []).map((object) => objectKey(idOf(object)));

/** Keys of the templates that it is measured by. */
export const templateKeys = (rollout: KubeObject): Set<ObjectKey> => new Set(templatesOf(rollout).map(objectKey));

type Reference = [kind: 'ConfigMap' | 'Secret', name: string];

function podReferences(spec: Record<string, unknown>): Reference[] {
  const template = isRecord(spec['template']) ? spec['template'] : {};
  const pod = isRecord(template['spec']) ? template['spec'] : {};
  const containers = ['initContainers', 'containers'].flatMap((field) => recordsIn(pod[field]));
  return [
    ...recordsIn(pod['volumes']).flatMap((volume) => volumeReferences(volume)),
    ...containers.flatMap((container) => environmentReferences(container)),
  ];
}

function volumeReferences(volume: Record<string, unknown>): Reference[] {
  const projected = isRecord(volume['projected']) ? recordsIn(volume['projected']['sources']) : [];
  return [volume, ...projected].flatMap((source) => [
    ...named('ConfigMap', source['configMap'], 'name'),
    ...named('Secret', source['secret'], source === volume ? 'secretName' : 'name'),
  ]);
}

function environmentReferences(container: Record<string, unknown>): Reference[] {
  const whole = recordsIn(container['envFrom']).flatMap((source) => [
    ...named('ConfigMap', source['configMapRef'], 'name'),
    ...named('Secret', source['secretRef'], 'name'),
  ]);
  const single = recordsIn(container['env']).flatMap(({ valueFrom }) =>
    isRecord(valueFrom)
      ? [
          ...named('ConfigMap', valueFrom['configMapKeyRef'], 'name'),
          ...named('Secret', valueFrom['secretKeyRef'], 'name'),
        ]
      : [],
  );
  return [...whole, ...single];
}

function named(kind: Reference[0], source: unknown, field: string): Reference[] {
  const name = isRecord(source) ? textIn(source[field]) : undefined;
  return name === undefined ? [] : [[kind, name]];
}
