// The chart as helm renders it. Without helm these are skipped; `npm run check:chart` fetches it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { GOLDEN, lint, render, VARIANTS } from '../../scripts/chart.ts';
import { findHelm } from '../../scripts/helm.ts';

const helm = findHelm();

interface Manifest {
  kind: string;
  rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  metadata: { name: string; annotations?: Record<string, string> };
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

  it('asks, where it is namespaced, for nothing outside but to read cluster-wide templates', () => {
    const roles = manifests(rendered('namespaced')).filter((manifest) => manifest.kind === 'ClusterRole');
    expect(roles).toEqual([
      expect.objectContaining({
        rules: [
          { apiGroups: ['sluice.dev'], resources: ['clusteranalysistemplates'], verbs: ['get', 'list', 'watch'] },
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
    ['tenants[0].serviceAccounts={deployer}', 'each entry names its namespace'],
    ['tenants[0].namespace=shop,tenants[0].createServiceAccount=true', 'names none in serviceAccounts'],
    ['namespaced=true,tenants[0].namespace=shop', 'set namespaced=false'],
  ])('refuses %s, and says what to write', (setting, message) => {
    expect(() => rendered('default', { set: [setting] })).toThrow(message);
  });

  it('passes on what the operator allows', () => {
    expect(rendered('tenants')).toContain('--default-service-account=deployer');
    expect(rendered('cluster')).toContain('--cluster-applications=platform/cluster');
    expect(rendered('cluster')).toContain('--cross-namespace-routes=platform');
  });

  it('upgrades the CRDs with the release, and keeps them when it goes', () => {
    const crds = manifests(rendered('default', { crds: true })).filter((m) => m.kind === 'CustomResourceDefinition');
    expect(crds.map((crd) => crd.metadata.name)).toContain('rollouts.sluice.dev');
    expect(crds.every((crd) => crd.metadata.annotations?.['helm.sh/resource-policy'] === 'keep')).toBe(true);
  });
});
