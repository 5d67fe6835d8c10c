// Which Applications `sluice plan` looks at, each as it is on either side: those that files name, paths, or all that the repository declares
// and that follow it.
import type { Application } from '../api/application.ts';
import { qualifiedName } from '../api/object-key.ts';
import { isSameRepository } from '../api/repository-url.ts';
import { textOf } from '../application/source/utf8.ts';
import type { Finding } from '../plan/finding.ts';
import type { Planned } from '../plan/plan.ts';
import { manifestFiles } from '../source/manifest-files.ts';
import { applicationsIn, applicationsOf, subjectOf, type FoundApplication } from './application-files.ts';
import type { Files, Subject } from './checkout.ts';
import type { PlanOptions } from './plan-options.ts';
import type { Sides } from './plan-revisions.ts';
import { UsageError } from './usage-error.ts';

/** What is planned: on both sides, or on one where the other has no such Application. */
export interface Target extends Pick<Planned, 'namespace' | 'name' | 'file' | 'path' | 'app' | 'change'> {
  before: Subject | undefined;
  after: Subject | undefined;
  /** What is wrong with the file that declared it, which may declare it still. */
  refused?: Finding[];
}

export interface Targets {
  targets: Target[];
  notes: string[];
  /** Applications that are written wrongly. */
  problems: Finding[];
  /** They were looked for: those that nothing changes for are of no interest. */
  areFound: boolean;
}

/** Throws UsageError where there are none. */
export async function targetsOf(options: PlanOptions, sides: Sides, cwd: string): Promise<Targets> {
  if (options.paths.length > 0)
    return { targets: options.paths.map((path) => ofPath(path, options)), notes: [], problems: [], areFound: false };
  if (options.applications.length > 0) return named(options.applications, cwd);
  return found(sides);
}

function ofPath(path: string, { namespace = 'default', name }: PlanOptions): Target {
  const plain = path.replace(/^(\.?\/)+|\/+$/g, '');
  if (path.startsWith('/') || plain.split('/').includes('..'))
    throw new UsageError(`--path ${path}: write a path in the repository, such as deploy/production`);
  const inside = plain === '.' ? '' : plain;
  const subject = { namespace, path: inside, exclude: [], ...(name === undefined ? {} : { name }) };
  const called = name ?? (inside || 'repository');
  return { namespace, name: called, path: inside, app: undefined, change: 'Present', before: subject, after: subject };
}

async function named(files: readonly string[], cwd: string): Promise<Targets> {
  const targets: Target[] = [];
  const problems: Finding[] = [];
  for (const file of files) {
    const read = await applicationsOf(file, cwd);
    if (!read.ok) problems.push(...read.error);
    else targets.push(...read.value.map((each) => targetOf(each, { change: 'Present', before: each, after: each })));
  }
  return { targets, notes: [], problems, areFound: false };
}

interface Both {
  change: Planned['change'];
  before: FoundApplication | undefined;
  after: FoundApplication | undefined;
}

function targetOf({ app, file }: FoundApplication, { change, before, after }: Both): Target {
  const { namespace = 'default', name } = app.metadata;
  const { path = '' } = app.spec.source;
  const at = { namespace, name, file, path, app, change };
  return { ...at, before: before && subjectOf(before.app), after: after && subjectOf(after.app) };
}

/** By its name on both sides. */
function paired(
  was: readonly FoundApplication[],
  now: readonly FoundApplication[],
  wrong: readonly Finding[],
  name: string,
): Target[] {
  const [before, after] = [was, now].map((list) => list.find((each) => nameOf(each) === name));
  if (after !== undefined)
    return [targetOf(after, { change: before === undefined ? 'Added' : 'Present', before, after })];
  if (before === undefined) return [];
  const refused = wrong.filter(({ file }) => file === before.file);
  if (refused.length > 0) return [{ ...targetOf(before, { change: 'Present', before, after }), refused }];
  return [targetOf(before, { change: 'Removed', before, after })];
}

async function found({ repository, from, to }: Sides): Promise<Targets> {
  const [before, after] = [await search(from.files), await search(to.files)];
  const remotes = await repository.remotes();
  const isHere = ({ app }: FoundApplication): boolean => {
    const { repoURL } = app.spec.source;
    return remotes.length === 0 || remotes.some((url) => isSameRepository(withoutUser(url), repoURL));
  };
  const [was, now] = [before.found.filter(isHere), after.found.filter(isHere)];
  const names = [...new Set([...now, ...was].map(nameOf))].sort();
  const targets = names.flatMap((name) => paired(was, now, after.problems, name));
  const others = after.found.filter((each) => !isHere(each)).map((each) => elsewhereNote(each));
  const known = new Set(before.problems.map(({ message }) => message));
  const problems = after.problems.filter(({ message }) => !known.has(message));
  if (targets.length === 0 && problems.length === 0) throw nothingFound(others);
  // What is wrong with an Application that was there is said of it.
  const told = new Set(targets.flatMap(({ refused = [] }) => refused));
  return { targets, notes: others, problems: problems.filter((each) => !told.has(each)), areFound: true };
}

const nameOf = ({ app }: { app: Application }): string =>
  qualifiedName({ ...app.metadata, namespace: app.metadata.namespace ?? 'default' });

/** Clones of CI hold a token in their URL. */
const withoutUser = (url: string): string => url.replace(/^(https?:\/\/)[^/@]*@/, '$1');

const elsewhereNote = ({ app, file }: FoundApplication): string =>
  `Application ${nameOf({ app })} (${file}) follows ${app.spec.source.repoURL}, which is no remote of this checkout; -f ${file} plans it all the same`;

function nothingFound(others: readonly string[]): UsageError {
  const advice = 'name a folder, --path deploy/production, or a file with an Application, -f application.yaml';
  const why = others.length === 0 ? 'no Application of sluice.dev is declared in this repository' : others.join('\n');
  return new UsageError(`${why}\n${advice}`);
}

/** More is no manifest that anybody wrote. */
const MAX_BYTES = 4 * 2 ** 20;

async function search({ objects, tree }: Files): Promise<{ found: FoundApplication[]; problems: Finding[] }> {
  const found: FoundApplication[] = [];
  const problems: Finding[] = [];
  for (const { path, oid } of await manifestFiles(tree, objects)) {
    const text = textIn(await objects.blob(oid));
    if (!/kind["']?:\s*["']?Application\b/.test(text) || !text.includes('sluice.dev/')) continue;
    const read = applicationsIn(path, text);
    if (read.ok) found.push(...read.value);
    // A template of a chart is no manifest, and will not be read as one.
    else if (!text.includes('{{')) problems.push(...read.error);
  }
  return { found, problems };
}

function textIn(bytes: Uint8Array): string {
  if (bytes.byteLength > MAX_BYTES) return '';
  const read = textOf(bytes);
  return 'text' in read ? read.text : '';
}
