// A chart as it is in a commit: its files, its name, and the charts within it.
import { isRecord, recordsIn } from '../../api/json.ts';
import { YamlError, parseDocument } from '../../application/source/yaml.ts';
import { GitError } from '../../git/types.ts';
import { LimitExceeded } from '../../ports/source-budget.ts';
import { joinPath } from '../paths.ts';
import type { CommitFiles } from '../render/renderer.ts';
import { ARCHIVES, readArchive, type ArchiveAllowance } from './archive.ts';

export interface Dependency {
  name: string;
  alias: string | undefined;
  version: string | undefined;
  repository: string | undefined;
}

/** A chart, or one within it. */
export interface Chart {
  name: string;
  /** Its folder, or its archive, from the root of the repository. */
  path: string;
  isArchive: boolean;
  dependencies: readonly Dependency[];
  /** What is in its folder `charts`. */
  within: readonly Chart[];
}

export interface ChartFiles {
  chart: Chart;
  /** By path from the root of the repository. */
  files: ReadonlyMap<string, Uint8Array>;
  /** What is in its archives, to be searched for text. */
  archived: readonly Buffer[];
}

/** The file that makes a folder a chart. */
export const CHART = 'Chart.yaml';
/** Folders within each other, which is twice what charts within charts take. */
const MAX_DEPTH = 32;

/** Reads the chart in a folder. Throws GitError `rejected`, with file and field, for what is no chart. */
export async function readChart(path: string, commit: CommitFiles): Promise<ChartFiles> {
  const files = await filesBelow(path, commit);
  const reading = new Reading(files);
  return { chart: reading.folder(path), files, archived: reading.archived };
}

async function filesBelow(root: string, commit: CommitFiles): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const walk = async (folder: string, around: readonly string[]): Promise<void> => {
    if (around.length > MAX_DEPTH)
      throw new GitError(
        'rejected',
        `${folder}: more than ${MAX_DEPTH} folders within each other; make the chart flatter`,
      );
    for (const name of await commit.names(folder)) {
      const path = joinPath(folder, name);
      const found = await commit.find(path);
      if (found?.type === 'file') files.set(path, await commit.read(path));
      if (found?.type !== 'folder') continue;
      if (around.includes(found.path))
        throw new GitError('rejected', `${path} is a link to a folder that it is in; take it out of the chart`);
      await walk(path, [...around, found.path]);
    }
  };
  await walk(root, [(await commit.find(root))?.path ?? root]);
  return files;
}

class Reading {
  readonly archived: Buffer[] = [];
  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #allowance: ArchiveAllowance = { ...ARCHIVES };

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#files = files;
  }

  folder(path: string): Chart {
    const at = joinPath(path, CHART);
    const bytes = this.#files.get(at);
    if (bytes === undefined) throw new GitError('rejected', `${at} is missing: this folder is no chart`);
    const declared = recordIn(at, textIn(bytes));
    const older = joinPath(path, 'requirements.yaml');
    const required = this.#files.get(older);
    const isOld = declared['apiVersion'] === undefined || declared['apiVersion'] === 'v1';
    const more = required !== undefined && isOld ? recordIn(older, textIn(required)) : {};
    return {
      name: nameIn(at, declared),
      path,
      isArchive: false,
      dependencies: [...dependenciesIn(declared), ...dependenciesIn(more)],
      within: this.#within(joinPath(path, 'charts')),
    };
  }

  /** As helm reads it: names that begin with `_` or `.` are left out, and files that are no archives. */
  #within(folder: string): Chart[] {
    const names = new Set<string>();
    for (const path of this.#files.keys())
      if (path.startsWith(`${folder}/`)) names.add(path.slice(folder.length + 1).split('/')[0] ?? '');
    const charts = [...names].filter((name) => !/^[_.]/.test(name)).sort();
    return charts.flatMap((name) => this.#one(joinPath(folder, name)));
  }

  #one(path: string): Chart[] {
    const bytes = this.#files.get(path);
    if (bytes === undefined) return [this.folder(path)];
    return path.endsWith('.tgz') ? [this.#archive(path, bytes)] : [];
  }

  #archive(path: string, bytes: Uint8Array): Chart {
    const { chart, contents } = readArchive(path, bytes, this.#allowance);
    this.archived.push(...contents);
    if (chart === undefined)
      throw new GitError('rejected', `${path}: the archive has no Chart.yaml in its only folder`);
    const declared = recordIn(path, chart);
    return { name: nameIn(path, declared), path, isArchive: true, dependencies: dependenciesIn(declared), within: [] };
  }
}

const textIn = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '');

function recordIn(path: string, text: string): Record<string, unknown> {
  try {
    const value = parseDocument(text);
    if (isRecord(value)) return value;
  } catch (error) {
    if (error instanceof YamlError) throw new GitError('rejected', `${path}:${error.line}: ${error.message}`);
    if (error instanceof LimitExceeded) throw new GitError('rejected', `${path}: ${error.message}`);
    throw error;
  }
  throw new GitError('rejected', `${path}: this is not what describes a chart (apiVersion, name, version)`);
}

function nameIn(path: string, { name }: Record<string, unknown>): string {
  if (typeof name === 'string' && name !== '' && !/[/\\]/.test(name)) return name;
  throw new GitError('rejected', `${path}: name: the chart has no name`);
}

const dependenciesIn = ({ dependencies }: Record<string, unknown>): Dependency[] =>
  recordsIn(dependencies).flatMap(({ name, alias, version, repository }) => {
    const text = (value: unknown): string | undefined =>
      typeof value === 'string' && value !== '' ? value : undefined;
    return typeof name !== 'string'
      ? []
      : [{ name, alias: text(alias), version: text(version), repository: text(repository) }];
  });

/** Throws GitError `rejected` for a dependency of the chart that is not in its folder `charts`: nothing is fetched. */
export function checkDependencies({ path, dependencies, within }: Chart): void {
  const there = new Set(within.map(({ name }) => name));
  const index = dependencies.findIndex(({ name }) => !there.has(name));
  const missing = dependencies[index];
  if (missing === undefined) return;
  const { name, version = 'any version', repository } = missing;
  const from = repository === undefined ? '' : ` of ${repository}`;
  throw new GitError(
    'rejected',
    `${joinPath(path, CHART)}: dependencies[${index}]: ${name} (${version}${from}) is not in ${joinPath(path, 'charts')}/, and nothing is fetched from elsewhere; run helm dependency build, and commit charts/`,
  );
}
