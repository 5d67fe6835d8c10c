// The events.k8s.io view of a core Event: the same stored object under other field names.
import type { Dict } from './json.ts';
import { has } from './json.ts';

const NAMES: [core: string, view: string][] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

function rename(object: Dict, pairs: [string, string][], apiVersion: string): Dict {
  const result: Dict = { ...object, apiVersion };
  for (const [from, to] of pairs) {
    if (!has(result, from)) continue;
    result[to] = result[from];
    delete result[from];
  }
  return result;
}

export const eventView = {
  fromStored: (object: Dict): Dict => rename(object, NAMES, 'events.k8s.io/v1'),
  toStored: (object: Dict): Dict =>
    rename(
      object,
      NAMES.map(([core, view]) => [view, core]),
      'v1',
    ),
};
