// Objects of any form: parsing never throws, and never takes what a rule of the CRD refuses.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isRecord } from '../../src/api/json.ts';
import { fuzzRuns } from '../support/fuzz.ts';
import { BAD_OBJECTS, LATE_OBJECTS } from './bad-objects.ts';
import { issuesOf, refusalsOf, SPECS } from './both-sides.ts';
import { statedRules } from './stated-rules.ts';

type Json = Record<string, unknown>;

const OBJECTS = [...BAD_OBJECTS, ...LATE_OBJECTS].map(({ object }) => object);

/** Every object and list in a value, itself first. */
const containers = (value: unknown): (Json | unknown[])[] => {
  if (Array.isArray(value)) return [value, ...value.flatMap(containers)];
  return isRecord(value) ? [value, ...Object.values(value).flatMap(containers)] : [];
};
/** What stands somewhere may stand elsewhere as well. */
const VALUES = OBJECTS.flatMap(containers).flatMap((each) => Object.values(each));
const KEYS = [
  ...new Set(OBJECTS.flatMap(containers).flatMap((each) => (Array.isArray(each) ? [] : Object.keys(each)))),
];

const values = fc.oneof(
  fc.constantFrom(...VALUES),
  fc.constantFrom<unknown>(
    undefined,
    null,
    0,
    -1,
    1,
    600,
    1e21,
    0.5,
    '',
    '0',
    '1',
    '0%',
    '1h',
    '{{args.x}}',
    '2026-01-31T25:00:00Z',
  ),
  fc.jsonValue(),
);
interface Edit {
  where: number;
  key: string;
  value: unknown;
}
const edits = fc.array(fc.record({ where: fc.nat(), key: fc.constantFrom(...KEYS), value: values }), { maxLength: 4 });

const MESSAGES = Object.values(SPECS).flatMap((spec) => statedRules(spec, 'spec').map(({ rule }) => rule.message));

/** The message of the rule that a refusal is by; undefined where it is by the form of a field, or where CEL cannot read it. */
function wordsOf(refusal: string): string | undefined {
  if (refusal.includes(' evaluating rule: ')) return undefined;
  return MESSAGES.find((message) => refusal.endsWith(`: ${message}`));
}

/** One place below the spec set to another value, or left out. */
function edit(object: Json, { where, key, value }: Edit): void {
  const all = containers(object['spec']);
  const container = all[where % all.length];
  if (Array.isArray(container)) container[where % (container.length + 1)] = structuredClone(value);
  else if (container !== undefined && value === undefined) delete container[key];
  else if (container !== undefined) container[key] = structuredClone(value);
}

const objects = fc.tuple(fc.constantFrom(...OBJECTS), edits).map(([object, changes]) => {
  const changed = structuredClone(object);
  for (const change of changes) edit(changed, change);
  return changed;
});

it('an object of any form is taken, or refused with fields and words', () => {
  fc.assert(
    fc.property(objects, (object) => {
      for (const { field, message } of issuesOf(object)) {
        expect(field).toMatch(/^spec/);
        expect(message).not.toBe('');
      }
    }),
    fuzzRuns(2000),
  );
});

it('what admission refuses, the controller does not take; a rule that is broken is told in the same words', () => {
  fc.assert(
    fc.property(objects, (object) => {
      const refused = refusalsOf(object);
      const issues = issuesOf(object);
      expect(issues.length > 0 || refused.length === 0).toBe(true);
      // Where a field has not its form, a rule around it is not asked.
      if (refused.some(({ message }) => wordsOf(message) === undefined)) return;
      for (const { field, message } of refused) {
        const same = issues.filter(
          (issue) => issue.field.startsWith(field) && issue.message.startsWith(wordsOf(message) ?? ''),
        );
        expect(same.length, `${field}: ${message}`).toBeGreaterThan(0);
      }
    }),
    fuzzRuns(2000),
  );
});
