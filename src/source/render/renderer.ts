// What a tool that renders manifests has to say of itself. What it is given is a set of files and arguments, what it answers is text: how it is
// run within limits is in tool.ts, the same for each.
import type { KubeObject } from '../../api/k8s.ts';
import type { Manifest } from '../../ports/source-reader.ts';
import type { RenderOptions, RenderTool } from '../../ports/rendering.ts';

/** What is at a path, links followed. */
export interface FoundPath {
  type: 'file' | 'folder';
  /** The same without links. */
  path: string;
}

/** Files of one commit, read one at a time, and counted against the budget of the source. Paths are from the root of the repository. */
export interface CommitFiles {
  /** Undefined where there is nothing. Throws GitError `rejected` for a submodule, and for a link that leads out of the repository. */
  find(path: string): Promise<FoundPath | undefined>;
  /** Names in a folder, sorted. Throws where it is none, and for a name that no file system can hold. */
  names(folder: string): Promise<readonly string[]>;
  /** Bytes of a file. Throws where it is none. */
  read(path: string): Promise<Uint8Array>;
}

/** What a tool is to do, as a value: nothing else of the commit or of this machine reaches it. */
export interface RenderPlan {
  /** The file that makes the folder input of the tool. */
  readonly entry: string;
  /** Files of the commit by path from the root of the repository; they are all of it that the tool sees. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What stands in the place of some of them in the temporary copy. */
  readonly instead?: ReadonlyMap<string, string> | undefined;
  /** Files that are not of the commit, such as values that the Application gives, by name. */
  readonly aside?: ReadonlyMap<string, string> | undefined;
  /** Arguments; in them `{root}` is the folder with the files, `{aside}` that with the others. */
  readonly args: readonly string[];
}

/** One object of what the tool printed, as it is applied. */
export interface Rendered {
  object: KubeObject;
  /** The file of the commit that declares it; undefined where that is not known. */
  path: string | undefined;
}

export interface Renderer {
  readonly tool: RenderTool;
  /** Name of the program. */
  readonly program: string;
  /** Arguments that make it print its version: the first `v1.2.3` in it is taken. */
  readonly versionArgs: readonly string[];
  /** Versions that are run. */
  readonly supported: string;
  /** What a person runs instead, where the program is missing. */
  readonly byHand: string;
  /** The name among those in a folder that makes it input of this tool. */
  claims(names: readonly string[]): string | undefined;
  /** Reads what the rendering of a folder needs. Throws GitError `rejected`, with file and field, for what would be fetched from elsewhere. */
  plan(path: string, files: CommitFiles, options: RenderOptions): Promise<RenderPlan>;
  /** One printed object, its document's text in `source.text`, with its place in the repository. */
  rendered(manifest: Manifest, plan: RenderPlan): Rendered;
  /** Whether it has to be seen that it prints the same again, before anything is applied. Default: what it prints is the same each time. */
  isAnotherEachTime?(plan: RenderPlan): boolean;
  /** What it says, in which paths of the temporary copy are replaced already, with its own names for files replaced, too. */
  inRepository?(said: string, plan: RenderPlan): string;
  /** Why what it printed is not all that was meant, from what it said beside it. */
  objection?(said: string, plan: RenderPlan): string | undefined;
}
