/** The command line was wrong; the message says how, and where to read about it follows. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
