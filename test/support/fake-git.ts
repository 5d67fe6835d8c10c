// A Git repository in memory that keeps the promises of GitMirror, for scenarios in virtual time. Several mirrors may look at one
// repository. Failures are set by the test.
import { createHash } from 'node:crypto';
import { formatCommit } from '../../src/git/objects.ts';
import { withSections } from '../../src/git/notes.ts';
import { targetRevision, type Located } from '../../src/api/target-revision.ts';
import { toTime, type Clock } from '../../src/ports/clock.ts';
import {
  GitError,
  OWN_BRANCHES,
  PushRejected,
  type Commit,
  type CommitRequest,
  type FetchedCommit,
  type FileEntry,
  type GitMirror,
  type Person,
  type TreeEntry,
} from '../../src/git/types.ts';

interface Stored {
  commit: Commit;
  files: Map<string, string>;
}

const sha = (text: string): string => createHash('sha1').update(text).digest('hex');

/** The server's side: branches, notes, and every commit ever made. */
export class FakeRepository {
  readonly branches = new Map<string, string>();
  readonly tags = new Map<string, string>();
  readonly notes = new Map<string, string>();
  readonly commits = new Map<string, Stored>();
  readonly blobs = new Map<string, string>();
  readonly trees = new Map<string, TreeEntry[]>();
  /** Ids of annotated tags. */
  readonly annotated = new Map<string, string>();
  /** What commits and annotated tags are as bytes, where that matters. */
  readonly signed = new Map<string, Uint8Array>();
  /** Thrown by every exchange with the server while set. */
  failure: GitError | undefined;
  /** Runs once, between the moment a push is built and the moment it arrives. */
  beforePush: (() => void) | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Commits on a branch as a user would; null deletes a file. Returns the id. */
  commit(branch: string, changes: Record<string, string | null>, message: string): string {
    const parent = this.branches.get(branch);
    const author = { name: 'Ada', email: 'ada@example.com' };
    return this.push({ branch, parent, changes: new Map(Object.entries(changes)), message, author });
  }

