import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../src/schema/compile.ts';

const widget = compileSchema({
  type: 'object',
  required: ['spec'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: {
      type: 'object',
      required: ['color'],
      'x-kubernetes-validations': [
        { rule: '!has(self.min) || !has(self.max) || self.min <= self.max', message: 'min must not exceed max' },
        {
          rule: '!has(self.max) || self.max <= 100',
          messageExpression: "'max is above ' + string(100)",
          reason: 'FieldValueForbidden',
          fieldPath: '.max',
        },
        { rule: '!has(self.min) || self.min > -5' },
        { rule: 'self.items.all(i, self.items.exists_one(j, j.name == i.name)) || true' },
      ],
      properties: {
        color: { type: 'string', enum: ['red', 'green', 'blue'] },
        size: { type: 'integer', minimum: 1, maximum: 10, default: 3 },
        replicas: { type: 'integer', format: 'int32', minimum: 0, default: 1 },
        code: { type: 'string', pattern: '^[a-z]+$', minLength: 2, maxLength: 5 },
        when: { type: 'string', format: 'date-time' },
        maybe: { type: 'string', nullable: true },
        mode: { type: 'object', default: {}, properties: { kind: { type: 'string', default: 'auto' } } },
        limits: { type: 'object', additionalProperties: { type: 'integer' } },
        tags: { type: 'array', maxItems: 8, 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        args: { type: 'array', minItems: 1, items: { type: 'string' } },
        items: {
          type: 'array',
          default: [],
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string' },
              weight: { type: 'integer', default: 5 },
              fixed: {
                type: 'string',
                'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }],
              },
            },
          },
        },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        port: {
          'x-kubernetes-int-or-string': true,
          'x-kubernetes-validations': [
            { rule: 'type(self) == int ? self > 0 : self != ""', message: 'port must not be empty' },
          ],
        },
        namespace: { type: 'string', 'x-kubernetes-validations': [{ rule: "self != 'kube-system'" }] },
        min: { type: 'integer' },
        max: { type: 'integer' },
        frozen: {
          type: 'string',
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'frozen is immutable' }],
        },
      },
    },
    status: { type: 'object', properties: { phase: { type: 'string' } } },
  },
});

type Spec = Record<string, unknown>;
const object = (spec: Spec): Record<string, unknown> => ({
  apiVersion: 'facts.example/v1',
  kind: 'Widget',
  metadata: { name: 'v' },
  spec: { color: 'red', items: [], ...spec },
});
const causes = (spec: Spec, old?: Spec) => widget.validate(object(spec), old === undefined ? undefined : object(old));
const SKIPPED = {
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  field: '<nil>',
};

describe('pruning', () => {
  it('drops unknown fields and names their paths, keeping metadata and what is declared open', () => {
    const given = { ...object({ items: [{ name: 'a', zz: 1 }], unknown: 1, free: { x: { y: null } } }), foo: 1 };
    expect(widget.prune(given)).toEqual(['foo', 'spec.items[0].zz', 'spec.unknown']);
    expect(given).toEqual(object({ items: [{ name: 'a' }], free: { x: { y: null } } }));
  });

  it('keeps the keys of a map', () => {
    const given = object({ limits: { a: 1, b: 2 } });
    expect(widget.prune(given)).toEqual([]);
    expect(given.spec).toMatchObject({ limits: { a: 1, b: 2 } });
  });
});

describe('defaults', () => {
  it('fills in nested defaults, in lists too', () => {
    const given = object({ items: [{ name: 'p' }] });
    widget.applyDefaults(given);
    expect(given.spec).toEqual({
      color: 'red',
      size: 3,
      replicas: 1,
      mode: { kind: 'auto' },
      items: [{ name: 'p', weight: 5 }],
    });
  });

  it('keeps a null that is allowed, replaces one that has a default, and drops any other', () => {
    const given = object({ maybe: null, size: null, code: null, free: { y: null } });
    widget.applyDefaults(given);
    expect(given.spec).toMatchObject({ maybe: null, size: 3, free: { y: null } });
    expect(given.spec).not.toHaveProperty('code');
  });

  it('never shares a default between objects', () => {
    const [one, two] = [object({}), object({})];
    widget.applyDefaults(one);
    widget.applyDefaults(two);
    expect((one.spec as Spec).mode).not.toBe((two.spec as Spec).mode);
  });
});

