// Files of a commit → the objects they declare, or what is wrong with them, by file and line.
import type { KubeObject } from '../../api/k8s.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import { splitDocuments } from './documents.ts';
import { isRecord } from '../../api/json.ts';
import { parseDocument, YamlError } from './yaml.ts';

export interface SourceFile {
  path: string;
  text: string;
}

/** Where an object was declared. */
export interface Source {
  path: string;
  line: number;
  /** Number of the document in its file, from 0. */
  document: number;
  /** Text of the whole document, comments included. */
  text: string;
}

export interface Manifest {
  object: KubeObject;
  source: Source;
}

export interface Problem {
  path: string;
  line: number;
  message: string;
}

const MAX_FILE = 2 * 2 ** 20;
const MAX_TOTAL = 32 * 2 ** 20;
const MAX_OBJECTS = 5_000;

/** As `deploy/web.yaml:12: bad indentation`. */
export const describeProblem = (problem: Problem): string => `${problem.path}:${problem.line}: ${problem.message}`;

/** YAML and JSON files; none whose name, or a folder of it below the root, begins with a dot. */
export const isManifest = (path: string): boolean =>
  /\.(ya?ml|json)$/.test(path) && !path.split('/').some((part) => part.startsWith('.'));

/** All objects of all files in order. Every problem is reported, not only the first. */
export function readManifests(files: readonly SourceFile[]): Result<Manifest[], Problem[]> {
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  let total = 0;
  for (const file of files) {
    total += file.text.length;
    const excess = tooLarge(file, total);
    if (excess !== undefined) {
      problems.push({ path: file.path, line: 1, message: excess });
      break;
    }
    readFile(file, manifests, problems);
  }
  if (manifests.length > MAX_OBJECTS) {
    const path = manifests[MAX_OBJECTS]?.source.path ?? '';
    problems.push({ path, line: 1, message: `more than ${MAX_OBJECTS} objects; split the Application` });
  }
  return problems.length > 0 ? fail(problems) : ok(manifests);
}

function tooLarge(file: SourceFile, total: number): string | undefined {
  if (file.text.length > MAX_FILE) return `the file is larger than ${MAX_FILE / 2 ** 20} MiB`;
  return total > MAX_TOTAL ? `the manifests together are larger than ${MAX_TOTAL / 2 ** 20} MiB` : undefined;
}

function readFile(file: SourceFile, manifests: Manifest[], problems: Problem[]): void {
  const json = file.path.endsWith('.json');
  const pieces = json ? [{ text: file.text, line: 1 }] : splitDocuments(file.text);
  for (const [document, piece] of pieces.entries()) {
    const first = piece.line + leadingLines(piece.text);
    try {
      const value = parseDocument(piece.text);
      if (value === undefined || value === null) continue;
      const source = { path: file.path, line: first, document, text: piece.text };
      for (const object of objectsIn(value)) manifests.push({ object, source });
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
      const line = error instanceof ShapeError ? first : piece.line + error.line - 1;
      problems.push({ path: file.path, line, message: error.message });
    }
  }
}

/** Lines before the content of a document: its marker, blanks and comments. */
function leadingLines(text: string): number {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => !/^(---)?\s*(#.*)?$/.test(line));
  return first === -1 ? 0 : first;
}

class ShapeError extends YamlError {
  constructor(message: string) {
    super(1, message);
  }
}

function objectsIn(value: unknown): KubeObject[] {
  if (!isRecord(value)) throw new ShapeError('a manifest must be a mapping with apiVersion, kind and metadata');
  const { kind, items } = value;
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
    return items.map((item: unknown, index) => checked(item, `items[${index}]: `));
  }
  return [checked(value, '')];
}

function checked(value: unknown, at: string): KubeObject {
  if (!isRecord(value)) throw new ShapeError(`${at}must be an object with apiVersion, kind and metadata`);
  const { apiVersion, kind, metadata } = value;
  if (!isText(apiVersion)) throw new ShapeError(`${at}apiVersion is missing; write for example apiVersion: v1`);
  if (!isText(kind)) throw new ShapeError(`${at}kind is missing`);
  if (!isRecord(metadata)) throw new ShapeError(`${at}metadata.name is missing (${kind})`);
  if (!isText(metadata['name'])) throw new ShapeError(`${at}metadata.name is missing (${kind})${generated(metadata)}`);
  if (metadata['namespace'] !== undefined && !isText(metadata['namespace'])) {
    throw new ShapeError(`${at}metadata.namespace must be text (${kind} ${metadata['name']})`);
  }
  for (const field of ['labels', 'annotations']) checkTexts(metadata[field], `${at}metadata.${field}`);
  const { status: _status, ...declared } = value;
  return declared as KubeObject;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function generated({ name, generateName }: Record<string, unknown>): string {
  if (name !== undefined && name !== null) return `: ${JSON.stringify(name)} is not text, put it in quotes`;
  return generateName === undefined ? '' : '; generateName cannot be kept in Git, give a name';
}

function checkTexts(value: unknown, at: string): void {
  if (value === undefined || value === null) return;
  if (!isRecord(value)) throw new ShapeError(`${at} must be a mapping of texts`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new ShapeError(`${at}.${key} must be text: put ${String(text)} in quotes`);
  }
}
