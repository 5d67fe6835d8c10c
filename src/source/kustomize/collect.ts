// The files that the build of a folder needs, through all it names, read from the commit. What is not there is refused before anything starts.
import { isRecord } from '../../api/json.ts';
import { nearest } from '../../api/nearest.ts';
import { splitDocuments } from '../../application/source/documents.ts';
import { textOf } from '../../application/source/utf8.ts';
import { parseDocument, YamlError } from '../../application/source/yaml.ts';
import { GitError } from '../../git/types.ts';
import { joinPath } from '../paths.ts';
import type { CommitFiles, FoundPath } from '../render/renderer.ts';
import { namedBy, namedByPlugin, type Named, type Reference } from './fields.ts';
import { within } from '../paths.ts';
import { folderOf, isRemote } from './paths.ts';

/** Names of a kustomization, the one that is looked for first in front. */
export const KUSTOMIZATIONS = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** More kustomizations on each other are not followed. */
const MAX_DEPTH = 64;

export interface Collected {
  /** The kustomization of the folder. */
  entry: string;
  read: ReadonlyMap<string, Uint8Array>;
}

/** All files that a folder's build reads. Throws GitError `rejected` with file and field for what is elsewhere, missing or not run. */
export async function collect(path: string, files: CommitFiles): Promise<Collected> {
  const collecting = new Collecting(files);
  const entry = await collecting.folder(path, { depth: 0, asPlugins: false });
  if (entry === undefined) throw new GitError('rejected', `${path || '/'} has no kustomization.yaml`);
  return { entry, read: collecting.read };
}

interface How {
  depth: number;
  /** What is built there configures plug-ins of the folder that names it. */
  asPlugins: boolean;
}

class Collecting {
  readonly read = new Map<string, Uint8Array>();
  readonly #files: CommitFiles;
  readonly #seen = new Set<string>();

  constructor(files: CommitFiles) {
    this.#files = files;
  }

  /** The folder's kustomization; undefined where it has none. */
  async folder(folder: string, how: How): Promise<string | undefined> {
    const names = await this.#files.names(folder);
    const [first, ...more] = KUSTOMIZATIONS.filter((name) => names.includes(name)).map((name) =>
      joinPath(folder, name),
    );
    if (first === undefined) return undefined;
    if (more.length > 0)
      throw new GitError('rejected', `${first} and ${more.join(' and ')} are in one folder; keep one`);
    const visit = `${folder} ${how.asPlugins}`;
    if (this.#seen.has(visit)) return first;
    this.#seen.add(visit);
    if (how.depth > MAX_DEPTH)
      throw new GitError('rejected', `${first}: more than ${MAX_DEPTH} kustomizations on each other`);
    const fields = recordIn(await this.#text(first), first, 1);
    await this.#named(namedBy(fields), { file: first, home: folder }, how);
    return first;
  }

  async #named(named: Named, at: Place, how: How): Promise<void> {
    for (const { field, why } of named.refusals) throw refused(at, { field }, why);
    for (const reference of named.references) await this.#follow(reference, at, how);
    for (const { field, text } of named.plugins) await this.#plugins(text, { ...at, inside: field }, how);
  }

  async #follow(reference: Reference, at: Place, how: How): Promise<void> {
    const { path, found } = await this.#resolve(reference, at);
    if (found.type === 'folder') return this.#subfolder(path, found, reference, at, how);
    if (reference.to === 'folder') throw refused(at, reference, `${path} is a file; name a folder`);
    const text = await this.#text(path);
    const isPlugin = reference.to === 'plugin' || (how.asPlugins && reference.to === 'either');
    if (isPlugin) await this.#plugins(text, { file: path, home: at.home }, how);
  }

  // oxlint-disable-next-line max-params -- the five are one reference
  async #subfolder(path: string, found: FoundPath, reference: Reference, at: Place, how: How): Promise<void> {
    if (reference.to === 'file') throw refused(at, reference, `${path || '/'} is a folder; name a file`);
    // What a linked folder names would be looked for beside the link.
    if (found.path !== path) throw refused(at, reference, `leads through a link; name ${found.path || '/'} itself`);
    const asPlugins = how.asPlugins || reference.to === 'plugin';
    const entry = await this.folder(path, { depth: how.depth + 1, asPlugins });
    if (entry === undefined) throw refused(at, reference, `${path || '/'} has no kustomization.yaml`);
  }

  async #resolve(reference: Reference, at: Place): Promise<{ path: string; found: FoundPath }> {
    const { value, to } = reference;
    const path = value.startsWith('/') ? undefined : within(at.home, value);
    const found = path === undefined ? undefined : await this.#files.find(path);
    // A file of the commit is one, whatever its name looks like; of folders the tool decides by the name first.
    if (isRemote(value) && (found?.type !== 'file' || to === 'folder')) {
      const advice =
        'Sluice fetches nothing that a kustomization names: commit those files here, and name their folder';
      throw refused(at, reference, `${JSON.stringify(value)} is elsewhere; ${advice}`);
    }
    if (path === undefined) throw refused(at, reference, `${JSON.stringify(value)} leads out of the repository`);
    if (found === undefined) throw refused(at, reference, `there is no ${path} in the commit${await this.#hint(path)}`);
    return { path, found };
  }

  async #hint(path: string): Promise<string> {
    const folder = folderOf(path);
    const isThere = (await this.#files.find(folder))?.type === 'folder';
    const near = isThere ? nearest(path.split('/').at(-1) ?? '', [...(await this.#files.names(folder))]) : undefined;
    return near === undefined ? '' : `; did you mean ${joinPath(folder, near)}?`;
  }

  /** Files that plug-ins name are looked for from the folder whose kustomization names the plug-ins. */
  async #plugins(text: string, at: Place, how: How): Promise<void> {
    for (const piece of splitDocuments(text)) {
      const fields = recordIn(piece.text, at.file, at.inside === undefined ? piece.line : 1);
      if (Object.keys(fields).length > 0) await this.#named(namedByPlugin(fields), at, how);
    }
  }

  async #text(path: string): Promise<string> {
    const bytes = await this.#files.read(path);
    this.read.set(path, bytes);
    const read = textOf(bytes);
    // What is not text may be the content of a ConfigMap.
    return 'text' in read ? read.text : '';
  }
}

interface Place {
  file: string;
  /** Folder that paths are relative to. */
  home: string;
  /** Field of the file that the text stands in. */
  inside?: string;
}

const refused = ({ file, inside }: Place, { field }: Pick<Reference, 'field'>, why: string): GitError =>
  new GitError('rejected', `${file}: ${inside === undefined ? field : `${inside}: ${field}`}: ${why}`);

function recordIn(text: string, file: string, line: number): Record<string, unknown> {
  try {
    const value = parseDocument(text);
    return isRecord(value) ? value : {};
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new GitError('rejected', `${file}:${line + error.line - 1}: ${error.message}`);
  }
}
