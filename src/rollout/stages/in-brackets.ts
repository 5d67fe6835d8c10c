// What somebody says of it, behind what it is.

export const inBrackets = (message: string | undefined): string =>
  message === undefined || message === '' ? '' : ` (${message})`;
