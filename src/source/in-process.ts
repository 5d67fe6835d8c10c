// The port without another process: for tests, the sandbox and simulations. The counts are those of the child, so that a limit is met at
// the same place; time and memory are not watched.
import { fail, ok } from '../api/result.ts';
import type { GitMirror } from '../git/types.ts';
import type { Clock } from '../ports/clock.ts';
import { SOURCE_LIMITS, type SourceLimits } from '../ports/source-budget.ts';
import type { Repository, SourceReader } from '../ports/source-reader.ts';
import { failureOf, perform } from './jobs.ts';
import type { RenderContext } from './render/render.ts';
import { createSourceReader, type Backend, type ReaderOptions } from './reader.ts';

export interface InProcessOptions extends Omit<ReaderOptions, 'backend'> {
  clock: Clock;
  mirrorFor(repository: Repository): Promise<GitMirror>;
  limits?: Readonly<SourceLimits> | undefined;
  /** What tools are run with. Default: nothing is rendered. */
  rendering?: RenderContext | undefined;
}

/** A reader over mirrors of this process. */
export function inProcessReader(options: InProcessOptions): SourceReader {
  const { limits = SOURCE_LIMITS, rendering } = options;
  const mirrorFor = (repository: Repository): Promise<GitMirror> => options.mirrorFor(repository);
  const backend: Backend = {
    async head(request, call) {
      try {
        return ok(await (await mirrorFor(request)).head(request.revision, call));
      } catch (error) {
        return fail(failureOf(error));
      }
    },
    perform: async (job, call) => perform(job, { mirror: await mirrorFor(job.request), limits, rendering, call }),
    close: () => Promise.resolve(),
  };
  return createSourceReader({ ...options, backend });
}
