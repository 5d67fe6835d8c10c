// A folder of a checkout, or of one of its commits, read as the agent would read it for an Application: in this process, with the tools of
// this machine, and without a cluster.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Application } from '../api/application.ts';
import { renderedAround, survey, type Survey } from '../source/survey.ts';
import type { TreeObjects } from '../git/working-tree.ts';
import { check, UNCOMMITTED, type Checked } from '../plan/declared.ts';
import { findingOf, type Finding } from '../plan/finding.ts';
import { systemClock } from '../ports/clock.ts';
import type { HelmOptions, Rendering } from '../ports/rendering.ts';
import { SOURCE_LIMITS } from '../ports/source-budget.ts';
import type { SkippedFile, SourceCommit } from '../ports/source-reader.ts';
import { declaredIn, failureOf } from '../source/jobs.ts';
import type { RenderContext } from '../source/render/render.ts';
import type { ToolPaths } from '../source/render/toolbox.ts';

/** Where files are read: the tree of a commit, or what is checked out. */
export interface Files {
  objects: TreeObjects;
  tree: string;
  /** Undefined for what is checked out. */
  commit?: SourceCommit | undefined;
}

/** What is read, as an Application says it. */
export interface Subject {
  app?: Application | undefined;
  name?: string | undefined;
  namespace: string;
  path: string;
  exclude: readonly string[];
  helm?: HelmOptions | undefined;
}

/** What came of it. */
export interface Reading {
  /** Undefined where it could not be read at all. */
  checked: Checked | undefined;
  rendered: Rendering | undefined;
  /** Why a commit with it would be refused. */
  problems: Finding[];
  notes: string[];
  skipped: readonly SkippedFile[];
  /** There is no such path. */
  isMissing?: boolean;
  /** What else is there, where nothing was rendered. */
  others?: Survey | undefined;
  /** Of what could not be read: the folder above that is rendered as a whole. */
  around?: string | undefined;
}

export interface Tools {
  paths: ToolPaths;
  /** Version of Kubernetes that charts are told, such as `v1.34.0`. Default: what helm says by itself. */
  kubeVersion?: string | undefined;
}

/** Of this process and a tool together. */
const MEMORY_BYTES = 2 * 2 ** 30;
const TOOL_MS = 120_000;

/** Calls `work` with what tools are run with, in a temporary folder of its own. */
export async function withTools<T>(tools: Tools, work: (context: RenderContext) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tools-'));
  try {
    return await work({ tools: tools.paths, folder, memoryBytes: MEMORY_BYTES, timeMs: TOOL_MS, clock: systemClock });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads and checks what a subject declares in these files. Never rejects for what they are like. */
export async function read(files: Files, subject: Subject, tools: Tools, rendering: RenderContext): Promise<Reading> {
  const { path, exclude, namespace, app } = subject;
  const request = { path, exclude, render: optionsOf(subject, tools) };
  try {
    const found = await declaredIn(files.tree, request, { mirror: files.objects, limits: SOURCE_LIMITS, rendering });
    if (!found.ok) {
      const problems = found.error.map(({ path: file, line, message }): Finding => ({ file, line, message }));
      return { ...unread(problems), around: await renderedAround(files.tree, path, files.objects) };
    }
    const { skipped, rendered } = found.value;
    const checked = check({ commit: files.commit ?? UNCOMMITTED, ...found.value }, { namespace, app });
    const others = rendered === undefined ? await survey(files.tree, { path, exclude }, files.objects) : undefined;
    const problems = checked.problems.map(({ path: file, line, message }): Finding => ({ file, line, message }));
    return { checked, rendered, problems, notes: checked.notes, skipped, others };
  } catch (error) {
    const { reason, message } = failureOf(error);
    const others = await survey(files.tree, { path, exclude }, files.objects).catch(() => undefined);
    return { ...unread([findingOf(message)]), isMissing: reason === 'SourceNotFound', others };
  }
}

const unread = (problems: Finding[]): Reading => ({
  checked: undefined,
  rendered: undefined,
  problems,
  notes: [],
  skipped: [],
});

function optionsOf({ name, namespace, helm }: Subject, { kubeVersion }: Tools) {
  return {
    namespace,
    ...(name === undefined ? {} : { name }),
    ...(helm === undefined ? {} : { helm }),
    ...(kubeVersion === undefined ? {} : { cluster: { version: kubeVersion, apiVersions: [] } }),
  };
}
