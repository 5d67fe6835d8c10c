// Hooks of a commit that is yet to be taken: each is tried as it would be created. Pure.
import { shortHash } from '../../../rollout/hash.ts';
import type { CheckRequest } from '../../intents.ts';
import type { Declared, Seen } from '../../seen.ts';
import type { DeclaredHook } from '../../source/desired.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { bodyOfRun, plannedRun } from './record.ts';

export interface HookTrial {
  hook: DeclaredHook;
  request: CheckRequest;
  /** Why it cannot come to run, before the server is asked. */
  problem?: string;
}

/** None where this content was taken before. */
export function hookTrials({ hooks, content, commit }: Declared, seen: Seen): HookTrial[] {
  if (seen.status.hooks?.content === content) return [];
  return hooks.flatMap((hook): HookTrial[] => {
    const run = plannedRun(hook, hook.phases[0] ?? 'Sync', { content, commit: commit.oid });
    const body = bodyOfRun(hook, run, seen.owner);
    const fingerprint = fingerprintOf(shortHash(body), undefined);
    const request: CheckRequest = { key: hook.key, ref: hook.ref, fingerprint, body, create: true };
    if (seen.served(hook.object.apiVersion, hook.ref.kind)) return [{ hook, request }];
    return isFirst(hook) ? [{ hook, request, problem: tooEarly(`needs the definition of ${hook.ref.kind}`) }] : [];
  });
}

/** It runs before anything that the commit brings is there. */
export const isFirst = ({ phases }: DeclaredHook): boolean => phases.includes('PreSync');

/** As it is said of a hook that needs what comes after it. */
export const tooEarly = (message: string): string =>
  `${message}, and what the same commit brings is applied after its PreSync hooks: make it a Sync hook, or bring that with an earlier commit`;
