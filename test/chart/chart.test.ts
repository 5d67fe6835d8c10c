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

  it('asks for nothing outside its namespace where it is namespaced', () => {
    const kinds = manifests(rendered('namespaced')).map((manifest) => manifest.kind);
    expect(kinds).toContain('Role');
    expect(kinds.filter((kind) => kind.startsWith('Cluster'))).toEqual([]);
  });

  it('upgrades the CRDs with the release, and keeps them when it goes', () => {
    const crds = manifests(rendered('default', { crds: true })).filter((m) => m.kind === 'CustomResourceDefinition');
    expect(crds.map((crd) => crd.metadata.name)).toContain('rollouts.sluice.dev');
    expect(crds.every((crd) => crd.metadata.annotations?.['helm.sh/resource-policy'] === 'keep')).toBe(true);
  });
});
