// Deletes what has left Git, lets go of what others declare, and finds out what a Namespace or a definition still holds.
import type { ObjectRef } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { AGENT_MANAGER } from '../../api/names.ts';
import { nameOf, qualifiedName, type ObjectKey } from '../../api/object-key.ts';
import { ApiError, isConflict, isNotFound, isTransient } from '../../kube/errors.ts';
import type { KubeClient, ServedResource } from '../../kube/types.ts';
import { ROUTERS_OWN } from '../../traffic/modules.ts';
import { servedFor, type Doing } from '../doing.ts';
import { eachOf } from './batch.ts';
import { DISOWN } from './owner.ts';

interface Target {
  key: ObjectKey;
  ref: ObjectRef;
  uid: string;
}

/** By UID: what was made anew under the name is another object. */
export const deleteAll = (objects: readonly Target[], at: Doing): Promise<void> =>
  eachOf(objects, async ({ ref, uid }) => {
    const resource = await servedFor(ref, at.tenant);
    if (!resource) return;
    try {
      await at.tenant.delete(resource, ref.name, ref.namespace, { uid, propagationPolicy: 'Background' });
    } catch (error) {
      if (!isConflict(error)) throw error;
      return;
    }
    at.memory.deleted.add(uid);
    const message = `${nameOf(ref)} has left Git and was deleted`;
    at.context.events.emit(at.seen.app, { type: 'Normal', reason: 'Pruned', message, key: `pruned ${uid}` });
    at.context.metrics?.pruned?.(qualifiedName(at.seen.owner), 'Pruned');
    at.context.log.info('an object that has left Git was deleted', {
      application: qualifiedName(at.seen.owner),
      object: nameOf(ref),
    });
  });

export const disownAll = (objects: readonly Target[], at: Doing): Promise<void> =>
  eachOf(objects, async ({ key, ref, uid }) => {
    const resource = await servedFor(ref, at.tenant);
    if (!resource) return;
    const { name, namespace } = ref;
    const body = { metadata: { uid, ...DISOWN } };
    try {
      await at.tenant.patch(resource, { name, namespace, type: 'merge', body, fieldManager: AGENT_MANAGER });
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
    const other = at.seen.declaredElsewhere(key) ?? 'another Application';
    const message = `${nameOf(ref)} has left Git here; it stays, since Application ${other} declares it`;
    at.context.events.emit(at.seen.app, { type: 'Normal', reason: 'HandedOver', message, key: `disowned ${uid}` });
    at.context.metrics?.pruned?.(qualifiedName(at.seen.owner), 'Skipped');
  });

/** What comes and goes with any namespace, and is nobody's. */
const OWN_KINDS = new Set(['Event', 'Endpoints', 'EndpointSlice', 'Lease', 'PodMetrics', 'LocalSubjectAccessReview']);
const MAX_NAMED = 3;

export async function inspect(
  { key, ref, uid }: { key: ObjectKey; ref: ObjectRef; uid: string },
  at: Doing,
): Promise<void> {
  const found = ref.kind === 'Namespace' ? await inNamespace(ref.name, at) : await ofDefinition(ref, at);
  const more = found.length > MAX_NAMED ? ` and ${found.length - MAX_NAMED} more` : '';
  at.memory.inspected.set(key, { at: at.seen.now, uid, holds: `${found.slice(0, MAX_NAMED).join(', ')}${more}` });
}

async function inNamespace(namespace: string, { tenant }: Doing): Promise<string[]> {
  const kinds = (await tenant.discover({ refresh: true })).filter(
    ({ namespaced, verbs, kind, preferred }) =>
      namespaced && preferred && verbs.includes('list') && !OWN_KINDS.has(kind),
  );
  const found: string[] = [];
  await eachOf(kinds, async (resource) => {
    const objects = await sample(resource, namespace, tenant);
    found.push(
      ...objects
        .filter((object) => !comesWithNamespace(object, resource.kind))
        .map((object) => named(object, resource)),
    );
  });
  return found.sort();
}

async function ofDefinition({ name }: ObjectRef, { tenant }: Doing): Promise<string[]> {
  const kinds = (await tenant.discover({ refresh: true })).filter(
    ({ plural, group, preferred }) => preferred && `${plural}.${group}` === name,
  );
  const found: string[] = [];
  for (const resource of kinds) {
    const objects = await sample(resource, undefined, tenant);
    found.push(...objects.map((object) => named(object, resource)));
  }
  return found.sort();
}

const named = ({ metadata: { name, namespace } }: KubeObject, { group, kind }: ServedResource): string =>
  nameOf({ group, kind, name, ...(namespace === undefined ? {} : { namespace }) });

/** All objects of a kind: one that matters may come last. A kind that cannot be listed may hold anything, and is not taken for empty. */
async function sample(
  resource: ServedResource,
  namespace: string | undefined,
  client: KubeClient,
): Promise<KubeObject[]> {
  try {
    return (await client.list<KubeObject>(resource, namespace === undefined ? {} : { namespace })).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    if (error instanceof ApiError && !isTransient(error)) return [unreadable(resource, error.status)];
    throw error;
  }
}

const unreadable = ({ kind, group, version, plural }: ServedResource, status: number): KubeObject => ({
  apiVersion: group === '' ? version : `${group}/${version}`,
  kind,
  metadata: { name: `(${plural} cannot be listed: ${status})` },
});

function comesWithNamespace({ metadata }: KubeObject, kind: string): boolean {
  const { name, ownerReferences, deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined || ownerReferences?.some(({ controller }) => controller === true)) return true;
  if (kind === 'ServiceAccount') return name === 'default';
  return kind === 'ConfigMap' && ['kube-root-ca.crt', ...ROUTERS_OWN.configMaps].includes(name);
}
