// The columns that the server prints for built-in kinds.
import { ageText, shortDuration } from './duration.ts';
import { at, dictOr, listOr, numberOr, textOr } from './json.ts';
import type { Dict } from './json.ts';
import type { Column } from './resource.ts';
import { targetsText } from './autoscaler.ts';
import { selectorText } from './selector-text.ts';

type Cell = Column['cell'];

const NAME_TEXT =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';
const AGE_TEXT =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: NAME_TEXT,
  cell: (o) => at(o, 'metadata', 'name') ?? '',
};

export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  description: AGE_TEXT,
  cell: (o, now) => ageText(at(o, 'metadata', 'creationTimestamp'), now),
};

const text = (name: string, cell: Cell): Column => ({ name, type: 'string', cell });
const count = (name: string, cell: Cell): Column => ({ name, type: 'integer', cell });
const wide = (name: string, cell: Cell): Column => ({ name, type: 'string', priority: 1, cell });
const number =
  (...path: string[]): Cell =>
  (o) =>
    numberOr(at(o, ...path));
const word =
  (otherwise: string, ...path: string[]): Cell =>
  (o) =>
    textOr(at(o, ...path)) || otherwise;

const fromContainers = (o: Dict, field: string): string =>
  listOr(at(o, 'spec', 'template', 'spec', 'containers'))
    .map((c) => textOr(dictOr(c)[field]))
    .join(',');

const templateColumns = [
  wide('Containers', (o) => fromContainers(o, 'name')),
  wide('Images', (o) => fromContainers(o, 'image')),
  wide('Selector', (o) => selectorText(at(o, 'spec', 'selector')) || '<none>'),
];

function podStatus(pod: Dict): string {
  const reason = textOr(at(pod, 'status', 'reason'));
  const waiting = listOr(at(pod, 'status', 'containerStatuses')).map((s) => {
    const state = dictOr(dictOr(s)['state']);
    return textOr(at(state, 'waiting', 'reason')) || textOr(at(state, 'terminated', 'reason'));
  });
  if (at(pod, 'metadata', 'deletionTimestamp') !== undefined) return 'Terminating';
  return waiting.find((w) => w !== '') ?? (reason || textOr(at(pod, 'status', 'phase')));
}

function podReady(pod: Dict): string {
  const ready = listOr(at(pod, 'status', 'containerStatuses')).filter((s) => dictOr(s)['ready'] === true).length;
  return `${ready}/${listOr(at(pod, 'spec', 'containers')).length}`;
}

const restarts = (pod: Dict): string =>
  String(
    listOr(at(pod, 'status', 'containerStatuses')).reduce<number>(
      (sum, s) => sum + numberOr(dictOr(s)['restartCount']),
      0,
    ),
  );

function readinessGates(pod: Dict): string {
  const gates = listOr(at(pod, 'spec', 'readinessGates')).map((g) => dictOr(g)['conditionType']);
  if (gates.length === 0) return '<none>';
  const conditions = listOr(at(pod, 'status', 'conditions')).map(dictOr);
  const met = gates.filter((g) => conditions.some((c) => c['type'] === g && c['status'] === 'True')).length;
  return `${met}/${gates.length}`;
}

function servicePorts(o: Dict): string {
  const ports = listOr(at(o, 'spec', 'ports')).map(dictOr);
  const node = (p: Dict): string => (typeof p['nodePort'] === 'number' ? `:${p['nodePort']}` : '');
  return ports.map((p) => `${numberOr(p['port'])}${node(p)}/${textOr(p['protocol'])}`).join(',') || '<none>';
}

function externalIP(o: Dict): string {
  if (at(o, 'spec', 'type') === 'ExternalName') return textOr(at(o, 'spec', 'externalName'));
  if (at(o, 'spec', 'type') === 'LoadBalancer') return '<pending>';
  return listOr(at(o, 'spec', 'externalIPs')).join(',') || '<none>';
}

