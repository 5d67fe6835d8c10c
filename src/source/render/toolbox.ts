// The tools of this machine: where they are, and which version each is of.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import semver from 'semver';
import { GitError } from '../../git/types.ts';
import type { RenderTool } from '../../ports/rendering.ts';
import { RenderFailure } from './failure.ts';
import type { Renderer } from './renderer.ts';
import { RENDERERS } from './renderers.ts';
import { runTool, type ToolRoom } from './tool.ts';

/** Programs by tool, as absolute paths; undefined: it is not on this machine. */
export type ToolPaths = Readonly<Partial<Record<RenderTool, string | undefined>>>;

/** The tools that are named, and else those on the PATH. */
export function findTools(named: ToolPaths, path = process.env['PATH'] ?? ''): ToolPaths {
  const found = RENDERERS.map(({ tool, program }): [RenderTool, string | undefined] => {
    const given = named[tool];
    return [tool, given === undefined ? onPath(program, path) : resolve(given)];
  });
  return Object.fromEntries(found);
}

/** Where a program of that name is; undefined: it is not on the PATH. */
export const onPath = (program: string, path = process.env['PATH'] ?? ''): string | undefined =>
  path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, program))
    .find((file) => isProgram(file));

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** What a renderer is run with. */
export interface FoundTool {
  program: string;
  version: string;
}

/** Versions that were read, by program: a process asks each once. */
const versions = new Map<string, string>();

/** The tool of a renderer. Throws GitError `rejected` with `at` in front where it is missing or of a version that is not run. */
export async function toolOf(renderer: Renderer, at: string, tools: ToolPaths, room: ToolRoom): Promise<FoundTool> {
  const { tool, program: name, supported, byHand } = renderer;
  const program = tools[tool];
  const instead = `plain YAML is read without it: commit what ${byHand} prints`;
  if (program === undefined || !isProgram(program)) {
    const where = program === undefined ? 'not on the PATH of Sluice' : `not at ${program}`;
    const said = `this is input of ${tool}, and ${name} is ${where} (--${name} PATH names it); ${instead}`;
    throw new GitError('rejected', `${at}: ${said}`);
  }
  const version = versions.get(program) ?? (await versionOf(renderer, program, room));
  versions.set(program, version);
  if (semver.satisfies(version, supported, { includePrerelease: true })) return { program, version };
  throw new GitError('rejected', `${at}: ${name} is ${version}, and Sluice runs ${supported}; ${instead}`);
}

async function versionOf(
  { program: name, versionArgs: args }: Renderer,
  program: string,
  room: ToolRoom,
): Promise<string> {
  const said = await runTool(
    { program, name, plan: { entry: `${name} ${args.join(' ')}`, files: new Map(), args } },
    room,
  );
  const version = /\bv?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?/.exec(said)?.[0];
  if (version !== undefined) return version.startsWith('v') ? version : `v${version}`;
  throw new RenderFailure(
    'ReaderKilled',
    `${program} ${args.join(' ')} tells no version: ${said.slice(0, 200).trim()}`,
  );
}
