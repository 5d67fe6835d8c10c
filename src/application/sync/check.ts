// What a refusal of a dry run means for a commit.
import { isRefusal, type ApiError } from '../../kube/errors.ts';
import type { ObjectRef } from '../../api/application.ts';
import type { Resource } from '../../api/k8s.ts';
import { nameOf } from '../../api/object-key.ts';
import type { ServedResource } from '../../kube/types.ts';
import type { Declared } from '../seen.ts';
import { userOf, type Tenancy } from '../source/tenancy.ts';
import { bringsRights } from './brought.ts';
import type { CheckOutcome } from './outcome.ts';

export interface CheckContext {
  /** The object in question. */
  ref: ObjectRef;
  tenancy: Tenancy;
  resource: ServedResource;
  /** What the commit in question brings. */
  brings: Pick<Declared, 'namespaces' | 'desired'> | undefined;
}

/** What a refusal means; undefined for what may go away by itself. */
export function outcomeOf(error: unknown, context: CheckContext): CheckOutcome | undefined {
  if (!isRefusal(error)) return undefined;
  const { message } = error;
  if (/does not support dry ?run/i.test(message)) return { kind: 'untried', message };
  const { namespace } = context.ref;
  if (error.status === 404 && namespace !== undefined && context.brings?.namespaces.has(namespace))
    return { kind: 'deferred', message: `waits for Namespace ${namespace}` };
  if (error.status === 409) return undefined;
  return error.status === 403 ? forbidden(error, context) : { kind: 'refused', message };
}

/** Rights may come with the commit; what an admission webhook or a quota forbids they do not change. */
function forbidden(error: ApiError, context: CheckContext): CheckOutcome {
  const { brings, tenancy, ref } = context;
  const right = missingRight(error, context);
  const isGranted = right !== error.message && brings !== undefined && bringsRights(brings, tenancy, ref.namespace);
  return { kind: isGranted ? 'deferred' : 'refused', message: right };
}

/** A rule of a Role that lets an account apply a kind, as it is written in YAML. */
export const ruleFor = ({ group, plural }: Pick<Resource, 'group' | 'plural'>): string =>
  `{apiGroups: ["${group}"], resources: [${plural}], verbs: [get, list, watch, create, patch, delete]}`;

/** The server's words, and for a missing right the rule that would grant it. */
export function missingRight(
  { message }: ApiError,
  { ref, tenancy, resource }: Pick<CheckContext, 'ref' | 'tenancy' | 'resource'>,
): string {
  if (!/cannot (get|list|watch|create|patch|update|delete|impersonate) resource/.test(message)) return message;
  const user = userOf(tenancy);
  if (/cannot impersonate/.test(message) && user !== undefined) {
    return `Sluice may not act as ServiceAccount ${tenancy.account ?? ''} of namespace ${tenancy.namespace}: the operator grants it by a Role there, {apiGroups: [""], resources: [serviceaccounts], resourceNames: [${tenancy.account ?? ''}], verbs: [impersonate]} (chart value tenants)`;
  }
  const rule = ruleFor(resource);
  if (user === undefined)
    return `Sluice itself may not write ${nameOf(ref)}: ${message}; name a ServiceAccount of this namespace in the Application's spec.serviceAccountName, or have the operator grant Sluice ${rule}`;
  const who = `ServiceAccount ${tenancy.namespace}/${tenancy.account ?? ''}`;
  const kind = resource.namespaced ? 'Role' : 'ClusterRole';
  return `${who} may not write ${nameOf(ref)}: ${message}; a ${kind} with ${rule} would grant it`;
}
