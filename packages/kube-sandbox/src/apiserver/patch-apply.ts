// PATCH with an apply configuration: its options and body, then server-side apply.
import { checkConfig } from './apply.ts';
import { demandCreate } from './auth/authorize.ts';
import { escalationGuard } from './auth/escalation.ts';
import type { Answer, Call } from './call.ts';
import { isTrue, outgoing } from './call.ts';
import { applyProblem } from './builtin-defaults.ts';
import { readYaml, type FieldValidation } from './decode.ts';
import { badRequest, internal, invalidOptions } from './errors.ts';
import type { Dict } from './json.ts';
import { clone, dictOr, isDict, textOr } from './json.ts';
import { checkName, checkNamespace, writeParameters } from './options.ts';
import type { ResourceType, Target } from './resource.ts';
import { apiVersionOf } from './resource.ts';
import { rescaled, scaleOf } from './scale.ts';

function readConfig(call: Call, validation: FieldValidation): Dict {
  const value = readYaml(call.body, (problem) => {
    if (validation === 'Strict')
      throw badRequest(
        `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${problem}`,
      );
    if (validation === 'Warn') call.warnings.push(problem);
  });
  if (isDict(value)) return clone(value);
  throw badRequest('error decoding YAML: Object is not a map');
}

export function applyPatch(call: Call, target: Target): Answer {
  const { type, place, subresource } = target;
  const parameters = writeParameters(call, 'PatchOptions');
  const manager = call.query.get('fieldManager') ?? '';
  if (manager === '')
    throw invalidOptions('PatchOptions', [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: is required for apply patch',
        field: 'fieldManager',
      },
    ]);
  const config = readConfig(call, parameters.validation);
  if (subresource === 'scale') return applyScale(call, target, config);
  checkConfig(config, { apiVersion: apiVersionOf(type), kind: type.kind });
  checkName(config, place.name);
  checkNamespace(type, config, place.namespace);
  checkDecodes(type, config);
  const guard = escalationGuard(call, type);
  const mode = { manager, subresource, dryRun: parameters.dryRun, force: isTrue(call.query.get('force')), guard };
  if (subresource === '' && call.server.objects.find(type, place) === undefined) demandCreate(call, target);
  const { object, created } = call.server.objects.apply(type, place, config, mode);
  return { status: created ? 201 : 200, body: outgoing(type, object) };
}

/** The merged object is decoded only after all else: bytes and quantities that are none come out there. Errors: 500. */
function checkDecodes(type: ResourceType, config: Dict): void {
  const problem = applyProblem(type, config);
  if (problem === undefined) return;
  const { name, namespace } = dictOr(config['metadata']);
  const kind = `${type.group}/${type.version}, Kind=${type.kind}`;
  throw internal(
    `failed to convert new object (${textOr(namespace)}/${textOr(name)}; ${kind}) to proper version: unable to convert unstructured object to ${kind}: ${problem}`,
  );
}

/** An apply of a Scale says replicas only: it is recorded as an update of that field. */
function applyScale(call: Call, target: Target, config: Dict): Answer {
  const { type, place } = target;
  const manager = call.query.get('fieldManager') ?? '';
  const mode = { manager, subresource: 'scale', dryRun: writeParameters(call, 'PatchOptions').dryRun, isPut: false };
  const object = call.server.objects.update(type, place, (copy) => rescaled(type, copy, config), mode);
  return { status: 200, body: scaleOf(type, object) };
}
