// What a note says of releases: its records, and what sections of earlier versions say, which have none. Anybody who may push notes can have
// written it, so that nothing in it is taken for more than it is.
import { isRecord, present } from '../api/json.ts';
import { RECORD_LIMITS, RECORD_VERSION, releaseRecordSchema, type ReleaseRecord } from '../api/release-record.ts';
import { jsonIn } from './line.ts';

export interface NoteReading {
  records: ReleaseRecord[];
  /** Lines and sections that are no record, or none that can be told from others. */
  unreadable: number;
  /** Records that a later version of Sluice wrote. */
  later: number;
}

/** Every character may be an escape of six. */
const MAX_LINE = 6 * RECORD_LIMITS.record;
const MAX_LINES = 20_000;

/** Of the note of a commit. */
export function readNote(commit: string, text: string): NoteReading {
  const lines = text.split(/\r?\n/).slice(0, MAX_LINES);
  const reading: NoteReading = { records: [], unreadable: 0, later: 0 };
  for (const line of lines) {
    const json = jsonIn(line);
    if (json !== undefined) addRecord(json, reading);
  }
  const told = new Set(reading.records.map(({ section }) => section));
  // Where a record cannot be read, the words for people beside it can.
  for (const section of sectionsOf(lines)) if (!told.has(section.title)) addSection(section, commit, reading);
  return reading;
}

function addRecord(json: string, reading: NoteReading): void {
  const value = json.length > MAX_LINE ? undefined : parsed(json);
  const version = isRecord(value) ? value['version'] : undefined;
  const record = releaseRecordSchema.safeParse(value);
  if (record.success) reading.records.push(record.data);
  else if (typeof version === 'number' && version > RECORD_VERSION) reading.later++;
  else reading.unreadable++;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

interface Section {
  title: string;
  lines: string[];
}

const TITLE =
  /^(Promoted|Aborted|Superseded|RolledBack|Restored): Rollout ([^\s/]{1,63})\/([^\s/]{1,253}) \(Application ([^\s/]{1,63})\/([^\s/)]{1,253})\)(?:, release (\d{1,9}))?$/;

/** From one title to the next. Lines before the first one are somebody's own. */
function sectionsOf(lines: readonly string[]): Section[] {
  const sections: Section[] = [];
  for (const line of lines) {
    if (TITLE.test(line)) sections.push({ title: line, lines: [] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections;
}

/** Notes that were sorted by line have several ends below one title, or none: which is whose cannot be told. */
function addSection({ title, lines }: Section, commit: string, reading: NoteReading): void {
  const valuesOf = (name: string): string[] =>
    lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
  const [ends, begins] = [valuesOf('At'), valuesOf('Began')];
  const record = releaseRecordSchema.safeParse({
    version: RECORD_VERSION,
    section: title,
    ...namesIn(title),
    revision: { commit },
    ...present({
      reason: valuesOf('Reason')[0],
      startedAt: begins[0],
      wentBackTo: valuesOf('Went back to')[0],
      rejected: valuesOf('Rejected')[0],
    }),
    endedAt: ends[0],
    weights: valuesOf('Weight').flatMap((line) => weightIn(line)),
    commands: valuesOf('Command').flatMap((line) => commandIn(line)),
    observations: [],
    runs: [],
  });
  if (ends.length === 1 && begins.length <= 1 && record.success) reading.records.push(record.data);
  else reading.unreadable++;
}

function namesIn(title: string): Pick<ReleaseRecord, 'outcome' | 'rollout' | 'application' | 'attempt'> {
  const [, outcome, namespace = '', name = '', appNamespace = '', app = '', attempt] = TITLE.exec(title) ?? [];
  const which = attempt === undefined ? {} : { attempt: Number(attempt) };
  return { outcome, rollout: { namespace, name }, application: { namespace: appNamespace, name: app }, ...which };
}

function weightIn(line: string): ReleaseRecord['weights'] {
  const [, weight, at] = /^(\d{1,3}) since (\S+)$/.exec(line) ?? [];
  return weight === undefined || at === undefined ? [] : [{ weight: Number(weight), at }];
}

function commandIn(line: string): ReleaseRecord['commands'] {
  const [, verb, value, at, by] = /^(\S+) (.*) at (\S+?)(?:, set by field manager (.*))?$/.exec(line) ?? [];
  if (verb === undefined || value === undefined || at === undefined) return [];
  return [{ verb, value, at, ...(by === undefined ? {} : { by }) }];
}