/** At most three, then how many more. */
function some(items: string[]): string {
  if (items.length === 0) return '<none>';
  return items.length > 3 ? `${items.slice(0, 3).join(',')} + ${items.length - 3} more...` : items.join(',');
}

function endpointsText(o: Dict): string {
  const all = listOr(o['subsets']).flatMap((subset) => {
    const s = dictOr(subset);
    const ips = listOr(s['addresses']).map((a) => textOr(dictOr(a)['ip']));
    const ports = listOr(s['ports']).map((p) => numberOr(dictOr(p)['port']));
    return ports.length === 0 ? ips : ports.flatMap((port) => ips.map((ip) => `${ip}:${port}`));
  });
  return some(all);
}

const sliceAddresses = (o: Dict): string =>
  some(listOr(o['endpoints']).flatMap((e) => listOr(dictOr(e)['addresses']).map(String))).replace('<none>', '<unset>');
const slicePorts = (o: Dict): string =>
  listOr(o['ports'])
    .map((p) => String(dictOr(p)['port']))
    .join(',') || '<unset>';

function jobStatus(o: Dict): string {
  const conditions = listOr(at(o, 'status', 'conditions')).map(dictOr);
  const holds = (type: string): boolean => conditions.some((c) => c['type'] === type && c['status'] === 'True');
  for (const type of ['Complete', 'Failed', 'Suspended', 'FailureTarget']) if (holds(type)) return type;
  return at(o, 'metadata', 'deletionTimestamp') === undefined ? 'Running' : 'Terminating';
}

function jobDuration(o: Dict, now: number): string {
  const start = textOr(at(o, 'status', 'startTime'));
  if (start === '') return '';
  const end = textOr(at(o, 'status', 'completionTime'));
  return shortDuration((end === '' ? now : Date.parse(end)) - Date.parse(start));
}

const eventObject = (o: Dict): string =>
  `${textOr(at(o, 'involvedObject', 'kind')).toLowerCase()}/${textOr(at(o, 'involvedObject', 'name'))}`;
const eventTime = (o: Dict, ...fields: string[]): unknown =>
  fields.map((field) => o[field]).find((value) => typeof value === 'string');
const eventSource = (o: Dict): string =>
  [at(o, 'source', 'component') ?? o['reportingComponent'], at(o, 'source', 'host') ?? o['reportingInstance']]
    .map((part) => textOr(part))
    .filter((part) => part !== '')
    .join(', ');

const eventColumns: Column[] = [
  text('Last Seen', (o, now) =>
    ageText(at(o, 'series', 'lastObservedTime') ?? eventTime(o, 'lastTimestamp', 'eventTime', 'firstTimestamp'), now),
  ),
  text('Type', word('', 'type')),
  text('Reason', word('', 'reason')),
  text('Object', eventObject),
  wide('Subobject', word('', 'involvedObject', 'fieldPath')),
  wide('Source', eventSource),
  text('Message', (o) => textOr(o['message']).trim()),
  wide('First Seen', (o, now) => ageText(eventTime(o, 'firstTimestamp', 'eventTime'), now)),
  wide('Count', (o) => String(numberOr(at(o, 'series', 'count')) || numberOr(o['count']) || 1)),
  { ...nameColumn, priority: 1 },
];

const dataCount: Column = text('Data', (o) => Object.keys({ ...dictOr(o['data']), ...dictOr(o['binaryData']) }).length);
const createdAt: Column = text('Created At', word('', 'metadata', 'creationTimestamp'));
const intOr =
  (...path: string[]): Cell =>
  (o) => {
    const value = at(o, ...path);
    return value === undefined ? 'N/A' : String(value as string | number);
  };

