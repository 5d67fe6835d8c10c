// A selector has one Rollout: of several that name it the oldest drives it, and the others are told of it and leave it alone.
import { objectKey, qualifiedName } from '../api/object-key.ts';
import type { Issue } from '../api/result.ts';
import type { Rollout } from '../api/rollout.ts';
import type { DrivenObject, DrivenSelector } from '../traffic/driven.ts';
import { drivenOf, idOf } from '../traffic/driven-objects.ts';
import { BY_REFERENCE, type Caches } from './caches.ts';
import { isLeaving } from './hand-back.ts';

/** Why a Rollout may not drive a selector that it names: an older one drives it. One that leaves counts no more. */
export function claimedBefore({ rollouts }: Caches, rollout: Rollout, selector: DrivenSelector): Issue | undefined {
  const all = rollouts.by(BY_REFERENCE, objectKey(idOf(selector)));
  if (all.length < 2) return undefined;
  const own = ageOf(rollout);
  const elder = all.find((other) => ageOf(other) < own && !isLeaving(other) && drivesPartOf(other, selector));
  if (elder === undefined) return undefined;
  const { kind } = selector.resource;
  const message =
    `${kind} ${selector.name} is driven by Rollout ${qualifiedName(elder.metadata)}, which is older: ` +
    `name a ${kind} of its own, or have that Rollout name another`;
  return { field: selector.field, message };
}

/** Sorts the oldest first; its name decides in one second. */
const ageOf = ({ metadata }: Rollout): string => `${metadata.creationTimestamp ?? ''} ${qualifiedName(metadata)}`;

function drivesPartOf(rollout: Rollout, { parts, ...selector }: DrivenSelector): boolean {
  const key = objectKey(idOf(selector));
  const isPart = (each: DrivenObject): boolean =>
    each.drives === 'selectors' && objectKey(idOf(each)) === key && each.parts.some((part) => parts.includes(part));
  return (drivenOf(rollout) ?? []).some(isPart);
}
