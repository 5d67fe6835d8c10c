// What the server refuses in Events: little in core/v1, more in what comes through events.k8s.io/v1. Both see the stored form.
import type { StatusCause } from './errors.ts';
import type { Dict } from './json.ts';
import { at, equal, isDict, numberOr, textOr } from './json.ts';
import { invalid, required } from 'kube-schema/cause';

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/** The namespace of an Event without a time of its own is that of what it is about; newer ones may lie beside cluster objects. */
function namespaceCauses(event: Dict): StatusCause[] {
  const namespace = textOr(at(event, 'metadata', 'namespace'));
  const involved = textOr(at(event, 'involvedObject', 'namespace'));
  const isBeside = namespace === 'default' || (isSet(event['eventTime']) && namespace === 'kube-system');
  const fits = involved === '' ? isBeside : isSet(event['eventTime']) || involved === namespace;
  return fits ? [] : [invalid('involvedObject.namespace', involved, 'does not match event.namespace')];
}

/** An Event with a time of its own says who tells of what action; `reporter` is what the version calls that field. */
function timedCauses(event: Dict, reporter: string): StatusCause[] {
  if (!isSet(event['eventTime'])) return [];
  const causes = [
    ['reportingComponent', reporter],
    ['reportingInstance', 'reportingInstance'],
    ['action', 'action'],
    ['reason', 'reason'],
  ].flatMap(([key = '', field = '']) => (textOr(event[key]) === '' ? [required(field)] : []));
  if (textOr(event['message']).length > 1024) causes.push(invalid('message', '', 'can have at most 1024 characters'));
  return causes;
}

export const validateEvent = (event: Dict): StatusCause[] => [
  ...namespaceCauses(event),
  ...timedCauses(event, 'reportingComponent'),
];

function seriesCauses(series: unknown): StatusCause[] {
  if (!isDict(series)) return [];
  const causes: StatusCause[] = [];
  if (numberOr(series['count']) < 2) causes.push(invalid('series.count', '', 'should be at least 2'));
  if (!isSet(series['lastObservedTime'])) causes.push(required('series.lastObservedTime'));
  return causes;
}

function newCauses(event: Dict): StatusCause[] {
  const causes = seriesCauses(event['series']);
  const type = textOr(event['type']);
  if (!isSet(event['eventTime'])) causes.push(required('eventTime'));
  if (type !== 'Normal' && type !== 'Warning') causes.push(invalid('type', '', `has invalid value: ${type}`));
  for (const field of ['firstTimestamp', 'lastTimestamp'])
    if (isSet(event[field])) causes.push(invalid(field, '', 'needs to be unset'));
  if (numberOr(event['count']) !== 0) causes.push(invalid('count', '', 'needs to be unset'));
  if (!equal(event['source'], {})) causes.push(invalid('source', '', 'needs to be unset'));
  return causes;
}

/** All but the series. */
const FIXED = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
].concat(['eventTime', 'action', 'related', 'reportingComponent', 'reportingInstance']);
const VIEW: Record<string, string> = { reportingComponent: 'reportingController' };

export function validateNewEvent(event: Dict, old: Dict | undefined): StatusCause[] {
  const causes = [...namespaceCauses(event), ...timedCauses(event, 'reportingController')];
  if (old === undefined) return [...causes, ...newCauses(event)];
  if (!equal(event['series'], old['series'])) causes.push(...seriesCauses(event['series']));
  for (const field of FIXED)
    if (!equal(event[field], old[field]))
      causes.push(invalid(VIEW[field] ?? field, event[field], 'field is immutable'));
  return causes;
}
