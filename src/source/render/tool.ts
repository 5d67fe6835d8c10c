// Runs a plan: in a temporary folder that holds only the plan's files, with an environment that holds nothing of this machine, within limits;
// what it says is told in its own words, with paths of the repository.
import { mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { textOf } from '../../application/source/utf8.ts';
import { GitError } from '../../git/types.ts';
import type { Clock } from '../../ports/clock.ts';
import { RenderFailure } from './failure.ts';
import { runProcess, type ProcessEnd, type ProcessLimits, type ProcessResult } from './process.ts';
import type { RenderPlan } from './renderer.ts';

/** Where tools work, and what they may take. */
export interface ToolRoom {
  /** Folder for temporary ones. */
  folder: string;
  limits: ProcessLimits;
  clock: Clock;
  signal?: AbortSignal | undefined;
  /** Told what has to be killed and removed should this process be gone before it can do so itself; undefined: nothing any more. */
  busy?: ((left: LeftBehind | undefined) => void) | undefined;
}

/** What a run leaves behind when the process that started it is killed. */
export interface LeftBehind {
  folder: string;
  pid?: number | undefined;
}

export interface ToolRun {
  /** Path of the program, and its name for people. */
  program: string;
  name: string;
  plan: Pick<RenderPlan, 'entry' | 'files' | 'instead' | 'aside' | 'args'>;
  /** As a renderer has them. */
  inRepository?: ((said: string) => string) | undefined;
  objection?: ((said: string) => string | undefined) | undefined;
}

const PREFIX = 'render-';
/** No run lasts that long: what is older was left by a process that was killed. */
const ABANDONED_MS = 600_000;
/** Nothing listens there: whatever follows the usual settings for proxies reaches nothing. */
const DEAD_PROXY = 'http://127.0.0.1:9';
const MIB = 2 ** 20;
const SAID_CHARS = 2_000;

/** What the tool printed. Throws GitError `rejected` in its words where it refuses the files, RenderFailure for limits and its end. */
export function runTool(run: ToolRun, room: ToolRoom): Promise<string> {
  const { program, plan } = run;
  return inFreshFolder(room, async (folder) => {
    const places = { root: join(folder, 'repository'), aside: join(folder, 'aside') };
    for (const name of ['repository', 'aside', 'home', 'tmp']) await mkdir(join(folder, name));
    await write(places, plan);
    const args = plan.args.map((arg) => arg.replaceAll('{root}', places.root).replaceAll('{aside}', places.aside));
    const result = await runProcess({
      ...room,
      program,
      args,
      cwd: places.root,
      env: environment(folder, room.limits),
      started: (pid) => room.busy?.({ folder, pid }),
    });
    return printed(result, run, room.limits, (text) => {
      const said = inRepository(text, folder, places);
      return run.inRepository?.(said) ?? said;
    });
  });
}

/** Works in a folder of its own, which is gone afterwards, also should this process be killed in between. */
export async function inFreshFolder<T>(
  room: Pick<ToolRoom, 'folder' | 'busy'>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await freshFolder(room.folder);
  try {
    room.busy?.({ folder });
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    room.busy?.(undefined);
  }
}

async function freshFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const names = await readdir(parent);
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const path = join(parent, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
  return realpath(await mkdtemp(join(parent, PREFIX)));
}

async function write({ root, aside }: { root: string; aside: string }, plan: ToolRun['plan']): Promise<void> {
  for (const [path, bytes] of plan.files) await writeInside(root, path, plan.instead?.get(path) ?? bytes);
  for (const [path, text] of plan.aside ?? []) await writeInside(aside, path, text);
}

/** Links of a commit are written as what they lead to: nothing in the folder leads out of it. */
async function writeInside(root: string, path: string, content: Uint8Array | string): Promise<void> {
  if (path.includes('\0') || path.split('/').some((name) => /^\.{0,2}$/.test(name)))
    throw new GitError('rejected', `${JSON.stringify(path)} is not a path that can be written; rename it`);
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content, { flag: 'wx', mode: 0o600 });
}

/** All that the tool gets to know: folders of its own, proxies that are dead, and no other program. */
function environment(folder: string, { memoryBytes }: ProcessLimits): Record<string, string> {
  const home = join(folder, 'home');
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [
    [name, DEAD_PROXY],
    [name.toLowerCase(), DEAD_PROXY],
  ]);
  return {
    ...Object.fromEntries(proxies),
    NO_PROXY: '',
    PATH: join(folder, 'no-programs'),
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_DATA_HOME: join(home, 'data'),
    TMPDIR: join(folder, 'tmp'),
    GOMEMLIMIT: `${Math.max(32, Math.floor((memoryBytes * 0.8) / MIB))}MiB`,
  };
}

function printed(
  { end, stdout, stderr }: ProcessResult,
  { name, plan, objection }: ToolRun,
  limits: ProcessLimits,
  told: (text: string) => string,
): string {
  if (end.by !== 'exit') throw failure(end, name, plan.entry, limits);
  if (end.code !== 0) {
    const words = told(stderr).replace(/^Error: /, '') || `ended with ${end.code}`;
    throw new GitError('rejected', `${plan.entry}: ${name} says: ${words}`);
  }
  const objected = objection?.(stderr);
  if (objected !== undefined) throw new GitError('rejected', objected);
  const text = textOf(stdout);
  if ('text' in text) return text.text;
  throw new GitError('rejected', `${plan.entry}: what ${name} printed cannot be read: ${text.problem}`);
}

function failure(end: Exclude<ProcessEnd, { by: 'exit' }>, name: string, at: string, limits: ProcessLimits): Error {
  switch (end.by) {
    case 'abort':
      return new RenderFailure('Cancelled', 'nobody waits for it any more');
    case 'error':
      return new RenderFailure('ReaderKilled', `${name} could not be started: ${end.message}; it is tried again`);
    case 'signal':
      return new RenderFailure(
        'ReaderKilled',
        `${name} was killed (${end.name}) by something outside; it is tried again`,
      );
    case 'limit':
      return limitMet(end.limit, name, at, limits);
  }
}

function limitMet(limit: keyof ProcessLimits, name: string, at: string, limits: ProcessLimits): RenderFailure {
  const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;
  const [what, met] = (
    {
      timeMs: [`more than ${Math.round(limits.timeMs / 1000)} s; make it smaller`, 'time'],
      memoryBytes: [
        `more than ${mib(limits.memoryBytes)} of memory; make it smaller, or raise --source-memory`,
        'memory',
      ],
      outputBytes: [
        `more than ${mib(limits.outputBytes)} to print it; split it into several Applications`,
        'manifestBytes',
      ],
    } as const
  )[limit];
  return new RenderFailure('SourceTooLarge', `${at}: ${name} took ${what}`, met);
}

/** What was said, on one line and with no path of this machine. */
function inRepository(text: string, folder: string, { root, aside }: { root: string; aside: string }): string {
  const replaced = text
    .replaceAll(`${root}/`, '')
    .replaceAll(root, 'the repository')
    .replaceAll(`${aside}/`, '')
    .replaceAll(folder, 'the temporary folder');
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is taken out
  const line = replaced.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return line.length > SAID_CHARS ? `${line.slice(0, SAID_CHARS)} …` : line;
}
