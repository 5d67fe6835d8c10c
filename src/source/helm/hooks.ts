// Hooks of a chart: what happens to an object that helm would not apply with the others.
import type { KubeObject } from '../../api/k8s.ts';

const HOOK = 'helm.sh/hook';
/** Of `helm test`, which nobody runs here. */
const TESTS = new Set(['test', 'test-success']);
/** Of commands that nothing here is: an Application is not uninstalled, and going back is a commit that is installed like any other. */
const ELSEWHERE = new Set(['pre-delete', 'post-delete', 'pre-rollback', 'post-rollback']);

/** `applied`: it is no hook; `left out`: an installation or upgrade would not run it; else why it cannot be left out. */
export type Verdict = 'applied' | 'left out' | { refused: string };

/** What is to be done with an object of a chart. */
export function verdictOn({ kind, metadata }: KubeObject): Verdict {
  const said = metadata.annotations?.[HOOK];
  if (said === undefined) return 'applied';
  const events = said.split(',').map((event) => event.trim().toLowerCase());
  if (events.every((event) => TESTS.has(event) || ELSEWHERE.has(event))) return 'left out';
  const refused = `${kind} ${metadata.name} is a hook (${HOOK}: ${said}), which is not run yet, and to leave it out could break what depends on it`;
  return {
    refused: `${refused}; switch it off by the chart's values, or take the annotation away and it is applied with the others`,
  };
}

/** Events of hooks that helm did not know and left out, from what it said beside. */
export const unknownHooks = (said: string): string[] =>
  [...said.matchAll(/skipping unknown hooks" hookTypes=("[^"]*"|\S+)/g)].map(([, types = '']) =>
    types.replaceAll('"', ''),
  );
