// PATCH with an apply configuration: its options and body, then server-side apply.
import { checkConfig } from './apply.ts';
import { demandCreate } from './auth/authorize.ts';
import { escalationGuard } from './auth/escalation.ts';
import type { Answer, Call } from './call.ts';
import { isTrue, outgoing } from './call.ts';
import { readYaml } from './decode.ts';
import { badRequest, invalidOptions } from './errors.ts';
import type { Dict } from './json.ts';
import { clone, isDict } from './json.ts';
import { checkName, checkNamespace, writeParameters } from './options.ts';
import type { Target } from './resource.ts';
import { apiVersionOf } from './resource.ts';
import { rescaled, scaleOf } from './scale.ts';

function readConfig(text: string): Dict {
  const value = readYaml(text);
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
  const config = readConfig(call.body);
  if (subresource === 'scale') return applyScale(call, target, config);
  checkConfig(config, { apiVersion: apiVersionOf(type), kind: type.kind });
  checkName(config, place.name);
  checkNamespace(type, config, place.namespace);
  const guard = escalationGuard(call, type);
  const mode = { manager, subresource, dryRun: parameters.dryRun, force: isTrue(call.query.get('force')), guard };
  if (subresource === '' && call.server.objects.find(type, place) === undefined) demandCreate(call, target);
  const { object, created } = call.server.objects.apply(type, place, config, mode);
  return { status: created ? 201 : 200, body: outgoing(type, object) };
}

/** An apply of a Scale says replicas only: it is recorded as an update of that field. */
function applyScale(call: Call, target: Target, config: Dict): Answer {
  const { type, place } = target;
  const manager = call.query.get('fieldManager') ?? '';
  const mode = { manager, subresource: 'scale', dryRun: writeParameters(call, 'PatchOptions').dryRun, isPut: false };
  const object = call.server.objects.update(type, place, (copy) => rescaled(type, copy, config), mode);
  return { status: 200, body: scaleOf(type, object) };
}
