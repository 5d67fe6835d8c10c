// Files of a commit → the objects they declare, or what is wrong with them, by file and line. What is counted is counted while reading.
import type { KubeObject } from '../../api/k8s.ts';
import { HOOKS } from '../../api/names.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import { LimitExceeded, SourceBudget, type LimitName } from '../../ports/source-budget.ts';
import type { Manifest, ManifestSource, SkippedFile } from '../../ports/source-reader.ts';
import { documentsOf, type Piece } from './documents.ts';
import { isRecord } from '../../api/json.ts';
import { YamlError, YamlReader } from './yaml.ts';

export type { Manifest } from '../../ports/source-reader.ts';

export interface SourceFile {
  path: string;
  text: string;
}

export interface Problem {
  path: string;
  line: number;
  message: string;
  /** The limit that was exceeded, where that is the problem. */
  limit?: LimitName;
}

export interface Declared {
  manifests: Manifest[];
  skipped: SkippedFile[];
}

/** First line of what Git LFS leaves in the place of a file (git-lfs, docs/spec.md). */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/** More are not looked for. */
const MAX_PROBLEMS = 20;

/** As `deploy/web.yaml:12: bad indentation`. */
export const describeProblem = (problem: Problem): string => `${problem.path}:${problem.line}: ${problem.message}`;

/** YAML and JSON files; none whose name, or a folder of it below the root, begins with a dot. */
export const isManifest = (path: string): boolean =>
  /\.(ya?ml|json)$/.test(path) && !path.split('/').some((part) => part.startsWith('.'));

/** All objects of all files in order. Problems are reported together, up to 20; a limit ends the reading. */
export function readManifests(
  files: readonly SourceFile[],
  budget: SourceBudget = new SourceBudget(),
): Result<Declared, Problem[]> {
  const reading = new Reading(budget);
  for (const file of files) {
    if (!reading.goesOn) break;
    reading.file(file);
  }
  const { problems, declared } = reading;
  return problems.length > 0 ? fail(problems) : ok(declared);
}

interface Document {
  value: unknown;
  source: ManifestSource;
}

class Reading {
  readonly declared: Declared = { manifests: [], skipped: [] };
  readonly problems: Problem[] = [];
  goesOn = true;
  readonly #budget: SourceBudget;
  readonly #yaml: YamlReader;

  constructor(budget: SourceBudget) {
    this.#budget = budget;
    this.#yaml = new YamlReader(budget);
  }

  file(file: SourceFile): void {
    try {
      this.#budget.hold('fileBytes', file.text.length);
      this.#budget.spend('manifestBytes', file.text.length);
      if (file.text.startsWith(LFS_POINTER)) {
        this.#problem({
          path: file.path,
          line: 1,
          message: 'this is a pointer of Git LFS, which is not followed: keep manifests in Git itself',
        });
        return;
      }
      const before = this.problems.length;
      const found = this.#documents(file);
      if (!this.goesOn) return;
      if (found.length > 0 && this.problems.length === before && !found.some(({ value }) => isTyped(value))) {
        this.declared.skipped.push({ path: file.path, reason: 'no apiVersion and no kind' });
      } else for (const each of found) this.#take(each);
    } catch (error) {
      if (!(error instanceof LimitExceeded)) throw error;
      this.#stop(file.path, 1, error);
    }
  }

  #documents({ path, text }: SourceFile): Document[] {
    const pieces = (): Iterable<Piece> => (path.endsWith('.json') ? [{ text, line: 1 }] : documentsOf(text));
    // Cutting is cheap: how many there are is known before the first is parsed.
    for (const _ of pieces()) this.#budget.spend('documents', 1);
    const found: Document[] = [];
    let document = 0;
    for (const piece of pieces()) {
      this.#piece({ path, document: document++ }, piece, found);
      if (!this.goesOn) break;
    }
    return found;
  }

  #piece(at: { path: string; document: number }, piece: Piece, found: Document[]): void {
    const { path, document } = at;
    // The text of the whole file is kept, and a mark in front is not part of its first document.
    const text = document === 0 ? piece.text.replace(/^\uFEFF/, '') : piece.text;
    try {
      this.#budget.hold('documentChars', text.length);
      const value = this.#yaml.parse(text);
      if (value === undefined || value === null) return;
      found.push({ value, source: { path, line: piece.line + leadingLines(text), document, text: piece.text } });
    } catch (error) {
      if (error instanceof LimitExceeded) this.#stop(path, piece.line, error);
      else if (error instanceof YamlError)
        this.#problem({ path, line: piece.line + error.line - 1, message: error.message });
      else throw error;
    }
  }

  #take({ value, source }: Document): void {
    if (!this.goesOn) return;
    try {
      for (const object of objectsIn(value, this.#budget)) this.declared.manifests.push({ object, source });
    } catch (error) {
      if (error instanceof LimitExceeded) this.#stop(source.path, source.line, error);
      else if (error instanceof ShapeError)
        this.#problem({ path: source.path, line: source.line, message: error.message });
      else throw error;
    }
  }

  #problem(problem: Problem): void {
    this.problems.push(problem);
    if (this.problems.length >= MAX_PROBLEMS) this.goesOn = false;
  }

  #stop(path: string, line: number, { message, limit }: LimitExceeded): void {
    this.problems.push({ path, line, message, limit });
    this.goesOn = false;
  }
}

