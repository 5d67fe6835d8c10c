/** The command line was wrong; the message says how, and usage follows it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
