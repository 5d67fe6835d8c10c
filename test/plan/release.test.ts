// What becomes of a Rollout, told of two declarations alone.
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { RolloutChange } from '../../src/plan/types.ts';
import { compare, type Comparison } from '../../src/plan/application-plan.ts';
import { check, UNCOMMITTED } from '../../src/plan/declared.ts';
import { timeText } from '../../src/plan/report/words.ts';

type Fields = Record<string, unknown>;

function side(objects: readonly KubeObject[]) {
  const manifests = objects.map((object, index) => ({
    object,
    source: { path: `deploy/${index}.yaml`, line: 1, document: 0, text: '' },
  }));
  const content = { commit: UNCOMMITTED, manifests, skipped: [], files: new Map<string, string>() };
  const { declared, problems } = check(content, { namespace: 'shop' });
  return { declared, problems: problems.map(({ path: file, line, message }) => ({ file, line, message })) };
}

const compared = (before: readonly KubeObject[], after: readonly KubeObject[]): Comparison =>
  compare({ before: side(before), after: side(after), app: undefined, elsewhere: () => undefined });

/** The one change there is. */
function change(before: readonly KubeObject[], after: readonly KubeObject[]): RolloutChange | undefined {
  const { rollouts, problems } = compared(before, after);
  expect(problems).toEqual([]);
  expect(rollouts.length).toBeLessThan(2);
  return rollouts[0];
}

interface Parts {
  template?: Fields;
  strategy?: Fields;
  spec?: Fields;
}

const CONTAINER = { name: 'web', image: 'registry.example/web:1' };

function rollout({
  template = {},
  strategy = { canary: { steps: [{ setWeight: 20 }] } },
  spec = {},
}: Parts = {}): KubeObject {
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [CONTAINER], ...template } },
      strategy,
      ...spec,
    },
  };
}

const second = { containers: [{ ...CONTAINER, image: 'registry.example/web:2' }] };
const config = (data: Fields): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data,
});
const reading = { containers: [{ ...CONTAINER, envFrom: [{ configMapRef: { name: 'settings' } }] }] };

function analysis(metric: Fields): KubeObject {
  const provider = { prometheus: { query: 'up' } };
  const spec = { metrics: [{ name: 'rate', successCondition: 'result[0] > 0', provider, ...metric }] };
  return { apiVersion: 'sluice.dev/v1alpha1', kind: 'AnalysisTemplate', metadata: { name: 'rate' }, spec };
}
const measured = { templates: [{ templateName: 'rate' }] };