/** Whether a document means to be an object of Kubernetes. */
function isTyped(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => isRecord(item) && isTyped(item));
  return isRecord(value) && (value['apiVersion'] !== undefined || value['kind'] !== undefined);
}

/** Lines before the content of a document: its marker, blanks and comments. */
function leadingLines(text: string): number {
  let lines = 0;
  for (const [line] of text.matchAll(/^.*$/gm)) {
    if (!/^(---)?\s*(#.*)?$/.test(line)) return lines;
    lines++;
  }
  return 0;
}

class ShapeError extends Error {}

function objectsIn(value: unknown, budget: SourceBudget): KubeObject[] {
  if (!isRecord(value)) throw new ShapeError('a manifest must be a mapping with apiVersion, kind and metadata');
  const listed = itemsOf(value);
  budget.spend('objects', listed?.length ?? 1);
  if (listed === undefined) return [checked(value, '')];
  return listed.map((item: unknown, index) => checked(item, `items[${index}]: `));
}

/** Of a list, as `kubectl get -o yaml` prints it; an object of a kind such as AllowList has a name, and is one object. */
function itemsOf({ kind, items, metadata }: Record<string, unknown>): unknown[] | undefined {
  const isNamed = isRecord(metadata) && metadata['name'] !== undefined;
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) && !isNamed ? items : undefined;
}

function checked(value: unknown, at: string): KubeObject {
  if (!isRecord(value)) throw new ShapeError(`${at}must be an object with apiVersion, kind and metadata`);
  const { apiVersion, kind, metadata } = value;
  if (!isText(apiVersion)) throw new ShapeError(`${at}apiVersion is missing; write for example apiVersion: v1`);
  if (!isText(kind)) throw new ShapeError(`${at}kind is missing`);
  if (apiVersion.startsWith('kustomize.config.k8s.io/')) {
    throw new ShapeError(
      `${at}this is input of Kustomize: call it kustomization.yaml, and name its folder as spec.source.path`,
    );
  }
  if (!isRecord(metadata)) throw new ShapeError(`${at}metadata.name is missing (${kind})`);
  if (isGenerated(metadata)) return declaredOf(value, { ...metadata, name: '' }, at);
  if (!isText(metadata['name'])) throw new ShapeError(`${at}metadata.name is missing (${kind})${generated(metadata)}`);
  return declaredOf(value, metadata, at);
}

/** What is said of an object that has a name, or is given one. */
function declaredOf(value: Record<string, unknown>, metadata: Record<string, unknown>, at: string): KubeObject {
  if (metadata['namespace'] !== undefined && !isText(metadata['namespace'])) {
    throw new ShapeError(`${at}metadata.namespace must be text (${String(value['kind'])} ${String(metadata['name'])})`);
  }
  for (const field of ['labels', 'annotations']) checkTexts(metadata[field], `${at}metadata.${field}`);
  const { status: _status, ...declared } = value;
  return { ...declared, metadata } as Record<string, unknown> as KubeObject;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** A hook may have a name of its own for each run. */
function isGenerated({ name, generateName, annotations }: Record<string, unknown>): boolean {
  const isNamed = name !== undefined && name !== null;
  return !isNamed && isText(generateName) && isRecord(annotations) && ANY_HOOK.some((hook) => hook in annotations);
}

const ANY_HOOK = Object.values(HOOKS);

function generated({ name, generateName }: Record<string, unknown>): string {
  if (name !== undefined && name !== null) return `: ${JSON.stringify(name)} is not text, put it in quotes`;
  return generateName === undefined ? '' : '; generateName cannot be kept in Git but for hooks, give a name';
}

function checkTexts(value: unknown, at: string): void {
  if (value === undefined || value === null) return;
  if (!isRecord(value)) throw new ShapeError(`${at} must be a mapping of texts`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new ShapeError(`${at}.${key} must be text: put it in quotes`);
  }
}
