import { describe, expect, it } from 'vitest';
import type { Canary, Rollout } from '../../src/api/rollout.ts';
import { referencesOf } from '../../src/controller/references.ts';
import { planOf } from '../../src/rollout/compile.ts';

const rollout = (canary: Canary): Rollout => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: {}, template: {}, strategy: { canary } },
});

describe('what a Rollout refers to', () => {
  it('is every Service, route and template that it names, in its namespace or another', () => {
    const canary: Canary = {
      canaryService: 'web-canary',
      stableService: 'web-stable',
      trafficRouting: {
        istio: {
          virtualService: { name: 'web.mesh' },
          destinationRule: { name: 'web', canarySubsetName: 'canary', stableSubsetName: 'stable' },
        },
      },
      analysis: { templates: [{ templateName: 'errors', clusterScope: true }] },
      steps: [{ setWeight: 5 }, { analysis: { templates: [{ templateName: 'success-rate' }] } }],
    };
    expect(referencesOf(rollout(canary)).sort()).toEqual([
      '/Service/shop/web-canary',
      '/Service/shop/web-stable',
      'networking.istio.io/DestinationRule/shop/web',
      'networking.istio.io/VirtualService/mesh/web',
      'sluice.dev/AnalysisTemplate/shop/success-rate',
      'sluice.dev/ClusterAnalysisTemplate//errors',
    ]);
  });

  it('may be anything in its namespace for a spec that is not one', () => {
    const broken = { ...rollout({}), spec: { strategy: { canary: { steps: 'all', trafficRouting: 7 } } } };
    expect(referencesOf(broken as unknown as Rollout)).toEqual(['unclear/shop']);
    expect(referencesOf({ ...rollout({}), spec: undefined } as unknown as Rollout)).toEqual(['unclear/shop']);
  });

  it('is the Services and analyses of a blue-green strategy, too', () => {
    const blueGreen = {
      activeService: 'web',
      previewService: 'web-preview',
      prePromotionAnalysis: { templates: [{ templateName: 'smoke' }] },
      postPromotionAnalysis: { templates: [{ templateName: 'success-rate' }] },
    };
    const declared = { ...rollout({}), spec: { ...rollout({}).spec, strategy: { blueGreen } } };
    expect(referencesOf(declared).sort()).toEqual([
      '/Service/shop/web',
      '/Service/shop/web-preview',
      'sluice.dev/AnalysisTemplate/shop/smoke',
      'sluice.dev/AnalysisTemplate/shop/success-rate',
    ]);
  });

  it('knows where each analysis is, and which of them must come to an end', () => {
    const analysis = { templates: [{ templateName: 'success-rate' }] };
    const found = planOf(rollout({ analysis, steps: [{ pause: {} }, { analysis }] }))?.analyses;
    expect(found?.map(({ field, finite }) => [field, finite])).toEqual([
      ['spec.strategy.canary.analysis', false],
      ['spec.strategy.canary.steps[1].analysis', true],
    ]);
  });
});
