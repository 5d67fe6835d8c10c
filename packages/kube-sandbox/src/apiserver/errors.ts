// The server's refusals: Status objects with the message, reason, details and code that the real server gives.

export interface StatusCause {
  reason: string;
  message: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface StatusBody {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** What names a resource in messages. */
export interface Named {
  group: string;
  plural: string;
  kind: string;
}

interface StatusParts {
  code: number;
  message: string;
  reason?: string | undefined;
  details?: StatusDetails | undefined;
  continueToken?: string | undefined;
}

/** Thrown anywhere below the request handler; it becomes the answer. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string | undefined;
  readonly details: StatusDetails | undefined;
  readonly body: StatusBody;

  constructor(parts: StatusParts) {
    super(parts.message);
    this.name = 'StatusError';
    this.code = parts.code;
    this.reason = parts.reason;
    this.details = parts.details;
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: parts.continueToken === undefined ? {} : { continue: parts.continueToken },
      status: 'Failure',
      message: parts.message,
      ...(parts.reason === undefined ? {} : { reason: parts.reason }),
      ...(parts.details === undefined ? {} : { details: parts.details }),
      code: parts.code,
    };
  }
}

/** Thrown for paths that no handler knows: plain text instead of a Status. */
export class PlainNotFound extends Error {}

export const qualified = (type: Named): string => (type.group === '' ? type.plural : `${type.plural}.${type.group}`);
const qualifiedKind = (type: Named): string => (type.group === '' ? type.kind : `${type.kind}.${type.group}`);

/** `details` of an error about one object; core has no group key. */
function detailsOf(type: Named, name: string | undefined, named: 'plural' | 'kind' = 'plural'): StatusDetails {
  return {
    ...(name === undefined || name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type[named],
  };
}

export const badRequest = (message: string): StatusError =>
  new StatusError({ code: 400, message, reason: 'BadRequest' });
export const internal = (message: string): StatusError => new StatusError({ code: 500, message });

export function notFound(type: Named, name: string): StatusError {
  const message = `${qualified(type)} "${name}" not found`;
  return new StatusError({ code: 404, message, reason: 'NotFound', details: detailsOf(type, name) });
}

export const unauthorized = (): StatusError =>
  new StatusError({ code: 401, message: 'Unauthorized', reason: 'Unauthorized' });

export const NAMESPACES: Named = { group: '', plural: 'namespaces', kind: 'Namespace' };

export function alreadyExists(type: Named, name: string): StatusError {
  const message = `${qualified(type)} "${name}" already exists`;
  return new StatusError({ code: 409, message, reason: 'AlreadyExists', details: detailsOf(type, name) });
}

const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(type: Named, name: string, why: string = MODIFIED): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`;
  return new StatusError({ code: 409, message, reason: 'Conflict', details: detailsOf(type, name) });
}

/** A DELETE precondition that does not hold; it names the kind, not the resource. */
export function preconditionFailed(type: Named, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualifiedKind(type)} "${name}": ${why}`;
  return new StatusError({ code: 409, message, reason: 'Conflict', details: detailsOf(type, name, 'kind') });
}

export function forbidden(type: Named, name: string, why: string, causes?: StatusCause[]): StatusError {
  const details = { ...detailsOf(type, name), ...(causes === undefined ? {} : { causes }) };
  return new StatusError({
    code: 403,
    message: `${qualified(type)} "${name}" is forbidden: ${why}`,
    reason: 'Forbidden',
    details,
  });
}

function joined(causes: StatusCause[]): string {
  const texts = causes.map((c) => `${c.field ?? '<nil>'}: ${c.message}`);
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** 422 with one cause per field. */
export function invalid(type: Named, name: string, causes: StatusCause[]): StatusError {
  const message = `${qualifiedKind(type)} "${name}" is invalid: ${joined(causes)}`;
  return new StatusError({
    code: 422,
    message,
    reason: 'Invalid',
    details: { ...detailsOf(type, name, 'kind'), causes },
  });
}

/** 422 that names the resource instead of the kind, as the update precondition does. */
export function invalidResource(type: Named, name: string, causes: StatusCause[]): StatusError {
  const message = `${qualified(type)} "${name}" is invalid: ${joined(causes)}`;
  return new StatusError({ code: 422, message, reason: 'Invalid', details: { ...detailsOf(type, name), causes } });
}

/** 422 about the query parameters of a verb, for example PatchOptions. */
export function invalidOptions(kind: string, causes: StatusCause[]): StatusError {
  return invalid({ group: 'meta.k8s.io', plural: kind, kind }, '', causes);
}

export const unknownResource = (): StatusError =>
  new StatusError({
    code: 404,
    message: 'the server could not find the requested resource',
    reason: 'NotFound',
    details: {},
  });

export const methodNotAllowed = (): StatusError =>
  new StatusError({
    code: 405,
    message: 'the server does not allow this method on the requested resource',
    reason: 'MethodNotAllowed',
    details: {},
  });

export function expired(message: string, continueToken?: string): StatusError {
  return new StatusError({ code: 410, message, reason: 'Expired', continueToken });
}

export function resourceVersionTooLarge(asked: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    reason: 'Timeout',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}
