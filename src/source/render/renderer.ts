// What a tool that renders manifests has to say of itself. What it is given is a set of files and arguments, what it answers is text: how it is
// run within limits is in tool.ts, the same for each.
import type { Manifest } from '../../ports/source-reader.ts';
import type { RenderOptions, RenderTool } from '../../ports/rendering.ts';

/** Files of one commit, read one at a time, and counted against the budget of the source. Paths are from the root of the repository. */
export interface CommitFiles {
  /** What a path is, links followed; undefined where there is nothing. */
  kind(path: string): Promise<'file' | 'folder' | undefined>;
  /** Names in a folder, sorted. Throws where it is none. */
  names(folder: string): Promise<readonly string[]>;
  /** Bytes of a file. Throws where it is none. */
  read(path: string): Promise<Uint8Array>;
}

/** What a tool is to do, as a value: nothing else of the commit or of this machine reaches it. */
export interface RenderPlan {
  /** Content by path from the root of the repository; they are all that the tool sees. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Arguments; `{root}` in them is the folder that the files are in. */
  readonly args: readonly string[];
}

export interface Renderer {
  readonly tool: RenderTool;
  /** Whether a folder that holds these names is input of this tool. */
  claims(names: readonly string[]): boolean;
  /** Reads what the rendering of a folder needs. Throws GitError `rejected`, with file and field, for what would be fetched from elsewhere. */
  plan(path: string, files: CommitFiles, options: RenderOptions): Promise<RenderPlan>;
  /** The objects in what the tool printed, each with the file that declares it. */
  manifests(output: string, plan: RenderPlan): Manifest[];
}
