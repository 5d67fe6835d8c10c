// `sluice render`: what an Application with a folder of a checkout would declare, as YAML, or why it would be refused.
import type { KubeObject } from '../api/k8s.ts';
import type { DeclaredHook, DesiredObject } from '../application/source/desired.ts';
import { openRepository, type LocalRepository } from '../git/local-repository.ts';
import type { Place } from '../git/repository-folders.ts';
import { GitError } from '../git/types.ts';
import { workingTree, WORKING_TREE } from '../git/working-tree.ts';
import type { Checked } from '../plan/declared.ts';
import { describeFinding, type Finding } from '../plan/finding.ts';
import { printYaml } from '../plan/print-yaml.ts';
import type { Manifest } from '../ports/source-reader.ts';
import { findTools } from '../source/render/toolbox.ts';
import { read, withTools, type Files, type Reading } from './checkout.ts';
import { nothingDeclared, otherFiles, rendersByItself } from './nothing-declared.ts';
import { ownOutput, printable, type Output } from './output.ts';
import { parseRenderOptions, type RenderOptions } from './render-options.ts';
import { askedFor, type Asked } from './render-request.ts';

/** Resolves to the exit code: 1 where a commit with it would be refused, or declares nothing. Throws UsageError. */
export async function render(options: RenderOptions, output: Output): Promise<number> {
  const asked = await askedFor(options, output.cwd);
  if (!asked.ok) return refused(asked.error, output);
  const { place, subject } = asked.value;
  const repository = openedAt(place, output);
  const files = await filesAt(place, repository);
  const tools = { paths: findTools(options.tools), kubeVersion: options.kubeVersion };
  const reading = await withTools(tools, (rendering) => read(files, subject, tools, rendering));
  return tell(reading, { ...asked.value, ignored: repository?.ignored ?? new Set() }, output);
}

/** Of one that cannot be read the files still can. */
function openedAt({ root }: Place, { err }: Output): LocalRepository | undefined {
  try {
    return openRepository(root);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    err(printable(`note: what Git ignores is read, too: ${error.message}`));
    return undefined;
  }
}

/** What Git ignores is left out, unless it is what was asked for. */
async function filesAt({ root, path }: Place, repository: LocalRepository | undefined): Promise<Files> {
  const isWhole = repository === undefined || (path !== '' && (await isIgnored(path, repository)));
  const objects = isWhole ? workingTree(root, () => Promise.resolve(false)) : repository.working;
  return { objects, tree: WORKING_TREE };
}

/** Whether it is a folder or a file. */
const isIgnored = async (path: string, repository: LocalRepository): Promise<boolean> =>
  (await repository.isIgnored(path)) || repository.isIgnored(`${path}/`);

function refused(findings: readonly Finding[], { err }: Output): number {
  for (const finding of findings) err(printable(describeFinding(finding)));
  return 1;
}

function tell(reading: Reading, asked: Asked & { ignored: ReadonlySet<string> }, output: Output): number {
  const { checked, problems, notes, skipped, others } = reading;
  for (const { path, reason } of skipped) output.err(printable(`${path}: skipped: ${reason}`));
  for (const path of ignoredBelow(asked)) output.err(printable(`${path}: not read: Git ignores it`));
  const isEmpty = checked !== undefined && allIn(checked).length === 0;
  const beside = checked === undefined ? elsewhere(reading, asked) : isEmpty ? [] : otherFiles(others);
  for (const note of [...notes, ...beside, ...placedNote(reading, asked)]) output.err(printable(`note: ${note}`));
  if (problems.length > 0 || checked === undefined) return refused(problems, output);
  print(reading, checked, output);
  if (!isEmpty) return 0;
  output.err(printable(nothingDeclared(asked.subject.path, others)));
  return 1;
}

/** What was perhaps meant by a folder that cannot be read. */
const elsewhere = ({ others, around }: Reading, { subject: { path } }: Asked): string[] => [
  ...(around === undefined
    ? []
    : [`${path} is part of ${around || 'the root'}, which is rendered as a whole: name that`]),
  ...rendersByItself(path, others),
];

function print({ rendered }: Reading, checked: Checked, { out }: Output): void {
  const by = rendered === undefined ? '' : `, by ${rendered.tool} ${rendered.version}`;
  const documents = allIn(checked).map(
    (each) => `---\n# ${placeText(each.source)}${by}${hookText(each)}\n${printYaml(withoutNoName(each.object))}`,
  );
  out(documents.join(''));
}

const allIn = ({ declared }: Checked): readonly (DesiredObject | DeclaredHook)[] => [
  ...declared.desired,
  ...declared.hooks,
];

const hookText = (each: DesiredObject | DeclaredHook): string =>
  'phases' in each ? `, a hook: ${each.phases.join(', ')}` : '';

/** Each run of a hook may be given a name of its own. */
function withoutNoName(object: KubeObject): object {
  const { name, ...metadata } = object.metadata;
  return name === '' ? { ...object, metadata } : object;
}

const placeText = ({ path, line, rendered }: Manifest['source']): string =>
  rendered === undefined ? `${path}:${line}` : path;

const MOST_IGNORED = 10;

function ignoredBelow({ ignored, subject: { path } }: Asked & { ignored: ReadonlySet<string> }): string[] {
  const below = [...ignored].filter((each) => path === '' || each.startsWith(`${path}/`));
  return below.filter((each) => !each.split('/').some((name) => name.startsWith('.'))).slice(0, MOST_IGNORED);
}

function placedNote({ checked }: Reading, { isNamed, subject }: Asked): string[] {
  if (isNamed || checked?.isPlaced !== true) return [];
  return [
    `what names no namespace goes to ${subject.namespace}: --namespace NAME names another, -f takes an Application's`,
  ];
}

/** The command. */
export const runRender = (argv: readonly string[]): Promise<number> => render(parseRenderOptions(argv), ownOutput());
