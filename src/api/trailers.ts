// The trailers of a commit's message: who signed it off, reviewed it and wrote it with others, and which commit of the code it brings, as
// Argo CD's hydrator and CI jobs write that down.
import type { z } from 'zod';
import { present } from './json.ts';
import type { codeSchema, peopleSchema } from './revision.ts';

type Code = z.infer<typeof codeSchema>;
type People = z.infer<typeof peopleSchema>;

/** People that are told of for each thing that they did. */
const MAX_PEOPLE = 4;
const MAX_PERSON = 128;
const MAX_SUBJECT = 256;
const MAX_URL = 512;
const MAX_DATE = 64;
/** A message is looked at from its end. */
const MAX_LINES = 200;

const TRAILER = /^([A-Za-z0-9][A-Za-z0-9-]*): ?(\S.*)$/;
const CODE = 'argocd-reference-commit-';

/** What others call the same thing. */
const DID: Readonly<Record<string, keyof People>> = {
  'signed-off-by': 'signedOffBy',
  'reviewed-by': 'reviewedBy',
  'approved-by': 'reviewedBy',
  'acked-by': 'reviewedBy',
  'co-authored-by': 'coAuthors',
};

/** By name in small letters, in their order: the lines of the last paragraph, where each of them is a trailer or goes on with one. */
export function trailersIn(message: string): [name: string, value: string][] {
  const lines = message.trimEnd().split(/\r?\n/).slice(-MAX_LINES);
  const begin = lines.lastIndexOf('') + 1;
  // The first paragraph is the subject, whatever it looks like.
  if (begin === 0) return [];
  const found: [string, string][] = [];
  for (const line of lines.slice(begin)) {
    const [, name, value] = TRAILER.exec(line) ?? [];
    const last = found.at(-1);
    if (name !== undefined && value !== undefined) found.push([name.toLowerCase(), value.trim()]);
    else if (last && /^\s/.test(line)) last[1] = `${last[1]} ${line.trim()}`;
    else if (!line.startsWith('(cherry picked from commit ')) return [];
  }
  return found;
}

/** The people of a commit beside its author; undefined where it names none. */
export function peopleIn(message: string): People | undefined {
  const people: People = {};
  for (const [name, value] of trailersIn(message)) {
    const did = Object.hasOwn(DID, name) ? DID[name] : undefined;
    const before = did === undefined ? [] : (people[did] ?? []);
    const person = value.slice(0, MAX_PERSON);
    if (did !== undefined && before.length < MAX_PEOPLE && !before.includes(person)) people[did] = [...before, person];
  }
  return Object.keys(people).length === 0 ? undefined : people;
}

/** The commit of the code that a commit brings, where its trailers name one. */
export function codeIn(message: string): Code | undefined {
  const given = new Map(
    trailersIn(message).flatMap(([name, value]) => (name.startsWith(CODE) ? [[name.slice(CODE.length), value]] : [])),
  );
  const commit = given.get('sha')?.toLowerCase();
  if (commit === undefined || !/^[0-9a-f]{5,64}$/.test(commit)) return undefined;
  const repo = given.get('repourl');
  return {
    commit,
    ...present({
      repo: repo === undefined || repo.length > MAX_URL ? undefined : withoutUser(repo),
      author: given.get('author')?.slice(0, MAX_PERSON),
      date: given.get('date')?.slice(0, MAX_DATE),
      subject: given.get('subject')?.slice(0, MAX_SUBJECT),
    }),
  };
}

/** What stands before the host of a URL may be a password. */
const withoutUser = (url: string): string => url.replace(/^(https?:\/\/)[^/?#]*@/i, '$1');
