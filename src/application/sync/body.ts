// What is sent to the API server for a wanted object, over what is live: the declared content, the stamps, and what is others' to decide.
import type { ResourceStatus } from '../../api/application.ts';
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS } from '../../api/names.ts';
import type { ObjectKey } from '../../api/object-key.ts';
import { parseRevision, type RevisionRef } from '../../api/revision.ts';
import { shortHash } from '../../rollout/hash.ts';
import { isRollout } from '../revert/dependents.ts';
import { heldNote, type WantedObject } from '../revert/wanted.ts';
import type { Declared } from '../seen.ts';
import { revisionRef } from '../revision.ts';
import type { Owner } from './owner.ts';
import { stamped, type KeepLive, type Stamps } from './stamps.ts';

export interface BodyContext {
  selfHeal: boolean;
  owner: Owner;
  repoURL: string;
  declared: Declared | undefined;
  inventory: ReadonlyMap<ObjectKey, ResourceStatus>;
  driven: ReadonlyMap<ObjectKey, KeepLive>;
  autoscaled(key: ObjectKey): boolean;
}

export interface Body {
  object: KubeObject;
  /** Of all that went into it but the live object. */
  hash: string;
}

export function bodyOf(wanted: WantedObject, live: KubeObject | undefined, context: BodyContext): Body {
  const stamps = stampsOf(wanted, live, context);
  const declared = stamped(wanted.object, stamps);
  const keep = context.driven.get(wanted.key);
  const kept = keep && live ? keep(declared, live) : declared;
  const scaled = live !== undefined && context.autoscaled(wanted.key);
  return { object: scaled ? withoutReplicas(kept) : kept, hash: shortHash([stamps, scaled]) };
}

function withoutReplicas(object: KubeObject): KubeObject {
  if (!isRecord(object.spec)) return object;
  const { replicas: _replicas, ...spec } = object.spec;
  return { ...object, spec };
}

function stampsOf(wanted: WantedObject, live: KubeObject | undefined, context: BodyContext): Stamps {
  const stamps = { owner: context.owner, hash: wanted.hash };
  if (!isRollout(wanted.object)) return stamps;
  return { ...stamps, ...(context.selfHeal && { selfHeal: true }), ...revisionStamps(wanted, live, context) };
}

function revisionStamps(
  wanted: WantedObject,
  live: KubeObject | undefined,
  context: BodyContext,
): Pick<Stamps, 'revision' | 'held' | 'receivedAt'> {
  const { hold, returning } = wanted;
  if (returning) return { revision: returning.stable };
  if (hold) return { held: heldNote(hold), ...(hold.stable ? { revision: hold.stable } : {}) };
  const annotations = live?.metadata.annotations;
  const current = parseRevision(annotations?.[ANNOTATIONS.revision]);
  const receivedAt = annotations?.[ANNOTATIONS.receivedAt];
  if (current && isUnchanged(wanted, context)) {
    return { revision: current, ...(receivedAt === undefined ? {} : { receivedAt }) };
  }
  return candidate(wanted, context);
}

function candidate(
  { path }: WantedObject,
  { declared, repoURL }: BodyContext,
): { revision?: RevisionRef; receivedAt?: string } {
  if (!declared) return {};
  const { commit, receivedAt } = declared;
  const revision = revisionRef(commit, repoURL, path);
  return { revision, ...(receivedAt === undefined ? {} : { receivedAt: new Date(receivedAt).toISOString() }) };
}

/** Neither the Rollout nor what it depends on is declared otherwise than it was last applied. */
function isUnchanged({ key }: WantedObject, { declared, inventory }: BodyContext): boolean {
  const set = declared?.sets.get(key);
  return set?.members.every((member) => inventory.get(member.key)?.hash === member.hash) ?? true;
}
