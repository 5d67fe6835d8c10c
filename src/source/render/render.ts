// A folder of a commit that is input of a tool, rendered: which tool, what it gets, what it printed, and the objects in that.
import { readManifests, type Problem } from '../../application/source/manifests.ts';
import { textOf } from '../../application/source/utf8.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import type { Rendering, RenderOptions } from '../../ports/rendering.ts';
import type { SourceBudget } from '../../ports/source-budget.ts';
import type { Manifest } from '../../ports/source-reader.ts';
import { GitError } from '../../git/types.ts';
import type { Clock } from '../../ports/clock.ts';
import { renderKey, type RenderCache } from './cache.ts';
import type { CommitFiles, Renderer, RenderPlan } from './renderer.ts';
import { runTool, type LeftBehind, type ToolRoom } from './tool.ts';
import { toolOf, type FoundTool, type ToolPaths } from './toolbox.ts';

/** What tools are run with, as a value that survives the way between processes. */
export interface RenderSetup {
  tools: ToolPaths;
  /** The program that checks signatures of OpenPGP; undefined: there is none, and none counts. */
  gpg?: string | undefined;
  /** Folder for temporary ones. */
  folder: string;
  /** Resident bytes that this process and a tool may have together. */
  memoryBytes: number;
  /** Milliseconds that a tool may run. */
  timeMs: number;
}

export interface RenderContext extends RenderSetup {
  clock: Clock;
  cache?: RenderCache | undefined;
  signal?: AbortSignal | undefined;
  busy?: ((left: LeftBehind | undefined) => void) | undefined;
}

export interface RenderRequest {
  renderer: Renderer;
  /** The folder, from the root of the repository. */
  path: string;
  options: RenderOptions;
}

export interface RenderedContent {
  rendering: Rendering;
  manifests: Manifest[];
  /** Texts of the files of the commit that went in, by path; those that are no text are left out. */
  files: Map<string, string>;
}

/** Milliseconds that a tool may run, where nothing else is said. */
export const RENDER_MS = 45_000;
/** A tool that has less cannot begin. */
const LEAST_BYTES = 64 * 2 ** 20;

/** Renders a folder. Throws GitError, RenderFailure and LimitExceeded; problems are those of what was printed. */
export async function render(
  { renderer, path, options }: RenderRequest,
  files: CommitFiles,
  budget: SourceBudget,
  context: RenderContext,
): Promise<Result<RenderedContent, Problem[]>> {
  const room = roomOf(context, budget);
  const entry = renderer.claims(await files.names(path)) ?? '';
  const at = path === '' ? entry : `${path}/${entry}`;
  const tool = await toolOf(renderer, at, context.tools, room);
  const plan = await renderer.plan(path, files, options);
  const output = await outputOf({ renderer, plan, tool }, room, context.cache);
  const printed = readManifests([{ path: `${path || 'the repository'} as rendered`, text: output }], budget);
  if (!printed.ok) return fail(printed.error);
  const manifests = printed.value.manifests.map((manifest) => attributed(manifest, renderer, plan));
  return ok({
    rendering: { tool: renderer.tool, version: tool.version },
    manifests,
    files: textsOf(plan),
  });
}

function roomOf({ folder, memoryBytes, timeMs, clock, signal, busy }: RenderContext, budget: SourceBudget): ToolRoom {
  const left = Math.max(memoryBytes - process.memoryUsage.rss(), LEAST_BYTES);
  return {
    folder,
    limits: { timeMs, memoryBytes: left, outputBytes: budget.limits.manifestBytes },
    clock,
    signal,
    busy,
  };
}

async function outputOf(
  { renderer, plan, tool }: { renderer: Renderer; plan: RenderPlan; tool: FoundTool },
  room: ToolRoom,
  cache: RenderCache | undefined,
): Promise<string> {
  const key = renderKey(plan, tool);
  const known = await cache?.get(key);
  if (known !== undefined) return known;
  const run = {
    program: tool.program,
    name: renderer.program,
    plan,
    inRepository: (said: string) => renderer.inRepository?.(said, plan) ?? said,
    objection: (said: string) => renderer.objection?.(said, plan),
  };
  const output = await runTool(run, room);
  if (renderer.isAnotherEachTime?.(plan) === true && (await runTool(run, room)) !== output) throw anotherEachTime(plan);
  await cache?.put(key, output);
  return output;
}

/** What is applied must follow from the commit: else a restart of this process would release something else by itself. */
const anotherEachTime = ({ entry }: RenderPlan): GitError =>
  new GitError(
    'rejected',
    `${entry}: it renders something else each time (a random text, the time, an order that is not kept), so that no commit says what runs; give what is drawn as a value`,
  );

/** The place in what was printed is no place in a file of the commit: no text is kept, so that nothing is ever written by it. */
function attributed(manifest: Manifest, renderer: Renderer, plan: RenderPlan): Manifest {
  const { object, path = plan.entry } = renderer.rendered(manifest, plan);
  return { object, source: { path, line: 1, document: 0, text: '', rendered: plan.entry } };
}

function textsOf({ files }: RenderPlan): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [path, bytes] of files) {
    const read = textOf(bytes);
    if ('text' in read) texts.set(path, read.text);
  }
  return texts;
}
