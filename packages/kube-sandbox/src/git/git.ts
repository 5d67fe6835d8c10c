// Runs the git binary, untouched by how the machine or its user has set it up.
import { spawnSync } from 'node:child_process';

/** No configuration of the machine or its user, so that every machine serves alike. */
export function gitEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    ...more,
  };
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  input?: string;
}

/** What it prints; throws with what it complains of. */
export function git(args: readonly string[], { env, input }: RunOptions = {}): string {
  const run = spawnSync('git', args, {
    encoding: 'utf8',
    env: gitEnvironment(env),
    ...(input === undefined ? {} : { input }),
  });
  if (run.error !== undefined) throw new Error(`cannot run git: ${run.error.message}`);
  if (run.status !== 0) throw new Error(`git ${args.join(' ')} failed: ${run.stderr.trim()}`);
  return run.stdout;
}
