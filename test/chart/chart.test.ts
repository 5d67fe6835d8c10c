// The chart as helm renders it. Without helm these are skipped; `npm run check:chart` fetches it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { GOLDEN, lint, render, template, VARIANTS } from '../../scripts/chart.ts';
import { findHelm } from '../../scripts/helm.ts';

const helm = findHelm();

interface Manifest {
  kind: string;
  rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  metadata: { name: string; annotations?: Record<string, string> };
}

interface Policy {
  policyTypes: string[];
  ingress: unknown[];
  egress: { to: { ipBlock?: { except?: string[] } }[] }[];
}

describe.skipIf(helm === undefined)('the chart (needs helm: npm run check:chart, or SLUICE_HELM)', () => {
  const rendered = (variant: string, options = {}) => render(helm ?? '', variant, options);
  const manifests = (text: string): Manifest[] =>
    loadAll(text).filter((m) => m !== null && m !== undefined) as Manifest[];

  it('has no faults', () => {
    expect(() => {
      lint(helm ?? '');
    }).not.toThrow();
  });

  it.each(Object.keys(VARIANTS))('renders %s as agreed', (variant) => {
    expect(rendered(variant)).toBe(readFileSync(join(GOLDEN, `${variant}.yaml`), 'utf8'));
  });

  it('asks, where it is namespaced, for nothing outside but to read cluster-wide templates and policies', () => {
    const roles = manifests(rendered('namespaced')).filter((manifest) => manifest.kind === 'ClusterRole');
    expect(roles).toEqual([
      expect.objectContaining({
        rules: [
          {
            apiGroups: ['sluice.dev'],
            resources: ['clusteranalysistemplates', 'clusterreleasepolicies'],
            verbs: ['get', 'list', 'watch'],
          },
        ],
      }),
    ]);
  });

  it.each(Object.keys(VARIANTS))('lets nobody but a tenant’s account list secrets: %s', (variant) => {
    const roles = manifests(rendered(variant)).filter((manifest) => manifest.metadata.name !== 'sluice-deployer');
    const rules = roles.flatMap((manifest) => manifest.rules ?? []);
    const onSecrets = rules.filter((rule) => rule.resources.includes('secrets')).flatMap((rule) => rule.verbs);
    expect(onSecrets).toContain('get');
    expect(onSecrets).not.toContain('list');
  });

  it.each([
    ['agent.rules[0].verbs={get}', 'agent.rules is gone'],
    ['agent.clusterApplications={platform}', 'must be NAMESPACE/NAME'],
    ['tenants[0].namespace=shop,tenants[0].createServiceAccount=true', 'names none in serviceAccounts'],
    ['namespaced=true,tenants[0].namespace=shop', 'set namespaced=false'],
  ])('refuses %s, and says what to write', (setting, message) => {
    expect(() => rendered('default', { set: [setting] })).toThrow(message);
  });

  it('passes on what the operator allows', () => {
    expect(rendered('tenants')).toContain('--default-service-account=deployer');
    expect(rendered('cluster')).toContain('--cluster-applications=platform/cluster');
    expect(rendered('cluster')).toContain('--cross-namespace-routes=platform');
    expect(rendered('default')).toContain('--source-memory=400Mi');
    expect(rendered('default', { set: ['agent.sourceMemory=1Gi'] })).toContain('--source-memory=1Gi');
  });

  it.each([
    ['networkPolicy.enable=true', 'enable'],
    ['controller.promtheus=http://p', 'promtheus'],
    ['pages.enabled=true', 'pages'],
    ['controller.logLevel=loud', 'logLevel'],
    ['controller.prometheus=prom:9090', 'prometheus'],
    ['replicas=two', 'replicas'],
    ['image.digest=latest', 'digest'],
    ['agent.defaultServiceAcount=deployer', 'defaultServiceAcount'],
    ['tenants[0].name=team-a', "'/tenants/0'"],
    ['tenants[0].serviceAccounts={deployer}', "missing property 'namespace'"],
    ['tenants[0].namespace=shop,tenants[0].fixedlist=false', 'fixedlist'],
    ['tenants[0].namespace=shop,tenants[0].rules[0].verbs={get}', '/tenants/0/rules/0'],
    ['agent.deployerRules[0].verb={get}', '/agent/deployerRules/0'],
    ['agent.crossNamespaceRoute={shop}', 'crossNamespaceRoute'],
    ['controller.crossNamespaceRoutes={shop}', 'crossNamespaceRoutes'],
    ['agent.sourceMemory=1G', 'sourceMemory'],
  ])('refuses the value %s, by name', (set, name) => {
    expect(() => template(helm ?? '', set)).toThrow(name);
  });

  it.each([
    'agent.defaultServiceAccount=deployer',
    'agent.clusterApplications={platform/base}',
    'tenants[0].namespace=team-a,tenants[0].serviceAccounts={deployer},tenants[0].createServiceAccount=true',
    'controller.analysisHosts={prometheus.monitoring},controller.gitHosts={git.example.com}',
    'agent.crossNamespaceRoutes={team-a}',
    'agent.crossNamespaceRoutes={*}',
    'agent.sourceMemory=1Gi',
    'tenants[0].namespace=team-a,tenants[0].serviceAccounts={deployer},tenants[0].fixedList=false',
  ])('takes %s', (set) => {
    expect(() => template(helm ?? '', set)).not.toThrow();
  });

  it('shows nobody the page, also where it is on, but who may forward ports to the pod', () => {
    expect(rendered('default')).not.toContain('--page-listen');
    const page = rendered('page');
    expect(page).toContain('--page-listen=127.0.0.1:8082');
    expect(page).not.toMatch(/(containerPort|targetPort|port): (page|8082)/);
  });

  it('has a NetworkPolicy by default, which lets scrapes in from the named namespaces and nobody out to metadata services', () => {
    const policy = rendered('default')
      .split('---')
      .find((each) => each.includes('kind: NetworkPolicy'));
    const { spec } = load(policy ?? '') as { spec: Policy };
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(spec.ingress).toEqual([
      { ports: [{ port: 'webhook' }] },
      { ports: [{ port: 'metrics' }], from: [{ namespaceSelector: { matchLabels: expect.any(Object) } }] },
    ]);
    const blocks = spec.egress.flatMap(({ to }) => to).flatMap(({ ipBlock }) => ipBlock?.except ?? []);
    expect(blocks).toEqual(expect.arrayContaining(['169.254.169.254/32', 'fd00:ec2::254/128']));
  });

  it('upgrades the CRDs with the release, and keeps them when it goes', () => {
    const crds = manifests(rendered('default', { crds: true })).filter((m) => m.kind === 'CustomResourceDefinition');
    expect(crds.map((crd) => crd.metadata.name)).toContain('rollouts.sluice.dev');
    expect(crds.every((crd) => crd.metadata.annotations?.['helm.sh/resource-policy'] === 'keep')).toBe(true);
  });
});
