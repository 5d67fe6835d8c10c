#!/usr/bin/env -S node --optimize-for-size --max-semi-space-size=2
// The flags above keep a third of the resident memory away, for somewhat more CPU. They have to be there when the process starts.
//
// The command line: finds the command, loads its module alone, and turns what goes wrong into one readable line.
import type { Command } from './cli/command.ts';
import { COMMANDS, usage } from './cli/commands.ts';
import { compileLater } from './cli/compile-later.ts';
import { UsageError } from './cli/usage-error.ts';
import { withoutCredentials } from './secrecy/credentials.ts';

const HELP = ['--help', '-h'];

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || ['help', ...HELP].includes(name)) {
    process.stdout.write(usage());
    return name === undefined ? 2 : 0;
  }
  const known = name === '--version' ? 'version' : name;
  const command = Object.hasOwn(COMMANDS, known) ? COMMANDS[known] : undefined;
  if (command === undefined) throw new UsageError(`there is no command "${name}"\n\n${usage().trimEnd()}`);
  if (rest.some((arg) => HELP.includes(arg))) {
    process.stdout.write(`${command.help}\n`);
    return 0;
  }
  return runCommand(known, command, rest);
}

/** A command that was given what it does not take says where its help is. */
async function runCommand(name: string, command: Command, args: readonly string[]): Promise<number> {
  const run = await command.load();
  try {
    return await run(args);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${error.message}\nsee: sluice ${name} --help`);
    throw error;
  }
}

compileLater();
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const usageFault = error instanceof UsageError;
    const text =
      error instanceof Error
        ? usageFault || process.env['SLUICE_DEBUG'] === undefined
          ? error.message
          : error.stack
        : error;
    process.stderr.write(`sluice: ${withoutCredentials(String(text))}\n`);
    process.exitCode = usageFault ? 2 : 1;
  },
);
