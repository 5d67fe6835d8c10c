// Defaults of the built-in kinds besides pods.
import type { Dict } from './json.ts';
import { dictOr, ensure, has, isDict, listOr, put, setDefault, textOr } from './json.ts';
import { defaultTemplate } from './pod-defaults.ts';
import { quantityProblem } from './go-form.ts';
import type { Around, ResourceType } from './resource.ts';

export function defaultDeployment(object: Dict): void {
  const spec = ensure(object, 'spec');
  setDefault(spec, 'replicas', 1);
  defaultTemplate(object);
  const strategy = ensure(spec, 'strategy');
  setDefault(strategy, 'type', 'RollingUpdate');
  if (strategy['type'] === 'RollingUpdate') {
    const rolling = ensure(strategy, 'rollingUpdate');
    setDefault(rolling, 'maxUnavailable', '25%');
    setDefault(rolling, 'maxSurge', '25%');
  }
  setDefault(spec, 'revisionHistoryLimit', 10);
  setDefault(spec, 'progressDeadlineSeconds', 600);
  ensure(object, 'status');
}

export function defaultReplicaSet(object: Dict): void {
  setDefault(ensure(object, 'spec'), 'replicas', 1);
  defaultTemplate(object);
  setDefault(ensure(object, 'status'), 'replicas', 0);
}

export function defaultJob(object: Dict): void {
  const spec = ensure(object, 'spec');
  defaultTemplate(object);
  if (!has(spec, 'completions') && !has(spec, 'parallelism')) spec['completions'] = 1;
  setDefault(spec, 'parallelism', 1);
  setDefault(spec, 'backoffLimit', 6);
  setDefault(spec, 'completionMode', 'NonIndexed');
  setDefault(spec, 'suspend', false);
  setDefault(spec, 'manualSelector', false);
  setDefault(spec, 'podReplacementPolicy', 'TerminatingOrFailed');
  if (spec['manualSelector'] !== true && has(dictOr(object['metadata']), 'uid')) selectJobPods(object, spec);
  ensure(object, 'status');
}

function selectJobPods(object: Dict, spec: Dict): void {
  const metadata = dictOr(object['metadata']);
  const [uid, name] = [textOr(metadata['uid']), textOr(metadata['name'])];
  const labels = ensure(ensure(ensure(spec, 'template'), 'metadata'), 'labels');
  setDefault(labels, 'batch.kubernetes.io/controller-uid', uid);
  setDefault(labels, 'batch.kubernetes.io/job-name', name);
  setDefault(labels, 'controller-uid', uid);
  setDefault(labels, 'job-name', name);
  const own = ensure(metadata, 'labels');
  for (const key of Object.keys(labels)) setDefault(own, key, labels[key]);
  setDefault(spec, 'selector', { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } });
}

