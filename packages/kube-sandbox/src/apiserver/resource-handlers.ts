// The verbs on resources as HTTP answers: get, list, watch, create, update, patch, delete, and the subresources.
import type { HttpResponse } from '../transport.ts';
import { demandCreate } from './auth/authorize.ts';
import { escalationGuard } from './auth/escalation.ts';
import { requestToken, reviewStatus } from './auth/reviews.ts';
import type { Answer, Call } from './call.ts';
import { isTrue, managerOf, outgoing } from './call.ts';
import { decodeObject, fitToType, reportProblems } from './decode.ts';
import {
  StatusError,
  badRequest,
  methodNotAllowed,
  notFound,
  qualified,
  resourceVersionTooLarge,
  unknownResource,
} from './errors.ts';
import { evict } from './eviction.ts';
import type { Dict } from './json.ts';
import { at, clone, dictOr, isDict, textOr } from './json.ts';
import { listObjects, readVersion } from './list.ts';
import { bodyIsYaml, checkName, checkNamespace, deleteRequest, writeParameters } from './options.ts';
import type { Target } from './resource.ts';
import { patchObject } from './patch.ts';
import type { ResourceType } from './resource.ts';
import { rescaled, scaleOf } from './scale.ts';
import type { Form } from './table.ts';
import { formOf, inForm, listInForm } from './table.ts';
import { watchObjects } from './watch.ts';

export interface Route {
  type: ResourceType;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string;
  /** The old form of a watch: /apis/G/V/watch/… */
  isWatch: boolean;
}

const formFor = (call: Call, type: ResourceType): Form =>
  formOf(type, call.headers['accept'] ?? '', call.query.get('includeObject'));

const isResponse = (answer: Answer | HttpResponse): answer is HttpResponse =>
  isDict(answer.body) && Symbol.asyncIterator in answer.body;

/** Answers a request on a resource. */
export function serveResource(call: Call, route: Route): Answer | HttpResponse {
  const { type, name } = route;
  const form = formFor(call, type);
  if (name === undefined) return serveCollection(call, route, form);
  if (route.subresource !== '') return serveSubresource(call, { ...route, name });
  const answer = serveItem(call, { type, place: { name, namespace: route.namespace }, subresource: '' });
  return present(call, type, form, answer);
}

function present(call: Call, type: ResourceType, form: Form, answer: Answer): Answer {
  if (form.as === 'object' || isResponse(answer) || at(answer.body, 'kind') === 'Status') return answer;
  return { ...answer, body: inForm(type, answer.body as Dict, form, call.server.clock.now()) };
}

function serveCollection(call: Call, route: Route, form: Form): Answer | HttpResponse {
  const { type, namespace } = route;
  if (type.isReview === true && call.method !== 'POST') throw methodNotAllowed();
  switch (call.method) {
    case 'GET':
      if (route.isWatch || isTrue(call.query.get('watch'))) return watchObjects(call, type, form, namespace);
      return {
        status: 200,
        body: listInForm(type, listObjects(call, type, namespace), form, call.server.clock.now()),
      };
    case 'POST':
      if (type.isReview === true) return reviewed(call, route);
      return present(call, type, form, createObject(call, type, namespace));
    case 'DELETE':
      return deleteCollection(call, type, namespace);
    case 'PUT':
      throw type.builtin ? methodNotAllowed() : badRequest('name must be provided');
    default:
      throw methodNotAllowed();
  }
}

function reviewed(call: Call, { type, namespace }: Route): Answer {
  const { object } = readObject(call, type, 'CreateOptions');
  const { name: _unnamed, ...given } = dictOr(object['metadata']);
  // Of all reviews the server dates this one.
  const isDated = type.kind === 'SelfSubjectReview';
  const metadata = isDated ? { ...given, creationTimestamp: call.server.objects.around.now } : given;
  const status = reviewStatus(call, type.kind, object, namespace);
  return { status: 201, body: outgoing(type, { ...object, metadata, status }) };
}

function serveItem(call: Call, target: Target): Answer {
  switch (call.method) {
    case 'GET':
      return getObject(call, target);
    case 'PUT':
      return putObject(call, target);
    case 'PATCH':
      return patchObject(call, target);
    case 'DELETE':
      return deleteObject(call, target);
    default:
      throw methodNotAllowed();
  }
}

function serveSubresource(call: Call, route: Route & { name: string }): Answer {
  const { type, subresource, name, namespace } = route;
  const target: Target = { type, place: { name, namespace }, subresource };
  if (!type.subresources.includes(subresource)) throw type.builtin ? unknownResource() : notFound(type, name);
  if (subresource === 'eviction') {
    if (call.method !== 'POST') throw methodNotAllowed();
    return evict(call, type, target.place);
  }
  if (subresource === 'token') {
    if (call.method !== 'POST') throw methodNotAllowed();
    return { status: 201, body: requestToken(call, type, target.place) };
  }
  switch (call.method) {
    case 'GET':
      return getObject(call, target);
    case 'PUT':
      return subresource === 'scale' ? putScale(call, target) : putObject(call, target);
    case 'PATCH':
      return patchObject(call, target);
    default:
      throw type.builtin ? methodNotAllowed() : notOnSubresource(call, type);
  }
}