describe('a Rollout that is planned', () => {
  it('that is as it was is not told of', () => {
    expect(change([rollout()], [rollout()])).toBeUndefined();
  });

  it('is deployed without steps where it is new, and hands back what it drives where it is gone', () => {
    expect(change([], [rollout()])).toMatchObject({ effect: 'Deployed', steps: [] });
    expect(change([rollout(), config({})], [config({})])).toMatchObject({ effect: 'Removed' });
  });

  it('is released where its pods change, and the change is named', () => {
    expect(change([rollout()], [rollout({ template: second })])).toMatchObject({
      effect: 'Released',
      reasons: ['template.spec.containers[web].image: registry.example/web:1 → registry.example/web:2'],
      steps: [
        { kind: 'Weight', weight: 20 },
        { kind: 'Promotion', weight: 100 },
      ],
      leastSeconds: 0,
      waitsForPerson: false,
    });
  });

  it('is perhaps not released where its pods are written in another way', () => {
    const [half, milli] = [{ cpu: '0.5' }, { cpu: '500m' }].map((requests) => ({
      containers: [{ ...CONTAINER, resources: { requests } }],
    }));
    const { effect, reasons } = change([rollout({ template: half ?? {} })], [rollout({ template: milli ?? {} })]) ?? {};
    expect(effect).toBe('Released');
    expect(reasons?.at(-1)).toContain('another spelling of the same pods');
  });

  it('is not released by its replicas, its steps, or what its pods read', () => {
    const scaled = change([rollout()], [rollout({ spec: { replicas: 5 } })]);
    expect(scaled).toMatchObject({ effect: 'Updated', reasons: ['replicas: 2 → 5'] });
    const steps = change([rollout()], [rollout({ strategy: { canary: { steps: [{ setWeight: 30 }] } } })]);
    expect(steps).toMatchObject({ effect: 'Updated', reasons: [expect.stringContaining('the steps change')] });
    const knobs = change([rollout()], [rollout({ strategy: { canary: { maxSurge: 1, steps: [{ setWeight: 20 }] } } })]);
    expect(knobs).toMatchObject({ reasons: ['the strategy changes, its steps do not'] });
    const read = change(
      [rollout({ template: reading }), config({ level: 'info' })],
      [rollout({ template: reading }), config({ level: 'debug' })],
    );
    expect(read).toMatchObject({
      effect: 'Updated',
      reasons: [
        expect.stringMatching(/^ConfigMap shop\/settings, which its pods read, changes: by itself it is no release/),
      ],
    });
  });

  it('that reads what is declared no more is told so', () => {
    const gone = change([rollout({ template: reading }), config({})], [rollout({ template: reading })]);
    expect(gone?.reasons).toEqual(['ConfigMap shop/settings, which its pods read, is declared no more']);
  });

  it('takes at least its pauses and its analyses', () => {
    const steps = [
      { setWeight: 5 },
      { pause: { duration: '2m' } },
      { analysis: measured },
      { pause: { duration: 30 } },
    ];
    const after = rollout({ template: second, strategy: { canary: { steps } } });
    const told = change(
      [rollout({ strategy: { canary: { steps } } }), analysis({ interval: '10s', count: 4, initialDelay: '5s' })],
      [after, analysis({ interval: '10s', count: 4, initialDelay: '5s' })],
    );
    expect(told?.steps.map(({ text, seconds }) => [text, seconds])).toEqual([
      ['weight 5', undefined],
      ['pause of 2m', 120],
      ['analysis by rate: at least 35s', 35],
      ['pause of 30s', 30],
      ['promotion: all traffic', undefined],
    ]);
    expect(told?.leastSeconds).toBe(185);
    expect(told && timeText(told)).toBe('it takes at least 3m5s');
  });

  it('says that it waits for a person, and that the time of an analysis is not known', () => {
    const steps = [{ pause: {} }, { analysis: { templates: [{ templateName: 'elsewhere' }] } }];
    const strategy = { canary: { steps } };
    const told = change([rollout({ strategy })], [rollout({ strategy, template: second })]);
    expect(told?.steps.map(({ text }) => text)).toEqual([
      'pause until a person promotes',
      'analysis by elsewhere, which is not declared here: how long it takes is not known',
      'promotion: all traffic',
    ]);
    expect(told && timeText(told)).toBe('it takes as long as its analyses take, and until a person promotes');
  });

  it('of blue-green is switched once, and measured before and after', () => {
    const strategy = {
      blueGreen: {
        activeService: 'web',
        previewService: 'web-preview',
        autoPromotionSeconds: 60,
        prePromotionAnalysis: measured,
        postPromotionAnalysis: measured,
      },
    };
    const told = change([rollout({ strategy }), analysis({})], [rollout({ strategy, template: second }), analysis({})]);
    expect(told?.steps.map(({ text }) => text)).toEqual([
      'scale to 100% of the pods',
      'pre-promotion analysis by rate: one look',
      'pause of 1m',
      'the switch: all traffic goes to the new pods',
      'post-promotion analysis by rate: one look',
    ]);
    expect(told?.leastSeconds).toBe(60);
  });

  it('whose template of an analysis changes counts that from the next run on', () => {
    const strategy = { canary: { steps: [{ analysis: measured }] } };
    const told = change(
      [rollout({ strategy }), analysis({})],
      [rollout({ strategy }), analysis({ successCondition: 'result[0] > 1' })],
    );
    expect(told).toMatchObject({ effect: 'Updated', reasons: [expect.stringContaining('from the next run on')] });
  });

  it('whose analysis would not run is refused', () => {
    const strategy = { canary: { steps: [{ analysis: measured }] } };
    const { problems } = compared([], [rollout({ strategy }), analysis({ interval: '10s' })]);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('rate would never end: give it a count'),
    ]);
  });
});

describe('an object that is planned', () => {
  const secret = (type: string): KubeObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, type });

  it('is refused where it cannot be changed', () => {
    const { problems } = compared([secret('Opaque')], [secret('kubernetes.io/tls')]);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('it is immutable, or its type changes'),
    ]);
  });

  it('is shown whole where it is new, and by what changes where it was there', () => {
    const { objects } = compared([config({ a: 'x' })], [config({ a: 'z' }), secret('Opaque')]);
    expect(objects.map(({ change: what, diff }) => [what, diff])).toEqual([
      ['Changed', '@@ -4,4 +4,4 @@\n   name: settings\n   namespace: shop\n data:\n-  a: x\n+  a: z\n'],
      [
        'Added',
        '@@ -1,0 +1,6 @@\n+apiVersion: v1\n+kind: Secret\n+metadata:\n+  name: a\n+  namespace: shop\n+type: Opaque\n',
      ],
    ]);
  });

  it('of more differences than anybody reads is not compared line by line', () => {
    const many = (value: string): KubeObject =>
      config(Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, `${value}${index}`])));
    expect(compared([many('a')], [many('b')]).objects[0]?.diff).toBe('@@ more than 2000 lines differ @@\n');
  });
});