describe('validation', () => {
  it.each([
    [{ size: 11 }, 'spec.size', 'Invalid value: 11: spec.size in body should be less than or equal to 10'],
    [
      { replicas: -1 },
      'spec.replicas',
      'Invalid value: -1: spec.replicas in body should be greater than or equal to 0',
    ],
    [{ code: 'AB1' }, 'spec.code', `Invalid value: "AB1": spec.code in body should match '^[a-z]+$'`],
    [{ code: 'a' }, 'spec.code', 'Invalid value: "a": spec.code in body should be at least 2 chars long'],
    [{ args: [] }, 'spec.args', 'Invalid value: 0: spec.args in body should have at least 1 items'],
    [{ tags: ['x', 'x'] }, 'spec.tags[1]', 'Duplicate value: "x"'],
    [{ items: [{ name: 'a' }, { name: 'a' }] }, 'spec.items[1]', 'Duplicate value: {"name":"a"}'],
    [{ min: 3, max: 2 }, 'spec', 'Invalid value: "object": min must not exceed max'],
    [{ min: -9 }, 'spec', 'Invalid value: "object": failed rule: !has(self.min) || self.min > -5'],
    [{ max: 101 }, 'spec.max', 'Forbidden: max is above 100'],
    [{ port: 0 }, 'spec.port', 'Invalid value: "": port must not be empty'],
    [{ namespace: 'kube-system' }, 'spec.namespace', `Invalid value: "string": failed rule: self != 'kube-system'`],
  ])('refuses %j at %s', (spec, field, message) => {
    expect(causes(spec)).toEqual([expect.objectContaining({ field, message })]);
  });

  it.each([
    [
      { color: 'pink' },
      'FieldValueNotSupported',
      'Unsupported value: "pink": supported values: "red", "green", "blue"',
    ],
    [
      { color: 1 },
      'FieldValueTypeInvalid',
      'Invalid value: "integer": spec.color in body must be of type string: "integer"',
    ],
    [
      { limits: { a: 'x' } },
      'FieldValueTypeInvalid',
      'Invalid value: "string": spec.limits.a in body must be of type integer: "string"',
    ],
    [
      { min: 1.5 },
      'FieldValueTypeInvalid',
      'Invalid value: "number": spec.min in body must be of type integer: "number"',
    ],
    [{ when: 'x' }, 'FieldValueTypeInvalid', 'Invalid value: "x": spec.when in body must be of type date-time: "x"'],
    [{ code: 'abcdef' }, 'FieldValueTooLong', 'Too long: may not be more than 5 bytes'],
    [{ tags: 'abcdefghi'.split('') }, 'FieldValueTooMany', 'Too many: 9: must have at most 8 items'],
    [{ items: [{}] }, 'FieldValueRequired', 'Required value'],
  ])('does not evaluate rules where the form is wrong: %j', (spec, reason, message) => {
    const all = causes({ ...spec, max: 101, ...('min' in spec ? {} : { min: 3 }) });
    expect(all[0]).toMatchObject({ reason, message });
    expect(all.at(-1)).toEqual(SKIPPED);
    expect(all.some((cause) => cause.message.startsWith('Forbidden'))).toBe(false);
  });

  it('names the branches that an int-or-string misses', () => {
    expect(causes({ port: true })).toEqual([
      {
        reason: 'FieldValueTypeInvalid',
        message: 'Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
        field: 'spec.port',
      },
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: "": "spec.port" must validate at least one schema (anyOf)',
        field: '<nil>',
      },
      expect.objectContaining({ field: 'spec.port' }),
      SKIPPED,
    ]);
  });

  it('wants the spec itself', () => {
    expect(widget.validate({ metadata: {} })[0]).toEqual({
      reason: 'FieldValueRequired',
      message: 'Required value',
      field: 'spec',
    });
  });
});

describe('updates', () => {
  it('compares with the old value where there is one', () => {
    expect(causes({ frozen: 'b' }, { frozen: 'a' })).toEqual([
      { reason: 'FieldValueInvalid', message: 'Invalid value: "string": frozen is immutable', field: 'spec.frozen' },
    ]);
    expect(causes({ frozen: 'b' })).toEqual([]);
    expect(causes({}, { frozen: 'a' })).toEqual([]);
  });

  it('finds the old element of a list map by its key', () => {
    const old = { items: [{ name: 'a', fixed: '1' }] };
    const moved = {
      items: [
        { name: 'b', fixed: '2' },
        { name: 'a', fixed: '1' },
      ],
    };
    expect(causes(moved, old)).toEqual([]);
    expect(causes({ items: [{ name: 'a', fixed: '2' }] }, old)[0]?.field).toBe('spec.items[0].fixed');
  });

  it('leaves alone what was stored already and does not change', () => {
    expect(causes({ size: 11, color: 'red' }, { size: 11, color: 'blue' })).toEqual([]);
  });
});

it('refuses a rule that does not compile, naming it', () => {
  const broken = {
    type: 'object',
    properties: { a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self ==' }] } },
  };
  expect(() => compileSchema(broken)).toThrow(/rule at a: self ==: /);
});

it('names what the first branch misses where no branch of a oneOf fits', () => {
  const either = compileSchema({
    type: 'object',
    properties: { o: { type: 'object', oneOf: [{ required: ['x'] }, { required: ['z'] }] } },
  });
  expect(either.validate({ o: {} }).map(({ field, message }) => `${field}: ${message}`)).toEqual([
    '<nil>: Invalid value: "": "o" must validate one and only one schema (oneOf). Found none valid',
    'o.x: Required value',
  ]);
  expect(either.validate({ o: { x: 1, z: 2 } })[0]?.message).toContain('Found 2 valid alternatives');
});
