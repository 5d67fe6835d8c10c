// PATCH: chooses the kind of patch by its media type and writes what it makes of the object.
import { applyPatch } from './patch-apply.ts';
import { escalationGuard } from './auth/escalation.ts';
import { applyProblem, decodeProblem } from './builtin-defaults.ts';
import type { Answer, Call } from './call.ts';
import { managerOf, outgoing } from './call.ts';
import { dropUnknown, formProblem, jsonError, undecodable } from './decode.ts';
import type { StatusCause } from './errors.ts';
import { StatusError, badRequest, invalid, invalidOptions, notFound } from './errors.ts';
import type { Dict } from './json.ts';
import { at, goText, isDict, textOr } from './json.ts';
import { checkName, mediaType, unsupportedMedia, writeParameters } from './options.ts';
import { jsonPatch } from './patch-json.ts';
import { mergePatch } from './patch-merge.ts';
import { strategicPatch } from './patch-strategic.ts';
import type { ResourceType, Target } from './resource.ts';
import { rescaled, scaleOf } from './scale.ts';
import { builtinType } from './types.ts';

const APPLY = 'application/apply-patch+yaml';
const JSON_PATCH = 'application/json-patch+json';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

function readPatch(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest(`error decoding patch: ${jsonError(text)}`);
  }
}

function dictPatch(text: string): Dict {
  const patch = readPatch(text);
  if (isDict(patch)) return patch;
  const kind = Array.isArray(patch) ? 'array' : typeof patch;
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
  );
}

function checkMedia(call: Call, target: Target): string {
  const media = mediaType(call);
  const known = target.type.builtin ? [JSON_PATCH, MERGE, STRATEGIC, APPLY] : [JSON_PATCH, MERGE, APPLY];
  if (known.includes(media)) return media;
  if (target.type.builtin) throw unsupportedMedia('415: Unsupported Media Type', {});
  const list = known.join(', ');
  throw unsupportedMedia(`the body of the request was in an unknown format - accepted media types include: ${list}`);
}

function patched(media: string, subject: Dict, call: Call, target: Target): Dict {
  if (media === JSON_PATCH) return jsonPatch(subject, readPatch(call.body));
  const patch = dictPatch(call.body);
  if (media === MERGE) return mergePatch(subject, patch) as Dict;
  const type = target.subresource === 'scale' ? builtinType('Scale') : target.type.type;
  return strategicPatch(subject, patch, type);
}

/** Of a strategic patch the server shows what was sent; of any other, what came of it. */
function refusePatch(shown: string, problem: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(shown)}: ${problem}`;
  const cause: StatusCause = { reason: 'FieldValueInvalid', message, field: 'patch' };
  return new StatusError({
    code: 422,
    message: ` "" is invalid: patch: ${message}`,
    reason: 'Invalid',
    details: { causes: [cause] },
  });
}

export function patchObject(call: Call, target: Target): Answer {
  const media = checkMedia(call, target);
  if (media === APPLY) return applyPatch(call, target);
  const parameters = writeParameters(call, 'PatchOptions');
  if (call.query.has('force'))
    throw invalidOptions('PatchOptions', [
      { reason: 'FieldValueForbidden', message: 'Forbidden: may not be specified for non-apply patch', field: 'force' },
    ]);
  const { objects } = call.server;
  const change = (copy: Dict): Dict => {
    const isScale = target.subresource === 'scale';
    const subject = isScale ? scaleOf(target.type, copy) : (target.type.view?.fromStored(copy) ?? copy);
    const result = patched(media, subject, call, target);
    if (isScale) return rescaled(target.type, copy, result);
    checkName(result, target.place.name);
    return fitted(call, { ...target, media }, result, parameters.validation);
  };
  const mode = {
    manager: managerOf(call),
    subresource: target.subresource,
    dryRun: parameters.dryRun,
    isPut: false,
    guard: escalationGuard(call, target.type),
  };
  if (objects.find(target.type, target.place) === undefined) throw notFound(target.type, target.place.name);
  const object = objects.update(target.type, target.place, change, mode);
  const body = target.subresource === 'scale' ? scaleOf(target.type, object) : outgoing(target.type, object);
  return { status: 200, body };
}

interface Patched extends Target {
  media: string;
}

function checkKind(type: ResourceType, result: Dict): void {
  const kind = textOr(result['kind']);
  if (kind === type.kind) return;
  throw invalid(type, textOr(at(result, 'metadata', 'name')), [
    {
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(kind)}: must be ${type.kind}`,
      field: 'kind',
    },
  ]);
}

function fitted(call: Call, target: Patched, result: Dict, validation: string): Dict {
  const { type } = target;
  const isStrategic = target.media === STRATEGIC;
  const shown = isStrategic ? goText(readPatch(call.body)) : JSON.stringify(result);
  checkKind(type, result);
  const problem = formProblem(type, result, isStrategic ? applyProblem : decodeProblem);
  if (problem !== undefined) throw type.builtin ? refusePatch(shown, problem) : undecodable(type, problem);
  const unknown = dropUnknown(type, result).map((field) => `unknown field "${field}"`);
  if (unknown.length > 0 && validation === 'Strict')
    throw refusePatch(shown, `strict decoding error: ${unknown.join(', ')}`);
  if (validation === 'Warn') call.warnings.push(...unknown);
  return type.view?.toStored(result) ?? result;
}