function notOnSubresource(call: Call, type: ResourceType): StatusError {
  const verb = call.method === 'POST' ? 'create' : call.method.toLowerCase();
  return new StatusError({
    code: 405,
    message: `${verb} is not supported on resources of kind "${qualified(type)}"`,
    reason: 'MethodNotAllowed',
    details: { group: type.group, kind: type.plural },
  });
}

function getObject(call: Call, target: Target): Answer {
  const { storage, objects } = call.server;
  const asked = readVersion(call.query.get('resourceVersion'));
  if (asked !== undefined && asked > storage.revision) throw resourceVersionTooLarge(asked, storage.revision);
  const object = objects.get(target.type, target.place);
  const isScale = target.subresource === 'scale';
  return { status: 200, body: isScale ? scaleOf(target.type, object) : outgoing(target.type, object) };
}

/** The decoded and pruned object of a POST or PUT, as it is stored. */
function readObject(call: Call, type: ResourceType, kind: string): { object: Dict; dryRun: boolean } {
  const parameters = writeParameters(call, kind);
  const { object, problems } = decodeObject(type, call.body, bodyIsYaml(call));
  const unknown = fitToType(type, object).map((field) => `unknown field "${field}"`);
  const strictness = { mode: parameters.validation, warn: (text: string) => void call.warnings.push(text) };
  reportProblems(type, [...problems, ...unknown], strictness);
  return { object: type.view?.toStored(object) ?? object, dryRun: parameters.dryRun };
}

function createObject(call: Call, type: ResourceType, namespace: string | undefined): Answer {
  const { object, dryRun } = readObject(call, type, 'CreateOptions');
  const where = namespace ?? textOr(at(object, 'metadata', 'namespace'));
  checkNamespace(type, object, where);
  if (!type.builtin) checkCustomKind(type, object);
  const mode = { manager: managerOf(call), subresource: '', dryRun, guard: escalationGuard(call, type) };
  const created = call.server.objects.create(type, object, type.namespaced ? where : undefined, mode);
  return { status: 201, body: outgoing(type, created) };
}

function checkCustomKind(type: ResourceType, object: Dict): void {
  const kind = textOr(object['kind']);
  if (kind === type.kind) return;
  const message = `Invalid value: ${JSON.stringify(kind)}: must be ${type.kind}`;
  const name = textOr(at(object, 'metadata', 'name'));
  throw new StatusError({
    code: 422,
    message: `${kind}.${type.group} "${name}" is invalid: kind: ${message}`,
    reason: 'Invalid',
    details: { name, group: type.group, kind, causes: [{ reason: 'FieldValueInvalid', message, field: 'kind' }] },
  });
}

function putObject(call: Call, target: Target): Answer {
  const { type, place, subresource } = target;
  const { object, dryRun } = readObject(call, type, 'UpdateOptions');
  checkName(object, place.name);
  checkNamespace(type, object, place.namespace);
  const { objects } = call.server;
  const mode = { manager: managerOf(call), subresource, dryRun, isPut: true, guard: escalationGuard(call, type) };
  if (type.createOnUpdate && objects.find(type, place) === undefined) {
    demandCreate(call, target);
    const created = objects.create(type, object, place.namespace, mode);
    return { status: 201, body: outgoing(type, created) };
  }
  return {
    status: 200,
    body: outgoing(
      type,
      objects.update(type, place, () => clone(object), mode),
    ),
  };
}

function putScale(call: Call, target: Target): Answer {
  const { type, place } = target;
  let scale: unknown;
  try {
    scale = JSON.parse(call.body);
  } catch {
    throw badRequest('the object provided is unrecognized (must be of type Scale)');
  }
  const { dryRun } = writeParameters(call, 'UpdateOptions');
  const mode = { manager: managerOf(call), subresource: 'scale', dryRun, isPut: false };
  const change = (copy: Dict): Dict => rescaled(type, copy, isDict(scale) ? scale : {});
  return { status: 200, body: scaleOf(type, call.server.objects.update(type, place, change, mode)) };
}

function deleteObject(call: Call, target: Target): Answer {
  const { type, place } = target;
  const request = deleteRequest(call);
  const { object, gone } = call.server.objects.delete(type, place, request, request.dryRun);
  if (!gone || type.kind === 'Pod') return { status: 200, body: outgoing(type, object) };
  const details = {
    name: place.name,
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.plural,
    uid: at(object, 'metadata', 'uid'),
  };
  return { status: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } };
}

function deleteCollection(call: Call, type: ResourceType, namespace: string | undefined): Answer {
  const request = deleteRequest(call);
  const list = listObjects(call, type, namespace);
  for (const object of list.items) {
    const where = textOr(at(object, 'metadata', 'namespace'));
    const place = { name: textOr(at(object, 'metadata', 'name')), namespace: where === '' ? undefined : where };
    call.server.objects.delete(type, place, request, request.dryRun);
  }
  return { status: 200, body: listInForm(type, list, { as: 'object', includeObject: '' }, call.server.clock.now()) };
}
