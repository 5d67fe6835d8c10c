// The rules of the CRDs, as the schema engine evaluates them.
import { describe, expect, it } from 'vitest';
import { customResourceDefinitions } from '../../src/api/crd.ts';
import { parseAnalysisTemplate, parseApplication, parseRollout } from '../../src/api/parse.ts';
import { compileSchema, type CompiledSchema } from 'kube-sandbox/schema';
import { analysis, application, BAD_OBJECTS, rollout } from './bad-objects.ts';

interface Names {
  names: { kind: string };
  versions: { schema: { openAPIV3Schema: object } }[];
}
const schemas = new Map<unknown, CompiledSchema>(
  customResourceDefinitions().map((crd) => {
    const spec = crd.spec as unknown as Names;
    return [spec.names.kind, compileSchema(spec.versions[0]?.schema.openAPIV3Schema ?? {})];
  }),
);
const PARSERS = { Rollout: parseRollout, AnalysisTemplate: parseAnalysisTemplate, Application: parseApplication };

describe.each(BAD_OBJECTS)('$title', ({ object, field, message }) => {
  it('is refused at admission', () => {
    const causes = schemas.get(object['kind'])?.validate(object);
    expect(causes).toEqual([expect.objectContaining({ field, message: expect.stringContaining(message) })]);
  });

  it('is refused by the controller, at the same place or below', () => {
    const result = PARSERS[object['kind'] as keyof typeof PARSERS](object);
    expect(result.ok ? [] : result.error.map((issue) => issue.field.startsWith(field))).toContain(true);
  });
});

const GOOD = [
  rollout({
    canaryService: 'web-canary',
    stableService: 'web-stable',
    trafficRouting: { istio: { virtualService: { name: 'web', routes: ['primary'] } } },
    maxSurge: '25%',
    maxUnavailable: 0,
    steps: [
      { setCanaryScale: { weight: 25 } },
      { setWeight: 10 },
      { analysis: { templates: [{ templateName: 'success-rate' }], args: [{ name: 'service', value: 'web-canary' }] } },
      { pause: { duration: '1h30m' } },
      { pause: { duration: 30 } },
      { pause: {} },
    ],
  }),
  analysis({ interval: '10s', count: 6, failureLimit: 1, successCondition: 'result[0] >= 0.99' }),
  analysis({ interval: '10s', count: '{{args.count}}' }),
  analysis({
    interval: '{{args.interval}}',
    initialDelay: '{{ args.delay }}',
    count: '{{args.count}}',
    failureLimit: '{{args.failures}}',
    inconclusiveLimit: '2',
    consecutiveErrorLimit: '{{args.errors}}',
    consecutiveSuccessLimit: 3,
  }),
  application({ path: 'deploy/production', interval: '30s' }),
];

it.each(GOOD)('accepts a good $kind', (object) => {
  const schema = schemas.get(object['kind']);
  expect(schema?.prune(structuredClone(object))).toEqual([]);
  expect(schema?.validate(object)).toEqual([]);
  expect(PARSERS[object['kind'] as keyof typeof PARSERS](object)).toEqual({ ok: true, value: object });
});

it('keeps the selector of a Rollout as it is', () => {
  const [before, after] = [rollout({}), rollout({}, { selector: { matchLabels: { app: 'other' } } })];
  expect(schemas.get('Rollout')?.validate(after, before)[0]?.message).toContain('selector is immutable');
});
