// Brings single objects to what is wanted by server-side apply, and deletes what has left Git. Only what differs is written.
import type { ObjectRef, ResourceStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { AGENT_MANAGER, ANNOTATIONS, APPLICATION_LABEL } from '../../api/names.ts';
import { ApiError, isConflict } from '../../kube/errors.ts';
import type { KubeClient, ServedResource } from '../../kube/types.ts';
import { driftedFields } from './drift.ts';
import { isRecord } from '../../api/json.ts';
import { apiVersionOfRef } from '../../api/object-key.ts';
import type { OpenedCache } from '../ports.ts';
import { needsReplacement } from '../revert/immutable.ts';
import { statusOfWanted, type WantedObject } from '../revert/wanted.ts';
import type { KeepLive } from './stamps.ts';

export interface ApplyRequest {
  wanted: WantedObject;
  /** What to send, before live values are kept. */
  body(live: KubeObject | undefined): KubeObject;
  keep?: KeepLive | undefined;
  selfHeal: boolean;
  /** resourceVersion at which applying this content changed nothing: differences are then the server's own spelling. */
  settled?: string | undefined;
  /** Why the live object is not ours to write, if so. */
  refuse?(live: KubeObject): string | undefined;
  /** True while corrections of this object must wait. */
  patience: boolean;
}

export interface ApplyOutcome {
  status: ResourceStatus['status'];
  message?: string;
  /** Fields that were, or are, not as declared. */
  drift?: string[];
  action: 'none' | 'applied' | 'corrected' | 'reported';
  live?: KubeObject;
  settled?: string;
}

const MAX_TRIES = 3;

export async function applyObject(
  request: ApplyRequest,
  client: KubeClient,
  cacheOf: (resource: ServedResource) => Promise<Pick<OpenedCache, 'get' | 'observe'>>,
): Promise<ApplyOutcome> {
  const { wanted } = request;
  const { apiVersion, kind } = wanted.object;
  const { namespace, name } = wanted.object.metadata;
  const resource = await client.resourceFor(apiVersion, kind);
  if (!resource) return failed(`the cluster does not serve ${kind} of ${apiVersion}; install its definition first`);
  const cache = await cacheOf(resource);
  let live = cache.get(namespace, name);
  if (!live && request.keep) live = await client.get(resource, name, namespace);
  const refusal = live && request.refuse?.(live);
  if (refusal !== undefined) return failed(refusal);
  for (let attempt = 1; ; attempt++) {
    try {
      const outcome = await applyOnce(request, live, { client, resource });
      if (outcome.live && outcome.action !== 'none') cache.observe(outcome.live);
      return outcome;
    } catch (error) {
      const refused = refusalIn(error);
      if (!isConflict(error) || attempt === MAX_TRIES) return failed(refused.message);
      live = await client.get(resource, name, namespace);
    }
  }
}

/** The server's refusal; throws again what may go away by itself. */
function refusalIn(error: unknown): ApiError {
  if (!(error instanceof ApiError) || error.status === 429 || error.status >= 500) throw error;
  return error;
}

const failed = (message: string): ApplyOutcome => ({ status: 'Failed', message, action: 'none' });

async function applyOnce(
  request: ApplyRequest,
  live: KubeObject | undefined,
  at: { client: KubeClient; resource: ServedResource },
): Promise<ApplyOutcome> {
  const { wanted, keep } = request;
  const declared = request.body(live);
  let body = keep && live ? keep(declared, live) : declared;
  const found = difference(body, live, wanted.hash);
  if (live && found.kind !== 'new') {
    const left = leave(request, live, found);
    if (left) return left;
  }
  if (live) body = await keepAutoscaled(body, live, at);
  if (keep && live) body = { ...body, metadata: { ...body.metadata, ...version(live) } };
  const { name, namespace } = wanted.object.metadata;
  await makeWay(wanted, body, live, at);
  const applied = await at.client.patch(at.resource, {
    name,
    namespace,
    type: 'apply',
    body,
    fieldManager: AGENT_MANAGER,
    force: true,
  });
  const status = statusOfWanted(wanted);
  const settled = applied.metadata.resourceVersion;
  if (live && settled !== undefined && settled === live.metadata.resourceVersion) {
    return { status, action: 'none', live: applied, settled };
  }
  if (found.kind === 'new') return { status, action: 'applied', live: applied };
  return { status, action: 'corrected', live: applied, drift: found.fields };
}

/** Deletes what goes back to earlier content and cannot be changed: it is made anew right after. */
async function makeWay(
  wanted: WantedObject,
  body: KubeObject,
  live: KubeObject | undefined,
  { client, resource }: { client: KubeClient; resource: ServedResource },
): Promise<void> {
  if (!live || !wanted.replace || !needsReplacement(live, body)) return;
  const { name, namespace } = wanted.object.metadata;
  await client.delete(resource, name, namespace, { uid: live.metadata.uid });
}

interface Difference {
  /** `new`: other content or stamps are to be applied; `drift`: the object is not as it was applied. */
  kind: 'none' | 'new' | 'drift';
  fields: string[];
}

function difference(body: KubeObject, live: KubeObject | undefined, hash: string): Difference {
  const annotations = live?.metadata.annotations;
  const fields = live ? driftedFields(body, live) : [];
  const released = annotations?.[ANNOTATIONS.held] !== undefined && !body.metadata.annotations?.[ANNOTATIONS.held];
  const moved = annotations?.[ANNOTATIONS.contentHash] !== hash;
  if (moved || released || fields.some((field) => isStamp(field))) return { kind: 'new', fields };
  return { kind: fields.length === 0 ? 'none' : 'drift', fields };
}

/** The outcome where nothing is to be written. */
function leave(request: ApplyRequest, live: KubeObject, found: Difference): ApplyOutcome | undefined {
  const status = statusOfWanted(request.wanted);
  if (found.kind === 'none' || request.settled === live.metadata.resourceVersion)
    return { status, action: 'none', live };
  const message = `differs in ${found.fields.join(', ')}`;
  if (!request.selfHeal) return { status: 'OutOfSync', message, drift: found.fields, action: 'reported', live };
  if (!request.patience) return undefined;
  return { status: 'OutOfSync', message: `${message}; corrected again later`, action: 'none', live };
}

const STAMPS = [APPLICATION_LABEL, ...Object.values(ANNOTATIONS)];
const isStamp = (field: string): boolean =>
  STAMPS.some((name) => field === `metadata.labels.${name}` || field === `metadata.annotations.${name}`);

const version = ({ metadata }: KubeObject): { resourceVersion?: string } =>
  metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion };

