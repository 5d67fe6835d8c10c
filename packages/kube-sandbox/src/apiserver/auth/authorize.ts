// Authentication, impersonation and authorization in front of every request.
import type { Call } from '../call.ts';
import { StatusError } from '../errors.ts';
import type { Target } from '../resource.ts';
import type { Attributes } from './attributes.ts';
import { attributesOf, describe } from './attributes.ts';
import { impersonation } from './impersonate.ts';
import { ADMIN, type User } from './user.ts';

/** Answered to everybody, as the real server's public roles allow. */
const PUBLIC = new Set(['/healthz', '/livez', '/readyz', '/version']);

/** Who the request counts as. Errors: 401, 403; 500 for an impersonation of nobody. */
export function admit(call: Call): User {
  const { tokens } = call.server.access;
  const sender = tokens.user(call.headers['authorization']);
  const wanted = impersonation(call);
  if (sender === ADMIN && wanted === undefined) return sender;
  for (const need of wanted?.needs ?? []) demand(call, sender, need);
  const user = wanted?.user ?? sender;
  if (!PUBLIC.has(call.path)) demand(call, user, attributesOf(call));
  return user;
}

function demand(call: Call, user: User, attributes: Attributes): void {
  const { allowed, reason } = call.server.access.rbac.authorize(user, attributes);
  if (!allowed) throw refusal(user, attributes, reason);
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function refusal(user: User, attributes: Attributes, reason: string): StatusError {
  const told = describe(user.name, attributes).replaceAll(/[&<>]/g, (c) => HTML[c] ?? c);
  const why = reason === '' ? told : `${told}: ${reason}`;
  const { resource } = attributes;
  if (resource === undefined)
    return new StatusError({ code: 403, message: `forbidden: ${why}`, reason: 'Forbidden', details: {} });
  return forbiddenResource(resource, why);
}

/** 403 about a resource, by its name where it has one. */
export function forbiddenResource(
  { group, plural, name }: { group: string; plural: string; name: string },
  why: string,
): StatusError {
  const qualified = group === '' ? plural : `${plural}.${group}`;
  const subject = name === '' ? qualified : `${qualified} ${JSON.stringify(name)}`;
  return new StatusError({
    code: 403,
    message: `${subject} is forbidden: ${why}`,
    reason: 'Forbidden',
    details: { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural },
  });
}

/** A write that would create what is not there needs the right to create, besides its own verb. Errors: 403. */
export function demandCreate(call: Call, { type, place }: Target): void {
  const resource = { ...type, subresource: '', name: place.name, namespace: place.namespace ?? '' };
  const { rbac } = call.server.access;
  const attributes = { verb: 'create', resource, path: call.path };
  const { allowed, reason } = rbac.authorize(call.user, attributes);
  if (!allowed) throw refusal(call.user, attributes, reason);
}
