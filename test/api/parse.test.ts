import { expect, it } from 'vitest';
import { parseRollout } from '../../src/api/parse.ts';
import { rollout } from '../contract/bad-objects.ts';

const issues = (object: object) => {
  const result = parseRollout(object);
  return result.ok ? [] : result.error;
};

it('names the field as Kubernetes does, and what to write', () => {
  expect(issues(rollout({ steps: [{ setWeight: 1 }, { pause: {} }, { pause: { duration: '0s' } }] }))).toEqual([
    {
      field: 'spec.strategy.canary.steps[2].pause.duration',
      message: 'must be whole seconds above 0, or a duration such as 30s, 5m or 1h30m',
    },
  ]);
});

it('wants the labels that the selector asks for', () => {
  expect(issues(rollout({}, { selector: { matchLabels: { app: 'other' } } }))).toEqual([
    { field: 'spec.template.metadata.labels', message: 'must have app: other, which the selector asks for' },
  ]);
});

it('survives a template that is none', () => {
  const fields = issues(rollout({}, { template: { metadata: null, spec: null } })).map((issue) => issue.field);
  expect(fields.toSorted()).toEqual(['spec.template.metadata.labels', 'spec.template.spec.containers']);
  expect(issues({})).toEqual([{ field: 'spec', message: expect.stringContaining('is required') }]);
});
