// Why nothing was rendered, where the reason is not the commit's alone.
import type { SourceFailure } from '../../ports/source-reader.ts';

/** The tool is missing, met a limit, or ended in another way than by itself. The message is for people. */
export class RenderFailure extends Error {
  override readonly name = 'RenderFailure';
  readonly reason: SourceFailure['reason'];
  readonly limit: SourceFailure['limit'];

  constructor(reason: SourceFailure['reason'], message: string, limit?: SourceFailure['limit']) {
    super(message);
    this.reason = reason;
    this.limit = limit;
  }
}