/** By kind. Name comes first but for Events. */
export const BUILTIN_COLUMNS: Record<string, readonly Column[]> = {
  HorizontalPodAutoscaler: [
    nameColumn,
    text('Reference', (o) => ['kind', 'name'].map((part) => textOr(at(o, 'spec', 'scaleTargetRef', part))).join('/')),
    text('Targets', targetsText),
    text('MinPods', (o) => String(numberOr(at(o, 'spec', 'minReplicas'), 1))),
    text('MaxPods', number('spec', 'maxReplicas')),
    text('Replicas', number('status', 'currentReplicas')),
    ageColumn,
  ],
  NetworkPolicy: [
    nameColumn,
    text('Pod-Selector', (o) => selectorText(at(o, 'spec', 'podSelector')) || '<none>'),
    ageColumn,
  ],
  Namespace: [nameColumn, text('Status', word('', 'status', 'phase')), ageColumn],
  Pod: [
    nameColumn,
    text('Ready', podReady),
    text('Status', podStatus),
    text('Restarts', restarts),
    ageColumn,
    wide('IP', word('<none>', 'status', 'podIP')),
    wide('Node', word('<none>', 'spec', 'nodeName')),
    wide('Nominated Node', word('<none>', 'status', 'nominatedNodeName')),
    wide('Readiness Gates', readinessGates),
  ],
  Deployment: [
    nameColumn,
    text('Ready', (o) => `${numberOr(at(o, 'status', 'readyReplicas'))}/${numberOr(at(o, 'spec', 'replicas'))}`),
    text('Up-to-date', number('status', 'updatedReplicas')),
    text('Available', number('status', 'availableReplicas')),
    ageColumn,
    ...templateColumns,
  ],
  ReplicaSet: [
    nameColumn,
    count('Desired', number('spec', 'replicas')),
    count('Current', number('status', 'replicas')),
    count('Ready', number('status', 'readyReplicas')),
    ageColumn,
    ...templateColumns,
  ],
  Service: [
    nameColumn,
    text('Type', word('', 'spec', 'type')),
    text('Cluster-IP', word('<none>', 'spec', 'clusterIP')),
    text('External-IP', externalIP),
    text('Port(s)', servicePorts),
    ageColumn,
    wide('Selector', (o) => selectorText(at(o, 'spec', 'selector')) || '<none>'),
  ],
  ConfigMap: [nameColumn, dataCount, ageColumn],
  Secret: [nameColumn, text('Type', word('', 'type')), dataCount, ageColumn],
  ServiceAccount: [nameColumn, text('Secrets', (o) => String(listOr(o['secrets']).length)), ageColumn],
  Node: [nameColumn, text('Status', () => 'Ready'), ageColumn],
  Endpoints: [nameColumn, text('Endpoints', endpointsText), ageColumn],
  EndpointSlice: [
    nameColumn,
    text('AddressType', word('', 'addressType')),
    text('Ports', slicePorts),
    text('Endpoints', sliceAddresses),
    ageColumn,
  ],
  Lease: [nameColumn, text('Holder', word('', 'spec', 'holderIdentity')), ageColumn],
  Job: [
    nameColumn,
    text('Status', jobStatus),
    text(
      'Completions',
      (o) => `${numberOr(at(o, 'status', 'succeeded'))}/${numberOr(at(o, 'spec', 'completions'), 1)}`,
    ),
    text('Duration', jobDuration),
    ageColumn,
    ...templateColumns,
  ],
  PodDisruptionBudget: [
    nameColumn,
    text('Min Available', intOr('spec', 'minAvailable')),
    text('Max Unavailable', intOr('spec', 'maxUnavailable')),
    count('Allowed Disruptions', number('status', 'disruptionsAllowed')),
    ageColumn,
  ],
  Event: eventColumns,
  CustomResourceDefinition: [nameColumn, createdAt],
  Role: [nameColumn, createdAt],
  ClusterRole: [nameColumn, createdAt],
  RoleBinding: [
    nameColumn,
    text('Role', (o) => `${textOr(at(o, 'roleRef', 'kind'))}/${textOr(at(o, 'roleRef', 'name'))}`),
    ageColumn,
  ],
  ClusterRoleBinding: [
    nameColumn,
    text('Role', (o) => `${textOr(at(o, 'roleRef', 'kind'))}/${textOr(at(o, 'roleRef', 'name'))}`),
    ageColumn,
  ],
};
