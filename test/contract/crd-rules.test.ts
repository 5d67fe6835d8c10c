// The rules of the CRDs, as the schema engine evaluates them, and as the controller asks them.
import { describe, expect, it } from 'vitest';
import type { Rule } from '../../src/api/rules.ts';
import { analysis, application, BAD_OBJECTS, LATE_OBJECTS, rollout, type BadObject } from './bad-objects.ts';
import { CRDS, issuesOf, refusalsOf, SCHEMAS, SPECS, type Said } from './both-sides.ts';
import { statedRules } from './stated-rules.ts';

/** Of items the number is left out: `spec.metrics[].interval`. */
const said = (list: readonly Said[]): Said[] =>
  list.map(({ field, message }) => ({ field: field.replaceAll(/\[\d+\]/g, '[]'), message }));
const refusals = ({ object }: BadObject): Said[] => refusalsOf(object);
const issues = ({ object }: BadObject): Said[] => issuesOf(object);

describe.each(BAD_OBJECTS)('$title', (bad) => {
  it('is refused at admission', () => {
    expect(refusals(bad)).toEqual([
      expect.objectContaining({ field: bad.field, message: expect.stringContaining(bad.message) }),
    ]);
  });

  it('is refused by the controller, at the same place or below', () => {
    expect(issues(bad).map(({ field }) => field.startsWith(bad.field))).toContain(true);
  });
});

describe.each(LATE_OBJECTS)('$title', (bad) => {
  it('is admitted, and refused by the controller', () => {
    expect(refusals(bad)).toEqual([]);
    expect(issues(bad)).toEqual([{ field: bad.field, message: bad.message }]);
  });
});

interface Place {
  kind: string;
  field: string;
}
/** Each rule once, with every place that it is about. */
const STATED = new Map<Rule<never>, Place[]>();
for (const [kind, spec] of Object.entries(SPECS))
  for (const { path, rule } of statedRules(spec, 'spec')) {
    const place = { kind, field: [path, ...(rule.at ?? [])].join('.') };
    STATED.set(rule, [...(STATED.get(rule) ?? []), place]);
  }
const rules = [...STATED].map(([rule, places]) => ({ rule, places, title: `${places[0]?.field}: ${rule.message}` }));

/** Objects for which something is said of a rule, at one of its places or, where it can be more exact, below. */
const breaking = (list: BadObject[], places: Place[], told: (bad: BadObject) => readonly Said[], words: string) =>
  list.filter((bad) =>
    places.some(
      ({ kind, field }) =>
        bad.object['kind'] === kind &&
        said(told(bad)).some((each) => each.field.startsWith(field) && each.message.includes(words)),
    ),
  );

describe.each(rules.filter(({ rule }) => 'cel' in rule && 'holds' in rule))('$title', ({ rule, places }) => {
  it('is what admission and the controller say, in the same words', () => {
    const refused = breaking(BAD_OBJECTS, places, refusals, `: ${rule.message}`);
    expect(refused).not.toEqual([]);
    expect(breaking(refused, places, issues, rule.message)).toEqual(refused);
  });
});

describe.each(rules.filter(({ rule }) => 'notInCel' in rule))('$title', ({ places }) => {
  it('is what the controller alone says', () => {
    expect(breaking(LATE_OBJECTS, places, issues, '')).not.toEqual([]);
  });
});

it('carries in the CRDs what is stated beside the fields, and nothing else', () => {
  const ofSchemas = Object.keys(SPECS).map((kind) => celOf(CRDS.get(kind)));
  const ofFields = Object.values(SPECS).map((spec) =>
    statedRules(spec, 'spec').flatMap(({ rule }) => ('cel' in rule ? [rule.cel] : [])),
  );
  expect(ofSchemas.map((list) => list.toSorted())).toEqual(ofFields.map((list) => list.toSorted()));
});

/** Every CEL rule in a schema. */
function celOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === 'x-kubernetes-validations' ? (value as { rule: string }[]).map(({ rule }) => rule) : celOf(value),
  );
}

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
  const schema = SCHEMAS.get(object['kind']);
  expect(schema?.prune(structuredClone(object))).toEqual([]);
  expect(schema?.validate(object)).toEqual([]);
  expect(issuesOf(object)).toEqual([]);
});

it('keeps the selector of a Rollout as it is', () => {
  const [before, after] = [rollout({}), rollout({}, { selector: { matchLabels: { app: 'other' } } })];
  expect(SCHEMAS.get('Rollout')?.validate(after, before)[0]?.message).toContain('selector is immutable');
});
