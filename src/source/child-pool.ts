// The port by child processes: a few, started when there is work and ended when there is none. References are listed by the parent:
// that is small, and an idle fleet does nothing else.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryUrl } from '../api/repository-url.ts';
import { targetRevision } from '../api/target-revision.ts';
import { fail, ok } from '../api/result.ts';
import { MirrorFolders, type MirrorFoldersOptions } from '../git/folders.ts';
import type { GitEgress } from '../git/transport.ts';
import { mirrorFolder } from '../git/mirror.ts';
import { GitServer } from '../git/server.ts';
import { SOURCE_LIMITS, type SourceLimits } from '../ports/source-budget.ts';
import type { SourceReader } from '../ports/source-reader.ts';
import { Child, type ChildOptions } from './child.ts';
import { failureOf, type Job } from './jobs.ts';
import { RENDER_MS } from './render/render.ts';
import type { ToolPaths } from './render/toolbox.ts';
import { createSourceReader, type Backend, type ReaderOptions, type Work } from './reader.ts';

export interface SourcePoolOptions extends MirrorFoldersOptions, Omit<ReaderOptions, 'backend'> {
  limits?: Readonly<SourceLimits> | undefined;
  /** Bytes of resident memory at which a child is killed. Default 400 MiB. */
  memoryBytes?: number | undefined;
  /** Tools that render. Default: none. */
  tools?: ToolPaths | undefined;
  /** The program that checks signatures of OpenPGP. Default: none counts. */
  gpg?: string | undefined;
  /** Milliseconds that children without work stay: the last one, and any beside it. Default ten minutes and 30 s. */
  restMs?: { last: number; more: number } | undefined;
  /** Whether this process may still write, asked before each push. Default: it may. */
  mayPush?: (() => boolean | Promise<boolean>) | undefined;
  egress?: GitEgress | undefined;
}

/** A reader whose work happens in children of this process. */
export const createSourcePool = (options: SourcePoolOptions): SourceReader =>
  createSourceReader({ ...options, backend: new Pool(options) });

class Pool implements Backend {
  readonly #options: SourcePoolOptions;
  readonly #child: ChildOptions;
  readonly #folders: MirrorFolders;
  readonly #resting = new Map<Child, () => void>();
  readonly #working = new Set<Child>();

  constructor(options: SourcePoolOptions) {
    const { clock, directory, limits = SOURCE_LIMITS, memoryBytes = 400 * 2 ** 20, mayPush, egress } = options;
    this.#options = options;
    this.#folders = new MirrorFolders(options);
    const folder = join(directory ?? join(tmpdir(), 'sluice-git'), 'renderings');
    const rendering = { tools: options.tools ?? {}, gpg: options.gpg, folder, memoryBytes, timeMs: RENDER_MS };
    const setup = { directory, limits, asksForAddresses: egress !== undefined, rendering };
    this.#child = { clock, setup, memoryBytes, mayPush, egress };
  }

  readonly head: Backend['head'] = async ({ repoURL: url, credentials, revision }, call) => {
    const { clock, egress, limits = SOURCE_LIMITS } = this.#options;
    try {
      const server = new GitServer({ url, credentials, clock, egress, limits });
      return ok((await server.locate(targetRevision(revision), call))?.commit);
    } catch (error) {
      return fail(failureOf(error));
    }
  };

  readonly perform: Backend['perform'] = async (job, work) => {
    const refused = this.#refusal(job);
    if (refused) return refused;
    const { repoURL: url, credentials } = job.request;
    const folder = mirrorFolder({ url, credentials, directory: this.#options.directory });
    return this.#folders.use(folder, () => this.#perform(job, work));
  };

  /** A child is there when the branch has been looked at. */
  expect(): void {
    if (this.#resting.size === 0 && this.#working.size === 0) this.#rest(new Child(this.#child));
  }

  async #perform(job: Job, work: Work): ReturnType<Backend['perform']> {
    const child = this.#take();
    this.#working.add(child);
    try {
      return await child.perform(job, work);
    } finally {
      this.#working.delete(child);
      if (!child.ended) this.#rest(child);
    }
  }

  close(): Promise<void> {
    for (const [child, cancel] of this.#resting) {
      cancel();
      child.end();
    }
    this.#resting.clear();
    for (const child of this.#working) child.end();
    return Promise.resolve();
  }

  /** What a host's name resolves to is looked at by each connection; what is written as an address is looked at here. */
  #refusal({ request }: Job): ReturnType<typeof fail<ReturnType<typeof failureOf>>> | undefined {
    try {
      this.#options.egress?.check(repositoryUrl(request.repoURL) ?? new URL(request.repoURL), 'git');
      return undefined;
    } catch (error) {
      return fail({ reason: 'GitUnreachable', message: error instanceof Error ? error.message : String(error) });
    }
  }

  #take(): Child {
    for (const [child, cancel] of this.#resting) {
      cancel();
      this.#resting.delete(child);
      if (!child.ended) return child;
    }
    return new Child(this.#child);
  }

  #rest(child: Child): void {
    const { clock, restMs = { last: 600_000, more: 30_000 } } = this.#options;
    const isLast = this.#resting.size === 0;
    this.#resting.set(
      child,
      clock.after(isLast ? restMs.last : restMs.more, () => {
        this.#resting.delete(child);
        child.end();
      }),
    );
  }
}