export function defaultService(object: Dict, around: Around): void {
  const spec = ensure(object, 'spec');
  setDefault(spec, 'type', 'ClusterIP');
  setDefault(spec, 'sessionAffinity', 'None');
  if (spec['sessionAffinity'] === 'None') delete spec['sessionAffinityConfig'];
  else setDefault(ensure(ensure(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds', 10_800);
  setDefault(ensure(object, 'status'), 'loadBalancer', {});
  for (const port of listOr(spec['ports'])) {
    if (!isDict(port)) continue;
    setDefault(port, 'protocol', 'TCP');
    setDefault(port, 'targetPort', port['port']);
  }
  if (spec['type'] === 'ExternalName') return;
  setDefault(spec, 'internalTrafficPolicy', 'Cluster');
  setDefault(spec, 'ipFamilies', ['IPv4']);
  setDefault(spec, 'ipFamilyPolicy', 'SingleStack');
  if (!has(spec, 'clusterIP') || spec['clusterIP'] === '') spec['clusterIP'] = clusterIP(around);
  setDefault(spec, 'clusterIPs', [spec['clusterIP']]);
}

const byte = (around: Around): number => 1 + Math.floor(around.random() * 254);
const clusterIP = (around: Around): string => `10.96.${byte(around)}.${byte(around)}`;

export function defaultNamespace(object: Dict): void {
  const name = textOr(dictOr(object['metadata'])['name']);
  const labels = ensure(ensure(object, 'metadata'), 'labels');
  if (name !== '') labels['kubernetes.io/metadata.name'] = name;
  setDefault(ensure(object, 'spec'), 'finalizers', ['kubernetes']);
  setDefault(ensure(object, 'status'), 'phase', 'Active');
}

/** What Go's decoder says of bytes and quantities that are none, however well they are formed as JSON; undefined where all are. */
export function decodeProblem(type: ResourceType, object: Dict): string | undefined {
  if (!type.builtin) return undefined;
  return (type.group === '' ? bytesProblem(type.kind, object) : undefined) ?? quantityProblem(object, type.type);
}

/** The same of an apply, which is decoded by another reader. */
export function applyProblem(type: ResourceType, object: Dict): string | undefined {
  if (!type.builtin) return undefined;
  const bytes = type.group === '' ? bytesProblem(type.kind, object) : undefined;
  return bytes === undefined ? quantityProblem(object, type.type) : `error decoding from json: ${bytes}`;
}

const BYTES: Record<string, string> = { Secret: 'data', ConfigMap: 'binaryData' };
const unbroken = (value: unknown): string => textOr(value).replaceAll(/[\r\n]/g, '');

/** Bytes are kept in the one form of base64 that Go writes. */
function settleBytes(object: Dict, field: string): void {
  const data = object[field];
  if (!isDict(data)) return;
  for (const [key, value] of Object.entries(data))
    put(data, key, Buffer.from(unbroken(value), 'base64').toString('base64'));
}

/** What Go's decoder says of bytes that are no base64; undefined where all are. */
function bytesProblem(kind: string, object: Dict): string | undefined {
  const texts = Object.values(dictOr(object[BYTES[kind] ?? ''])).map(unbroken);
  const bad = texts.map(badByte).find((position) => position !== undefined);
  return bad === undefined ? undefined : `illegal base64 data at input byte ${bad}`;
}

/** Where base64 stops being it; undefined for what is. */
function badByte(text: string): number | undefined {
  const odd = text.search(/[^A-Za-z0-9+/]/);
  if (odd < 0) return text.length % 4 === 0 ? undefined : text.length - (text.length % 4);
  return text.length % 4 === 0 && /^={1,2}$/.test(text.slice(odd)) ? undefined : odd;
}

export function defaultConfigMap(object: Dict): void {
  settleBytes(object, 'binaryData');
}

export function defaultSecret(object: Dict): void {
  setDefault(object, 'type', 'Opaque');
  settleBytes(object, 'data');
  if (!isDict(object['stringData'])) return;
  const data = ensure(object, 'data');
  for (const [key, value] of Object.entries(object['stringData'])) {
    data[key] = Buffer.from(textOr(value), 'utf8').toString('base64');
  }
  delete object['stringData'];
}

export function defaultEvent(object: Dict): void {
  object['involvedObject'] = dictOr(object['involvedObject']);
  object['source'] = dictOr(object['source']);
  for (const key of ['firstTimestamp', 'lastTimestamp', 'eventTime']) object[key] = object[key] ?? null;
  for (const key of ['reportingComponent', 'reportingInstance']) object[key] = textOr(object[key]);
  if (object['count'] === 0) delete object['count'];
}

export function defaultEndpointSlice(object: Dict): void {
  object['endpoints'] = object['endpoints'] ?? null;
  object['ports'] = object['ports'] ?? null;
  for (const endpoint of listOr(object['endpoints'])) if (isDict(endpoint)) setDefault(endpoint, 'conditions', {});
  for (const port of listOr(object['ports'])) {
    if (!isDict(port)) continue;
    setDefault(port, 'protocol', 'TCP');
    setDefault(port, 'name', '');
  }
}

export function defaultBudget(object: Dict): void {
  const status = ensure(object, 'status');
  for (const key of ['currentHealthy', 'desiredHealthy', 'disruptionsAllowed', 'expectedPods'])
    setDefault(status, key, 0);
}

export function defaultEndpoints(object: Dict): void {
  for (const subset of listOr(object['subsets'])) {
    for (const port of listOr(dictOr(subset)['ports'])) if (isDict(port)) setDefault(port, 'protocol', 'TCP');
  }
}

export function defaultCrd(object: Dict): void {
  const spec = ensure(object, 'spec');
  setDefault(spec, 'conversion', { strategy: 'None' });
  const names = ensure(spec, 'names');
  const kind = textOr(names['kind']);
  setDefault(names, 'listKind', `${kind}List`);
  setDefault(names, 'singular', kind.toLowerCase());
  const status = ensure(object, 'status');
  if (status['conditions'] === undefined) status['conditions'] = null;
  setDefault(status, 'acceptedNames', { plural: '', kind: '' });
  const storage = listOr(spec['versions']).find((v) => isDict(v) && v['storage'] === true);
  setDefault(status, 'storedVersions', [dictOr(storage)['name'] ?? '']);
}
