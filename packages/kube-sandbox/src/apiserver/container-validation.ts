// What the server refuses in the containers of a pod, with its messages and in its order.
import { duplicate, invalid, notSupported, required, type Cause } from 'kube-schema/cause';
import type { Dict } from './json.ts';
import { dictOr, isDict, listOr, textOr } from './json.ts';
import { DNS_LABEL_TEXT, isDnsLabel } from './metadata.ts';
import { portCauses, portNameCauses } from './port-validation.ts';
import { resourceCauses } from './resource-requirements.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const PRINTABLE = /^[ -<>-~]+$/;
const PRINTABLE_TEXT =
  "a valid environment variable name must consist only of printable ASCII characters other than '='";
const ONE_AT_A_TIME = 'may not have more than one field specified at a time';

/** What the containers of a pod may refer to, and the names that are taken. */
export interface PodNames {
  volumes: ReadonlySet<unknown>;
  containers: Set<string>;
}

export function containerCauses(container: Dict, here: string, names: PodNames): Cause[] {
  const name = textOr(container['name']);
  const causes = nameCauses(name, `${here}.name`);
  if (textOr(container['image']) === '') causes.push(required(`${here}.image`));
  causes.push(
    ...ports(container, here),
    ...env(container, here),
    ...envFrom(container, here),
    ...mounts(container, here, names.volumes),
    ...pullPolicy(container, here),
    ...resourceCauses(dictOr(container['resources']), `${here}.resources`),
  );
  if (name !== '' && names.containers.has(name)) causes.push(duplicate(`${here}.name`, name));
  names.containers.add(name);
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'])
    if (isDict(container[probe])) causes.push(...probeCauses(container[probe], `${here}.${probe}`));
  return causes;
}

export function nameCauses(name: string, field: string): Cause[] {
  if (name === '') return [required(field)];
  return isDnsLabel(name) ? [] : [invalid(field, name, DNS_LABEL_TEXT)];
}

function pullPolicy(container: Dict, here: string): Cause[] {
  const policy = container['imagePullPolicy'];
  if (policy === undefined || PULL_POLICIES.includes(textOr(policy))) return [];
  return [notSupported(`${here}.imagePullPolicy`, policy, PULL_POLICIES)];
}

function ports(container: Dict, here: string): Cause[] {
  const taken = new Set<string>();
  return listOr(container['ports'])
    .map(dictOr)
    .flatMap((port, i) => {
      const at = `${here}.ports[${i}]`;
      const name = textOr(port['name']);
      const causes = name === '' ? [] : portNameCauses(name, `${at}.name`);
      if (name !== '' && causes.length === 0) {
        if (taken.has(name)) causes.push(duplicate(`${at}.name`, name));
        taken.add(name);
      }
      const number = port['containerPort'];
      if (number === undefined || number === 0) causes.push(required(`${at}.containerPort`));
      else causes.push(...portCauses(number, `${at}.containerPort`));
      return causes;
    });
}

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'];

function env(container: Dict, here: string): Cause[] {
  return listOr(container['env'])
    .map(dictOr)
    .flatMap((entry, i) => {
      const at = `${here}.env[${i}]`;
      const name = textOr(entry['name']);
      const causes: Cause[] = [];
      if (name === '') causes.push(required(`${at}.name`));
      else if (!PRINTABLE.test(name)) causes.push(invalid(`${at}.name`, name, PRINTABLE_TEXT));
      if (isDict(entry['valueFrom'])) causes.push(...valueFrom(entry, entry['valueFrom'], `${at}.valueFrom`));
      return causes;
    });
}

function valueFrom(entry: Dict, from: Dict, at: string): Cause[] {
  const causes = ['configMapKeyRef', 'secretKeyRef'].flatMap((source) =>
    isDict(from[source]) ? emptyFields(from[source], ['name', 'key'], `${at}.${source}`) : [],
  );
  const given = SOURCES.filter((source) => isDict(from[source])).length;
  if (given === 0)
    causes.push(
      invalid(at, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'),
    );
  else if (textOr(entry['value']) !== '')
    causes.push(invalid(at, '', 'may not be specified when `value` is not empty'));
  else if (given > 1) causes.push(invalid(at, '', ONE_AT_A_TIME));
  return causes;
}

/** Those that say nothing are wanted. */
export const emptyFields = (object: Dict, fields: readonly string[], at: string): Cause[] =>
  fields.filter((field) => textOr(object[field]) === '').map((field) => required(`${at}.${field}`));

/** The server names the whole list where an entry has no source, or too many. */
function envFrom(container: Dict, here: string): Cause[] {
  const at = `${here}.envFrom`;
  return listOr(container['envFrom'])
    .map(dictOr)
    .flatMap((entry, i) => {
      const given = ['configMapRef', 'secretRef'].filter((source) => isDict(entry[source]));
      const causes = given.flatMap((source) => emptyFields(dictOr(entry[source]), ['name'], `${at}[${i}].${source}`));
      if (given.length === 0) causes.push(invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
      else if (given.length > 1) causes.push(invalid(at, '', ONE_AT_A_TIME));
      return causes;
    });
}

function mounts(container: Dict, here: string, volumes: ReadonlySet<unknown>): Cause[] {
  const taken = new Set<string>();
  return listOr(container['volumeMounts'])
    .map(dictOr)
    .flatMap((mount, i) => {
      const at = `${here}.volumeMounts[${i}]`;
      const [name, path] = [textOr(mount['name']), textOr(mount['mountPath'])];
      const causes = name === '' ? [required(`${at}.name`)] : [];
      if (!volumes.has(name)) causes.push(notFound(`${at}.name`, name));
      if (path === '') causes.push(required(`${at}.mountPath`));
      else if (taken.has(path)) causes.push(invalid(`${at}.mountPath`, path, 'must be unique'));
      taken.add(path);
      return causes;
    });
}

const notFound = (field: string, value: string): Cause => ({
  reason: 'FieldValueNotFound',
  message: `Not found: ${JSON.stringify(value)}`,
  field,
});

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'];
const COUNTS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'];

function probeCauses(probe: Dict, at: string): Cause[] {
  const causes = HANDLERS.some((handler) => isDict(probe[handler]))
    ? []
    : [required(at, 'must specify a handler type')];
  return [...causes, ...COUNTS.flatMap((field) => negative(probe[field], `${at}.${field}`))];
}

export function negative(value: unknown, field: string): Cause[] {
  return typeof value === 'number' && value < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : [];
}
