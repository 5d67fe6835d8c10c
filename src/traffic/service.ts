// A Service whose selector follows a revision. Owns the pod hash in it, and the verdict's mark where it alone moves the traffic.
import { isRecord, present } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import { ok } from '../api/result.ts';
import type { Role } from '../api/traffic.ts';
import { DRIVEN_VERBS, type DrivenKind, type DrivenSelector, type Unbound } from './driven.ts';
import { annotationOps, jsonWrite, pointer } from './write.ts';

/** The one part of it. */
const SELECTOR = 'selector';
const SELECTED = ['spec', 'selector', POD_TEMPLATE_HASH] as const;

export const SERVICE_KIND: Extract<DrivenKind, { drives: 'selectors' }> = {
  resource: RESOURCES.services,
  drives: 'selectors',
  verbs: DRIVEN_VERBS,
  owned: 'the pod hash in the selector',
  field: SELECTED,
  slim,
  isBound: (object) => selectorOf(object)[POD_TEMPLATE_HASH] !== undefined,
  unbind,
};

/** The Service of one side; `field` is where it is declared. */
export function drivenService(at: { namespace: string; name: string; field: string }, role: Role): DrivenSelector {
  return {
    drives: 'selectors',
    resource: RESOURCES.services,
    ...at,
    what: 'the selector',
    roles: [role],
    parts: [SELECTOR],
    plan(object, { hashes, rejected }) {
      const hash = hashes[role];
      if ((hash === undefined || hash === hashOf(object)) && isMarked(object, rejected)) return ok(undefined);
      const marks = rejected === undefined ? undefined : { [ANNOTATIONS.rejected]: rejected || null };
      // Nothing of a Service is a list that may have moved: what is written holds whatever was read.
      return ok({
        type: 'merge',
        body: {
          ...(marks && { metadata: { annotations: marks } }),
          ...(hash !== undefined && { spec: { selector: { [POD_TEMPLATE_HASH]: hash } } }),
        },
      });
    },
    read: (object) => ok({ [role]: hashOf(object) }),
    keep(applied, live) {
      const hash = hashOf(live);
      // A selector is one value for the API server.
      if (hash === undefined || !isRecord(applied.spec)) return applied;
      const selector = { ...selectorOf(applied), [POD_TEMPLATE_HASH]: hash };
      return { ...applied, spec: { ...applied.spec, selector } };
    },
  };
}

/** The verdict's mark on it is the wanted one; null or empty wants none, undefined leaves what there is. */
const isMarked = ({ metadata: { annotations } }: KubeObject, rejected: string | null | undefined): boolean =>
  rejected === undefined || annotations?.[ANNOTATIONS.rejected] === (rejected || undefined);

const selectorOf = ({ spec }: KubeObject): Record<string, unknown> =>
  isRecord(spec) && isRecord(spec['selector']) ? spec['selector'] : {};

function hashOf(object: KubeObject): string | undefined {
  const hash = selectorOf(object)[POD_TEMPLATE_HASH];
  return typeof hash === 'string' ? hash : undefined;
}

/** What routing needs: there are many Services, and most are nobody's canary. */
function slim({ apiVersion, kind, metadata, spec }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, annotations } = metadata;
  const rejected = annotations?.[ANNOTATIONS.rejected];
  const selector = isRecord(spec) ? spec['selector'] : undefined;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...present({ namespace, uid, resourceVersion }),
      ...(rejected === undefined ? {} : { annotations: { [ANNOTATIONS.rejected]: rejected } }),
    },
    spec: selector === undefined ? {} : { selector },
  };
}

function unbind(object: KubeObject, kept?: ReadonlySet<string>): Unbound | undefined {
  const hash = hashOf(object);
  if (hash === undefined || kept?.has(SELECTOR)) return undefined;
  const path = pointer([...SELECTED]);
  const write = jsonWrite([
    { op: 'test', path, value: hash },
    { op: 'remove', path },
    ...annotationOps(object, { [ANNOTATIONS.rejected]: null }),
  ]);
  return write && { write, what: `its selector is no longer bound to revision ${hash}` };
}
