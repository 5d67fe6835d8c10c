// Where a command's output goes, and what it may take from around it: parameters, so that tests give their own.

export interface Output {
  /** Standard output. */
  out: (text: string) => void;
  /** One line of standard error. */
  err: (line: string) => void;
  /** Whether people read standard output as it comes. */
  isTerminal: boolean;
  /** The folder that relative paths begin at. */
  cwd: string;
}

/** Those of this process. Who reads no further, as `head` does, ends it. */
export function ownOutput(): Output {
  process.stdout.once('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
  return {
    out: (text) => void process.stdout.write(text),
    err: (line) => void process.stderr.write(`${line}\n`),
    isTerminal: process.stdout.isTTY,
    cwd: process.cwd(),
  };
}

/** On one line and without what a terminal would act on. */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is taken out
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
