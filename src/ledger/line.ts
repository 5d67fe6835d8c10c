// The line of a note that holds a record. It stands by itself: it says which release it is of, so that notes may be merged in any way that
// Git has (one after the other, or sorted by line), and be written by several clusters.
import type { ReleaseRecord } from '../api/release-record.ts';
import { plainJson } from './text.ts';

const RECORD = 'Record: ';

/** The record in one line. What tells it from others comes first. */
export function recordLine(record: ReleaseRecord): string {
  const { version, section, application, rollout, ...rest } = record;
  return `${RECORD}${plainJson({ version, section, application: inOrder(application), rollout: inOrder(rollout), ...rest })}`;
}

type Named = NonNullable<ReleaseRecord['application']>;

const inOrder = (named: Named | undefined): Named | undefined =>
  named && { namespace: named.namespace, name: named.name, ...(named.uid === undefined ? {} : { uid: named.uid }) };

/** The JSON in a line of a note; undefined where it is no record. */
export const jsonIn = (line: string): string | undefined =>
  line.startsWith(RECORD) ? line.slice(RECORD.length) : undefined;

/** How the lines of all records begin that stand in a section of this title, and how that begins which this very Application writes. */
export function beginningsOf({ version, section, application, rollout }: ReleaseRecord): { any: string; own: string } {
  const open = (value: object): string => `${RECORD}${plainJson(value).slice(0, -1)},`;
  return {
    any: open({ version, section }),
    own: open({ version, section, application: inOrder(application), rollout: inOrder(rollout) }),
  };
}
