// Query parameters of writes, and bodies' media types, with the server's refusals.
import type { Call } from './call.ts';
import type { FieldValidation } from './decode.ts';
import type { StatusCause } from './errors.ts';
import { StatusError, badRequest, invalidOptions } from './errors.ts';
import type { Dict } from './json.ts';
import { at, isDict, textOr } from './json.ts';
import type { DeleteRequest } from './deletion.ts';
import type { ResourceType } from './resource.ts';

const MAX_BODY = 3_145_728;

const unsupported = (field: string, value: string, supported: string): StatusCause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${value}: supported values: ${supported}`,
  field,
});

export interface WriteParameters {
  dryRun: boolean;
  validation: FieldValidation;
}

/** Errors: 422 about `kind`, for example CreateOptions. */
export function writeParameters(call: Call, kind: string): WriteParameters {
  const dryRun = call.query.getAll('dryRun').filter((value) => value !== '');
  const validation = call.query.get('fieldValidation') ?? '';
  const causes: StatusCause[] = [];
  if (dryRun.some((value) => value !== 'All')) causes.push(unsupported('dryRun', JSON.stringify(dryRun), '"All"'));
  const manager = call.query.get('fieldManager') ?? '';
  if (Buffer.byteLength(manager) > 128)
    causes.push({
      reason: 'FieldValueTooLong',
      message: 'Too long: may not be more than 128 bytes',
      field: 'fieldManager',
    });
  if (!['', 'Strict', 'Warn', 'Ignore'].includes(validation))
    causes.push(unsupported('fieldValidation', JSON.stringify(validation), '"", "Ignore", "Strict", "Warn"'));
  if (causes.length > 0) throw invalidOptions(kind, causes);
  return { dryRun: dryRun.length > 0, validation: (validation === '' ? 'Warn' : validation) as FieldValidation };
}

export const mediaType = (call: Call): string => (call.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';

export const unsupportedMedia = (message: string, details?: Record<string, never>): StatusError =>
  new StatusError({ code: 415, message, reason: 'UnsupportedMediaType', details });

/** Whether the body of a POST or PUT is YAML. Errors: 413, 415. */
export function bodyIsYaml(call: Call): boolean {
  if (Buffer.byteLength(call.body) > MAX_BODY)
    throw new StatusError({
      code: 413,
      message: `Request entity too large: limit is ${MAX_BODY}`,
      reason: 'RequestEntityTooLarge',
    });
  const media = mediaType(call);
  if (media === 'application/yaml') return true;
  if (media === '' || media === 'application/json') return false;
  const accepted = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  throw unsupportedMedia(
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

const POLICIES = ['Foreground', 'Background', 'Orphan'];

function deleteBody(call: Call): Dict {
  if (call.body.trim() === '') return {};
  bodyIsYaml(call);
  try {
    const value: unknown = JSON.parse(call.body);
    return isDict(value) ? value : {};
  } catch {
    throw new StatusError({
      code: 500,
      message: `couldn't get version/kind; json parse error: ${call.body.slice(0, 40)}`,
    });
  }
}

/** The query counts before the body; undefined where neither says anything. */
const option = (call: Call, body: Dict, name: string): unknown => call.query.get(name) ?? body[name] ?? undefined;

export function deleteRequest(call: Call): DeleteRequest & { dryRun: boolean } {
  const body = deleteBody(call);
  const parameters = writeParameters(call, 'DeleteOptions');
  const policy = textOr(option(call, body, 'propagationPolicy'));
  const orphans = option(call, body, 'orphanDependents');
  const grace = option(call, body, 'gracePeriodSeconds');
  checkPolicy(policy, orphans !== undefined);
  const uid = at(body, 'preconditions', 'uid');
  const version = at(body, 'preconditions', 'resourceVersion');
  const isOrphan = String(orphans) === 'true';
  return {
    dryRun: parameters.dryRun || (Array.isArray(body['dryRun']) && body['dryRun'].includes('All')),
    propagationPolicy: policy !== '' ? policy : isOrphan ? 'Orphan' : undefined,
    gracePeriodSeconds: grace === undefined ? undefined : Number(grace),
    uid: typeof uid === 'string' ? uid : undefined,
    resourceVersion: typeof version === 'string' ? version : undefined,
  };
}

function checkPolicy(policy: string, hasOrphans: boolean): void {
  const causes: StatusCause[] = [];
  if (policy !== '' && !POLICIES.includes(policy))
    causes.push(
      unsupported('propagationPolicy', JSON.stringify(policy), '"Foreground", "Background", "Orphan", "nil"'),
    );
  if (policy !== '' && hasOrphans)
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
      field: 'propagationPolicy',
    });
  if (causes.length > 0) throw invalidOptions('DeleteOptions', causes);
}

/** The name in the body must be the one of the URL. Errors: 400. */
export function checkName(object: Dict, name: string): void {
  const given = textOr(at(object, 'metadata', 'name'));
  if (given === '')
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (given !== name)
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
}

export function checkNamespace(type: ResourceType, object: Dict, namespace: string | undefined): void {
  const given = textOr(at(object, 'metadata', 'namespace'));
  if (!type.namespaced || given === '' || given === namespace) return;
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}