  push(request: Omit<CommitRequest, 'parent'> & { parent: string | undefined }): string {
    const files = new Map(request.parent === undefined ? [] : this.commits.get(request.parent)?.files);
    for (const [path, text] of request.changes) {
      if (text === null) files.delete(path);
      else files.set(path, text);
    }
    const tree = this.#plant([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
    const date = toTime(this.#clock.now());
    const oid = sha(JSON.stringify([tree, request.parent, request.message, date, this.commits.size]));
    const commit: Commit = {
      oid,
      tree,
      parents: request.parent === undefined ? [] : [request.parent],
      author: request.author,
      date,
      subject: request.message.split('\n', 1)[0] ?? '',
      message: request.message,
    };
    this.commits.set(oid, { commit, files });
    this.branches.set(request.branch, oid);
    return oid;
  }

  /** Keeps the folders of files as trees; returns the id of the root. */
  #plant(files: readonly (readonly [path: string, text: string])[]): string {
    const entries: TreeEntry[] = [];
    const folders = new Map<string, [string, string][]>();
    for (const [path, text] of files) {
      const [name = '', ...rest] = path.split('/');
      if (rest.length > 0) folders.set(name, [...(folders.get(name) ?? []), [rest.join('/'), text]]);
      else {
        const oid = sha(text);
        this.blobs.set(oid, text);
        entries.push({ name, mode: '100644', type: 'file', oid });
      }
    }
    for (const [name, inside] of folders) entries.push({ name, mode: '40000', type: 'tree', oid: this.#plant(inside) });
    const oid = sha(JSON.stringify(entries));
    this.trees.set(oid, entries);
    return oid;
  }

  /** An annotated tag with these bytes, at a commit. */
  annotate(name: string, commit: string, bytes: Uint8Array): void {
    const oid = createHash('sha1').update(bytes).update(name).digest('hex');
    this.tags.set(name, commit);
    this.annotated.set(name, oid);
    this.signed.set(oid, bytes);
  }

  /** What a revision means now. */
  locate(revision: string): Located | undefined {
    const named = (prefix: string, all: ReadonlyMap<string, string>): [string, string][] =>
      [...all].map(([name, oid]) => [`${prefix}${name}`, oid]);
    const references = [...named('refs/heads/', this.branches), ...named('refs/tags/', this.tags)];
    const peeled = [...this.annotated].flatMap(([name, oid]): [string, string][] => [
      [`refs/tags/${name}`, oid],
      [`refs/tags/${name}^{}`, this.tags.get(name) ?? ''],
    ]);
    return targetRevision(revision).find(new Map([...references, ...peeled]));
  }

  reach(): void {
    if (this.failure) throw this.failure;
  }
}

/** A mirror of it: sees a branch as it was at the last fetch. */
export class FakeMirror implements GitMirror {
  readonly #repository: FakeRepository;
  readonly #known = new Set<string>();
  /** Calls that reached the server. */
  fetches = 0;
  /** Questions what a branch is at. */
  looks = 0;

  constructor(repository: FakeRepository) {
    this.#repository = repository;
  }

  async head(revision: string): Promise<string | undefined> {
    this.#repository.reach();
    this.looks++;
    return this.#repository.locate(revision)?.commit;
  }

  async fetch(revision: string): Promise<FetchedCommit> {
    this.#repository.reach();
    this.fetches++;
    const found = this.#repository.locate(revision);
    const stored = found && this.#repository.commits.get(found.commit);
    if (!found || !stored) throw new GitError('not-found', targetRevision(revision).missing);
    for (const oid of this.#ancestors(stored.commit.oid)) this.#known.add(oid);
    return { ...stored.commit, ref: found.ref, listed: found.listed };
  }

  async commit(oid: string): Promise<Commit | undefined> {
    return this.#known.has(oid) ? this.#repository.commits.get(oid)?.commit : undefined;
  }

  async signed(oid: string): ReturnType<GitMirror['signed']> {
    const { signed, commits } = this.#repository;
    const commit = this.#known.has(oid) ? commits.get(oid)?.commit : undefined;
    const written = commit && formatCommit({ ...commit, at: Date.parse(commit.date) });
    const bytes = signed.get(oid) ?? written;
    return bytes && { type: commit === undefined ? 'tag' : 'commit', bytes };
  }

  async files(commit: string, path: string): Promise<FileEntry[]> {
    return [...this.#below(commit, path)]
      .map(([name, text]) => {
        const oid = sha(text);
        this.#repository.blobs.set(oid, text);
        return { path: name, oid };
      })
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async read(oid: string): Promise<string> {
    const text = this.#repository.blobs.get(oid);
    if (text === undefined) throw new GitError('corrupt', `no blob ${oid}`);
    return text;
  }

  async tree(oid: string): Promise<TreeEntry[]> {
    return this.#repository.trees.get(oid) ?? [];
  }

  async blob(oid: string): Promise<Uint8Array> {
    return Buffer.from(await this.read(oid), 'utf8');
  }

  async commitFiles(request: CommitRequest): Promise<string> {
    this.#repository.reach();
    this.#stored(request.parent);
    const race = this.#repository.beforePush;
    this.#repository.beforePush = undefined;
    race?.();
    const { publishAs: own } = request;
    if (own !== undefined && !own.startsWith(OWN_BRANCHES))
      throw new GitError('rejected', `${own} is not Sluice's own`);
    if (own === undefined && this.#repository.branches.get(request.branch) !== request.parent) {
      throw new PushRejected(`refs/heads/${request.branch} has moved on the server`);
    }
    const branch = own ?? request.branch;
    const oid = this.#repository.push({ ...request, branch });
    this.#known.add(oid);
    return oid;
  }

  async addNotes(sections: Parameters<GitMirror['addNotes']>[0], _author: Person): Promise<void> {
    this.#repository.reach();
    const { notes } = this.#repository;
    for (const [commit, added] of sections) notes.set(commit, withSections(notes.get(commit) ?? '', added));
  }

  #stored(oid: string): Stored {
    const stored = this.#known.has(oid) ? this.#repository.commits.get(oid) : undefined;
    if (!stored) throw new GitError('not-found', `commit ${oid} is not in the mirror`);
    return stored;
  }

  #below(commit: string, path: string): Map<string, string> {
    const folder = path.replace(/^\.?\/*|\/+$/g, '');
    const inside = (name: string): boolean => folder === '' || name === folder || name.startsWith(`${folder}/`);
    return new Map([...this.#stored(commit).files].filter(([name]) => inside(name)));
  }

  #ancestors(oid: string): Set<string> {
    const seen = new Set<string>();
    const queue = [oid];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (!seen.has(next)) queue.push(...(this.#repository.commits.get(next)?.commit.parents ?? []));
      seen.add(next);
    }
    return seen;
  }
}
