// Which Secrets may go to which host: where the operator said, where the Secret itself says, and to the controller's own Prometheus.
import { HOSTS_ANNOTATION, type EgressPolicy, type EgressUse, type SecretOrigin } from '../ports/egress.ts';
import { hostText, matchesHost, parseHostPattern, targetOf, type HostPattern, type Target } from './hosts.ts';

const FLAGS = { analysis: '--analysis-hosts', git: '--git-hosts' } as const;

export const flagOf = (use: EgressUse): string => FLAGS[use];

/** What the operator listed for a use; entries that name no host match nothing. */
export function listed(policy: EgressPolicy, use: EgressUse): HostPattern[] {
  const entries = (use === 'git' ? policy.gitHosts : policy.analysisHosts) ?? [];
  return entries.map(parseHostPattern).filter((pattern) => pattern !== undefined);
}

/** Whether the target is the Prometheus of --prometheus, which belongs to the operator. */
export function isOwnPrometheus(policy: EgressPolicy, target: Target, use: EgressUse): boolean {
  const own = use === 'analysis' && policy.prometheus !== undefined ? targetOf(policy.prometheus) : undefined;
  return own?.host === target.host && own.port === target.port && own.scheme === target.scheme;
}

/** Why values of the Secret may not be sent to the URL, as a sentence without any of them; undefined where they may. */
export function secretRefusal(
  secret: SecretOrigin,
  url: string | URL,
  use: EgressUse,
  policy: EgressPolicy,
): string | undefined {
  const target = targetOf(url);
  if (target === undefined) return 'Secrets are sent to http, https and ssh URLs only';
  if (isOwnPrometheus(policy, target, use)) return undefined;
  // Of a key nothing is sent, and it is used only with a host that proves a key of the Secret's own known_hosts: that names its hosts.
  if (target.scheme === 'ssh' && !Object.hasOwn(secret.annotations ?? {}, HOSTS_ANNOTATION)) return undefined;
  const named = [...listed(policy, use), ...annotated(secret)];
  // `*` lets a host be asked; it names none.
  if (named.some((pattern) => pattern.kind !== 'any' && matchesHost(pattern, target))) return undefined;
  const host = hostText(target);
  return `the Secret ${secret.namespace}/${secret.name} may not be sent to ${host}: name the host in its annotation ${HOSTS_ANNOTATION}: "${host}", or have the operator add it to ${flagOf(use)}`;
}

/** Whether values of a Secret with these annotations may be sent to the URL. */
export function maySend(
  annotations: SecretOrigin['annotations'],
  url: string | URL,
  use: EgressUse,
  policy: EgressPolicy,
): boolean {
  return secretRefusal({ namespace: '', name: '', annotations }, url, use, policy) === undefined;
}

function annotated({ annotations }: SecretOrigin): HostPattern[] {
  const text =
    annotations !== undefined && Object.hasOwn(annotations, HOSTS_ANNOTATION) ? annotations[HOSTS_ANNOTATION] : '';
  return (text ?? '')
    .split(',')
    .map(parseHostPattern)
    .filter((pattern) => pattern !== undefined);
}
