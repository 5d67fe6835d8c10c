// What a command of `sluice` is: help for people, and a module that is loaded only when it is called.

export type Run = (argv: readonly string[]) => Promise<number>;

export interface Command {
  summary: string;
  help: string;
  load: () => Promise<Run>;
}
