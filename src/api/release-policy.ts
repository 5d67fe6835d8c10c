// ReleasePolicy and ClusterReleasePolicy: when releases may begin, and the one place to stop them all.
import { z } from 'zod';
import type { ObjectMeta } from './k8s.ts';
import { ruled } from './rules.ts';
import { closedAt, describeClosed, windowsSchema } from './windows.ts';

const policyFields = {
  selector: z
    .object({ matchLabels: z.record(z.string(), z.string()).optional() })
    .optional()
    .describe('Rollouts (and Applications) with all of these labels. Default: all.'),
  appliesTo: z
    .enum(['Releases', 'Everything'])
    .optional()
    .describe(
      'Releases: Rollouts begin no release. Everything: nor do Applications take commits that change anything. Default Releases.',
    ),
  windows: windowsSchema
    .optional()
    .describe('When releases may begin. One that has begun goes on. Default: at any time.'),
  stop: z
    .object({ reason: z.string().min(1).max(256).describe('For people: why.') })
    .optional()
    .describe('Stops the line: releases stand still where they are, and none begins, until this is taken out again.'),
};

const NAME = '[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?';

const namespacePattern = ruled(z.string().min(1).max(63), {
  cel: `self.matches('^${NAME}$')`,
  message: 'must be the name of a namespace; * stands for any part of it, such as team-*',
  holds: (text) => new RegExp(`^${NAME}$`).test(text),
});

export const releasePolicySpecSchema = z.object(policyFields);

export const clusterReleasePolicySpecSchema = z.object({
  namespaces: z
    .array(namespacePattern)
    .max(64)
    .optional()
    .describe('Namespaces that it is about; * stands for any part of a name. Default: all.'),
  ...policyFields,
});

type Spec = z.infer<typeof clusterReleasePolicySpecSchema>;

/** Of either kind; that of a namespace has no `namespaces`. */
export interface ReleasePolicy {
  kind?: string;
  metadata: ObjectMeta;
  spec: Spec;
}

/** That nothing may begin, or go on. */
export interface Closure {
  /** window: what has not begun waits. stop: what has begun stands still, too. */
  kind: 'window' | 'stop';
  /** For people, the same as long as it lasts. */
  text: string;
  /** When it ends by itself; milliseconds since the epoch. */
  until?: number | undefined;
}

interface About {
  namespace: string;
  labels: Readonly<Record<string, string>> | undefined;
}

/** What policies say of one object at a time (milliseconds since the epoch); a stop goes before windows, and of those that which lasts longest. */
export function closureBy(policies: readonly ReleasePolicy[], about: About, now: number): Closure | undefined {
  const all = policies.flatMap((policy) => (isAbout(policy, about) ? closureOf(policy, now) : []));
  return all.toSorted((a, b) => rank(b) - rank(a) || (a.text < b.text ? -1 : 1))[0];
}

const rank = ({ kind, until = Number.MAX_VALUE }: Closure): number => (kind === 'stop' ? Infinity : until);

function isAbout({ metadata, spec }: ReleasePolicy, { namespace, labels = {} }: About): boolean {
  // Of one whose form is not understood nobody knows what it is about: it is taken to be about all that it may reach.
  if (problemOf(spec) !== undefined) return (metadata.namespace ?? namespace) === namespace;
  const isHere =
    metadata.namespace === undefined
      ? (spec.namespaces ?? ['*']).some((pattern) => isLike(namespace, pattern))
      : metadata.namespace === namespace;
  return isHere && Object.entries(spec.selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value);
}

/** Without backtracking, however many stars there are. */
function isLike(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (!text.startsWith(first)) return false;
  const last = rest.pop();
  if (last === undefined) return text === first;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return text.length - from >= last.length && text.endsWith(last);
}

const problems = new WeakMap<object, string>();

/** What was stored under an earlier definition may be of another form; it counts as closed. Undefined: it is as it should be. */
function problemOf(spec: Spec | undefined): string | undefined {
  if (spec === undefined) return 'it has no spec';
  const known = problems.get(spec);
  if (known !== undefined) return known || undefined;
  const [issue] = clusterReleasePolicySpecSchema.safeParse(spec).error?.issues ?? [];
  const problem = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
  problems.set(spec, problem);
  return problem || undefined;
}

function closureOf({ metadata, spec }: ReleasePolicy, now: number): Closure[] {
  const { namespace, name } = metadata;
  const policy = namespace === undefined ? `ClusterReleasePolicy ${name}` : `ReleasePolicy ${namespace}/${name}`;
  const problem = problemOf(spec);
  if (problem !== undefined) return [{ kind: 'window', text: `${policy}, which is not valid: ${problem}` }];
  if (spec.stop) return [{ kind: 'stop', text: `stopped by ${policy}: ${spec.stop.reason}` }];
  const closed = closedAt(spec.windows ?? [], now);
  return closed ? [{ kind: 'window', text: `${policy}: ${describeClosed(closed)}`, until: closed.until }] : [];
}
