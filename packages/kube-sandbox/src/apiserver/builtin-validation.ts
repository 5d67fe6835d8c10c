// What the server refuses in built-in kinds, with its messages. Only the rules that users meet often.
import type { StatusCause } from './errors.ts';
import type { Dict } from './json.ts';
import { at, dictOr, equal, isDict, listOr, textOr } from './json.ts';
import { forbidden, invalid, notSupported, required } from 'kube-schema/cause';
import { negative } from './container-validation.ts';
import { podCauses, templateCauses } from './pod-validation.ts';
import { portCauses } from './port-validation.ts';

type Causes = StatusCause[];

/** Deployments and ReplicaSets. */
export function validateWorkload(object: Dict, old: Dict | undefined): Causes {
  const spec = dictOr(object['spec']);
  const selector = dictOr(spec['selector']);
  const causes = [
    ...negative(spec['replicas'], 'spec.replicas'),
    ...negative(spec['minReadySeconds'], 'spec.minReadySeconds'),
  ];
  if (!isDict(spec['selector'])) causes.push(required('spec.selector'));
  else if (Object.keys(selector).length === 0)
    causes.push(invalid('spec.selector', {}, 'empty selector is invalid for deployment'));
  causes.push(...templateCauses(dictOr(spec['template']), selector, 'spec.template'));
  if (old !== undefined && !equal(at(old, 'spec', 'selector'), spec['selector']))
    causes.push(invalid('spec.selector', spec['selector'] ?? null, 'field is immutable'));
  return causes;
}

export function validateJob(object: Dict, old: Dict | undefined): Causes {
  const spec = dictOr(object['spec']);
  const causes = [
    ...negative(spec['parallelism'], 'spec.parallelism'),
    ...podCauses(dictOr(at(spec, 'template', 'spec')), 'spec.template.spec'),
  ];
  const policy = at(spec, 'template', 'spec', 'restartPolicy');
  if (policy !== 'OnFailure' && policy !== 'Never')
    causes.push(notSupported('spec.template.spec.restartPolicy', policy ?? '', ['OnFailure', 'Never']));
  if (old !== undefined && !equal(at(old, 'spec', 'template'), spec['template']))
    causes.push(invalid('spec.template', spec['template'] ?? null, 'field is immutable'));
  return causes;
}

const POD_CHANGE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** A pod's spec without what may change. */
function fixedPart(spec: Dict): Dict {
  const { activeDeadlineSeconds: _a, tolerations: _t, nodeName: _n, ...rest } = spec;
  const images = (list: unknown): unknown[] => listOr(list).map((c) => ({ ...dictOr(c), image: '' }));
  return { ...rest, containers: images(spec['containers']), initContainers: images(spec['initContainers']) };
}

export function validatePod(object: Dict, old: Dict | undefined): Causes {
  const spec = dictOr(object['spec']);
  const causes = podCauses(spec, 'spec');
  if (old === undefined || causes.length > 0) return causes;
  const before = dictOr(old['spec']);
  if (listOr(before['containers']).length !== listOr(spec['containers']).length)
    return [forbidden('spec.containers', 'pod updates may not add or remove containers')];
  return equal(fixedPart(before), fixedPart(spec)) ? [] : [forbidden('spec', POD_CHANGE)];
}

export function validateService(object: Dict, old: Dict | undefined): Causes {
  const spec = dictOr(object['spec']);
  const ports = listOr(spec['ports']);
  const causes: Causes = [];
  if (ports.length === 0 && spec['clusterIP'] !== 'None' && spec['type'] !== 'ExternalName')
    causes.push(required('spec.ports'));
  ports.forEach((item, i) => {
    const port = dictOr(item);
    if (ports.length > 1 && textOr(port['name']) === '') causes.push(required(`spec.ports[${i}].name`));
    causes.push(...portCauses(port['port'], `spec.ports[${i}].port`));
  });
  causes.push(...portsTwice(ports.map(dictOr)));
  const ip = at(old, 'spec', 'clusterIP');
  if (ip !== undefined && ip !== spec['clusterIP'] && spec['type'] !== 'ExternalName')
    causes.push(invalid('spec.clusterIPs[0]', [spec['clusterIP']], 'may not change once set'));
  return causes;
}

function portsTwice(ports: Dict[]): Causes {
  const seen = new Set<string>();
  return ports.flatMap((port, i) => {
    const key = `${textOr(port['protocol'])} ${String(port['port'])}`;
    const isNew = !seen.has(key);
    seen.add(key);
    if (isNew) return [];
    const value = {
      Name: '',
      Protocol: port['protocol'],
      AppProtocol: null,
      Port: port['port'],
      TargetPort: 0,
      NodePort: 0,
    };
    const message = `Duplicate value: ${JSON.stringify(value)}`;
    return [{ reason: 'FieldValueDuplicate', message, field: `spec.ports[${i}]` }];
  });
}

export function validateLease(object: Dict): Causes {
  const seconds = at(object, 'spec', 'leaseDurationSeconds');
  if (typeof seconds !== 'number' || seconds > 0) return [];
  return [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')];
}
