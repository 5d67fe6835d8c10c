// What `spec.source.targetRevision` means: a branch, a tag, the newest tag of a range of versions, one commit, or a reference by its full
// name. A function of the text and of the references that a server lists; nothing is guessed.
import { maxSatisfying, parse, validRange } from 'semver';

/** Where the references of a server are, by their full names; what an annotated tag points to is at `NAME^{}`, as Git lists it. */
export type References = ReadonlyMap<string, string>;

export interface Located {
  /** Its full name; of a commit one of our own. */
  ref: string;
  /** The commit. */
  commit: string;
  /** What the server lists for it: of an annotated tag the tag itself. */
  listed: string;
}

export interface TargetRevision {
  /** With what the names of all references that matter begin; none for a commit, of which no server need be asked where it is. */
  readonly prefixes: readonly string[];
  find(references: References): Located | undefined;
  /** For a person: why nothing was found. */
  readonly missing: string;
}

export const DEFAULT_REVISION = 'main';

const COMMIT = /^[0-9a-f]{40}$/i;
const PART_OF_COMMIT = /^[0-9a-f]{7,39}$/i;
/** What makes a text a range. A bare `1.2` is the name of a branch or a tag. */
const RANGE = /[\^~*<>=|\s]|(^|\.)[xX](\.|$)/;
const BRANCHES = 'refs/heads/';
const TAGS = 'refs/tags/';

/** The branch that a reference is; undefined where it is none: nothing can be pushed to it. */
export const branchOfRef = (ref: string): string | undefined =>
  ref.startsWith(BRANCHES) ? ref.slice(BRANCHES.length) : undefined;

/** A branch goes before a tag of the same name, and both go before a range. */
export function targetRevision(text: string): TargetRevision {
  if (COMMIT.test(text)) return ofCommit(text.toLowerCase());
  if (text.startsWith('refs/')) return ofNames([text], `there is no reference ${text}`);
  const named = ofNames([`${BRANCHES}${text}`, `${TAGS}${text}`], `there is no branch or tag ${text}${hintAt(text)}`);
  return RANGE.test(text) && validRange(text) !== null ? ofRange(text, named) : named;
}

const hintAt = (text: string): string =>
  PART_OF_COMMIT.test(text) ? '; if a commit is meant, give all 40 digits of it' : '';

function ofCommit(commit: string): TargetRevision {
  const found: Located = { ref: `refs/sluice/commits/${commit}`, commit, listed: commit };
  return { prefixes: [], find: () => found, missing: `there is no commit ${commit}` };
}

function located(references: References, ref: string): Located | undefined {
  const listed = references.get(ref);
  return listed === undefined ? undefined : { ref, listed, commit: references.get(`${ref}^{}`) ?? listed };
}

function ofNames(names: readonly string[], missing: string): TargetRevision {
  const find = (references: References): Located | undefined =>
    names.map((name) => located(references, name)).find((each) => each !== undefined);
  return { prefixes: names, find, missing };
}

/** Tags are versions with or without a leading `v`. Pre-releases count only where the range names one, as npm and Go have it. */
function ofRange(range: string, named: TargetRevision): TargetRevision {
  const newest = (references: References): Located | undefined => {
    const tags = new Map<string, string>();
    for (const name of [...references.keys()].toSorted()) {
      if (!name.startsWith(TAGS) || name.endsWith('^{}')) continue;
      const version = parse(name.slice(TAGS.length))?.version;
      if (version !== undefined && !tags.has(version)) tags.set(version, name);
    }
    const tag = tags.get(maxSatisfying([...tags.keys()], range) ?? '');
    return tag === undefined ? undefined : located(references, tag);
  };
  return {
    prefixes: [`${BRANCHES}${range}`, TAGS],
    find: (references) => named.find(references) ?? newest(references),
    missing: `there is no tag whose version is in the range ${range}`,
  };
}

/** Whether a push to that reference may change what is meant. */
export function isMoved(text: string, ref: string): boolean {
  return targetRevision(text).find(new Map([[ref, 'pushed']]))?.listed === 'pushed';
}
