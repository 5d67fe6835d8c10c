// What the server refuses in built-in kinds, with its messages. Only the rules that users meet often.
import type { StatusCause } from './errors.ts';
import type { Dict } from './json.ts';
import { at, dictOr, equal, isDict, listOr, textOr } from './json.ts';
import { invalid, required } from 'kube-schema/cause';

type Causes = StatusCause[];

const banned = (field: string, detail: string): StatusCause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
  field,
});

function notNegative(value: unknown, field: string): Causes {
  return typeof value === 'number' && value < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : [];
}

const notVolumeTypes = new Set(['name']);

function volumes(spec: Dict, field: string): Causes {
  const known = listOr(spec['volumes']).map(dictOr);
  const twice = known.flatMap((volume, i) => {
    const [, ...more] = Object.keys(volume).filter((key) => !notVolumeTypes.has(key));
    return more.map((type) => banned(`${field}.volumes[${i}].${type}`, 'may not specify more than 1 volume type'));
  });
  const names = new Set(known.map((volume) => volume['name']));
  const missing = listOr(spec['containers']).flatMap((container, i) =>
    listOr(dictOr(container)['volumeMounts']).flatMap((mount, j) => {
      const name = textOr(dictOr(mount)['name']);
      if (names.has(name)) return [];
      const where = `${field}.containers[${i}].volumeMounts[${j}].name`;
      return [{ reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(name)}`, field: where }];
    }),
  );
  return [...twice, ...missing];
}

function podSpec(spec: Dict, field: string): Causes {
  return [...volumes(spec, field), ...containersOf(spec, field)];
}

function containersOf(spec: Dict, field: string): Causes {
  const containers = listOr(spec['containers']);
  if (containers.length === 0) return [required(`${field}.containers`)];
  const seen = new Set<string>();
  return containers.flatMap((container, i) => {
    const here = `${field}.containers[${i}]`;
    const name = textOr(dictOr(container)['name']);
    const causes: Causes = [];
    if (name === '') causes.push(required(`${here}.name`));
    else if (seen.has(name))
      causes.push({ reason: 'FieldValueDuplicate', message: `Duplicate value: "${name}"`, field: `${here}.name` });
    seen.add(name);
    if (textOr(dictOr(container)['image']) === '') causes.push(required(`${here}.image`));
    return causes;
  });
}

/** Deployments and ReplicaSets. */
export function validateWorkload(object: Dict, old: Dict | undefined): Causes {
  const spec = dictOr(object['spec']);
  const causes = notNegative(spec['replicas'], 'spec.replicas');
  const selector = dictOr(spec['selector']);
  const labels = dictOr(at(spec, 'template', 'metadata', 'labels'));
  if (!isDict(spec['selector'])) causes.push(required('spec.selector'));
  else if (Object.keys(selector).length === 0)
    causes.push(invalid('spec.selector', {}, 'empty selector is invalid for deployment'));
  else if (Object.entries(dictOr(selector['matchLabels'])).some(([k, v]) => labels[k] !== v))
    causes.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  causes.push(...podSpec(dictOr(at(spec, 'template', 'spec')), 'spec.template.spec'));
  if (old !== undefined && !equal(at(old, 'spec', 'selector'), spec['selector']))
    causes.push(invalid('spec.selector', spec['selector'] ?? null, 'field is immutable'));
  return causes;
}

export function validateJob(object: Dict, old: Dict | undefined): Causes {
  const spec = dictOr(object['spec']);
  const causes = [
    ...notNegative(spec['parallelism'], 'spec.parallelism'),
    ...podSpec(dictOr(at(spec, 'template', 'spec')), 'spec.template.spec'),
  ];
  const policy = at(spec, 'template', 'spec', 'restartPolicy');
  if (policy !== 'OnFailure' && policy !== 'Never')
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(policy ?? '')}: supported values: "OnFailure", "Never"`,
      field: 'spec.template.spec.restartPolicy',
    });
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
  const causes = podSpec(spec, 'spec');
  if (old === undefined || causes.length > 0) return causes;
  const before = dictOr(old['spec']);
  if (listOr(before['containers']).length !== listOr(spec['containers']).length)
    return [banned('spec.containers', 'pod updates may not add or remove containers')];
  return equal(fixedPart(before), fixedPart(spec)) ? [] : [banned('spec', POD_CHANGE)];
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
    const number = port['port'];
    if (typeof number !== 'number' || number < 1 || number > 65535)
      causes.push(invalid(`spec.ports[${i}].port`, number ?? 0, 'must be between 1 and 65535, inclusive'));
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

const MAX_DATA = 1024 * 1024;

/** ConfigMaps and Secrets. */
export function validateData(object: Dict, old: Dict | undefined): Causes {
  const causes: Causes = [];
  if (old?.['immutable'] === true) {
    const why = 'field is immutable when `immutable` is set';
    if (object['immutable'] !== true) causes.push(banned('immutable', why));
    for (const field of ['data', 'binaryData']) if (!equal(old[field], object[field])) causes.push(banned(field, why));
  }
  const texts = Object.values({ ...dictOr(object['data']), ...dictOr(object['binaryData']) });
  const size = texts.reduce<number>((sum, text) => sum + Buffer.byteLength(textOr(text)), 0);
  if (size > MAX_DATA)
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${MAX_DATA} bytes`,
      field: '[]',
    });
  return causes;
}

export function validateLease(object: Dict): Causes {
  const seconds = at(object, 'spec', 'leaseDurationSeconds');
  if (typeof seconds !== 'number' || seconds > 0) return [];
  return [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')];
}
