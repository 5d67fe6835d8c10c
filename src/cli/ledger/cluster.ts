// The cluster as the commands of the ledger ask it: by a kubeconfig, in a namespace, and in JSON where that is wanted.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { KubeClient } from '../../kube/types.ts';
import { plainJson, plainText } from '../../ledger/text.ts';
import { systemClock, type Clock } from '../../ports/clock.ts';
import { connected } from '../connected.ts';
import { UsageError } from '../usage-error.ts';

/** Flags of every command that asks a cluster. */
export const CLUSTER_FLAGS = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  json: { type: 'boolean' },
} as const;

type Flags = NonNullable<ParseArgsConfig['options']>;

/** Values of flags, and the names beside them: as many as `names` says, in words. */
export function flagsOf<F extends Flags>(argv: readonly string[], options: F, names: readonly string[]) {
  try {
    const parsed = parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
    const [missing] = names.slice(parsed.positionals.length);
    if (missing !== undefined) throw new Error(`say which ${missing}`);
    const [extra] = parsed.positionals.slice(names.length);
    if (extra !== undefined) throw new Error(`${extra}: nothing is expected here`);
    return parsed;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export interface Around {
  client: Pick<KubeClient, 'get' | 'list' | 'patch' | 'resourceFor'>;
  /** That is meant, by a flag or by the context of the kubeconfig. */
  namespace: string;
  clock: Clock;
  print: Print;
}

/** One line, or several. What steers a terminal is written as an escape. */
export type Print = (line: string) => void;

/** To the standard output. */
export const toStdout: Print = (line) => void process.stdout.write(`${line}\n`);

/** Prints lines that others may have written in part, or a value as JSON. */
export function printed(print: Print, lines: readonly string[], json: { value: unknown } | undefined): void {
  if (json === undefined) for (const line of lines) print(plainText(line));
  else print(plainJson(json.value, 2));
}

/** Asks the cluster that the flags name; the connections end with it. */
export async function withCluster<T>(
  flags: { kubeconfig?: string | undefined; context?: string | undefined; namespace?: string | undefined },
  use: (around: Around) => Promise<T>,
): Promise<T> {
  return connected(flags, ({ client, namespace }) =>
    use({ client, namespace: flags.namespace ?? namespace, clock: systemClock, print: toStdout }),
  );
}
