// Lints and renders the chart in the variants that are kept as golden files.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const CHART = fileURLToPath(new URL('../charts/sluice', import.meta.url));
export const GOLDEN = fileURLToPath(new URL('../test/chart/golden', import.meta.url));

/** What each variant sets beside the defaults. */
export const VARIANTS: Record<string, string[]> = {
  default: [],
  namespaced: ['namespaced=true', 'webhook.secret=example', 'agent.secretSnapshots=false'],
  tenants: [
    'tenants[0].namespace=shop',
    'tenants[0].serviceAccounts={deployer}',
    'tenants[0].createServiceAccount=true',
    'tenants[1].namespace=bank',
    'tenants[1].serviceAccounts={release,release-canary}',
    'tenants[1].fixedList=false',
    'agent.defaultServiceAccount=deployer',
  ],
  cluster: [
    'tenants[0].namespace=platform',
    'tenants[0].serviceAccounts={platform-deployer}',
    'agent.clusterApplications={platform/cluster}',
    'agent.crossNamespaceRoutes={platform}',
  ],
  servicemonitor: ['serviceMonitor.enabled=true', 'podDisruptionBudget.enabled=true', 'networkPolicy.enabled=false'],
  page: [
    'page.enabled=true',
    `image.digest=sha256:${'0'.repeat(64)}`,
    'networkPolicy.egress.enabled=false',
    'networkPolicy.webhookFrom[0].namespaceSelector.matchLabels.name=ingress',
  ],
};

/** Throws, with helm's own words, where the chart has faults. */
export function lint(helm: string): void {
  execFileSync(helm, ['lint', '--strict', CHART], { encoding: 'utf8' });
}

/** What the chart makes of such values; throws with helm's words where it refuses them. */
export function template(helm: string, ...sets: string[]): string {
  const flags = ['crds.install=false', ...sets].flatMap((value) => ['--set', value]);
  return execFileSync(helm, ['template', 'sluice', CHART, ...flags], { encoding: 'utf8', stdio: 'pipe' });
}

/** The manifests of a variant; CRDs are left out unless asked for, as crds/ holds the same. */
export function render(
  helm: string,
  variant: string,
  { crds = false, namespace = 'sluice-system', set = [] as string[] } = {},
): string {
  const sets = [...(VARIANTS[variant] ?? []), ...set, `crds.install=${String(crds)}`].flatMap((value) => [
    '--set',
    value,
  ]);
  return execFileSync(helm, ['template', 'sluice', CHART, '--namespace', namespace, ...sets], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