/** Leaves spec.replicas to an autoscaler that has taken it over. */
async function keepAutoscaled(
  body: KubeObject,
  live: KubeObject,
  at: { client: KubeClient; resource: ServedResource },
): Promise<KubeObject> {
  if (!isRecord(body.spec) || !isRecord(live.spec)) return body;
  const { replicas, ...rest } = body.spec;
  if (replicas === undefined || replicas === live.spec['replicas'] || !at.resource.subresources.includes('scale'))
    return body;
  const fresh = await at.client.get(at.resource, body.metadata.name, body.metadata.namespace);
  const scaled = (fresh?.metadata.managedFields ?? []).some(
    (entry) => isRecord(entry) && entry['subresource'] === 'scale' && entry['manager'] === 'kube-controller-manager',
  );
  return scaled ? { ...body, spec: rest } : body;
}

/** `gone`: it was not there, or is another Application's by now. */
export type Pruned = { result: 'deleted' | 'gone' } | { result: 'kept'; why: string };

/** Deletes an object unless it is another's by now or asks to stay. */
export async function pruneObject(ref: ObjectRef, app: string, client: KubeClient): Promise<Pruned> {
  const resource = await client.resourceFor(apiVersionOfRef(ref), ref.kind);
  if (!resource) return { result: 'gone' };
  const namespace = resource.namespaced ? ref.namespace : undefined;
  const live = await client.get(resource, ref.name, namespace);
  if (!live || live.metadata.labels?.[APPLICATION_LABEL] !== app) return { result: 'gone' };
  if (live.metadata.annotations?.[ANNOTATIONS.prune] === 'Disabled')
    return { result: 'kept', why: `kept by the annotation ${ANNOTATIONS.prune}: Disabled` };
  const { uid } = live.metadata;
  await client.delete(resource, ref.name, namespace, { uid, propagationPolicy: 'Background' });
  return { result: 'deleted' };
}
