import { describe, expect, it } from 'vitest';
import { namesBeside, shapeProblems } from 'kube-schema/shape';

const schema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['color'],
      properties: {
        color: { type: 'string', enum: ['red', 'green'] },
        size: { type: 'integer', maximum: 10 },
        code: { type: 'string', pattern: '^[a-z]+$' },
        either: { type: 'string', oneOf: [{ maxLength: 1 }, { minLength: 3 }] },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        items: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
      },
    },
  },
};
const widget = (spec: object): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'a' },
  spec,
});

describe('the shape of an object', () => {
  it('is right where it keeps to the schema', () => {
    const good = widget({ color: 'red', size: 3, free: { any: { thing: 1 } }, items: [{ name: 'a' }] });
    expect(shapeProblems(schema, good)).toEqual({ unknown: [], causes: [] });
  });

  it('names unknown fields by their paths, sorted, and leaves the object as it was', () => {
    const object = widget({ color: 'red', zz: 1, items: [{ name: 'a', aa: 2 }] });
    const before = structuredClone(object);
    expect(shapeProblems(schema, object).unknown).toEqual(['spec.items[0].aa', 'spec.zz']);
    expect(object).toEqual(before);
  });

  it('says what is wrong in the words of the API server', () => {
    expect(shapeProblems(schema, widget({ size: 11 })).causes).toEqual([
      { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.color' },
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 11: spec.size in body should be less than or equal to 10',
        field: 'spec.size',
      },
    ]);
    const [cause] = shapeProblems(schema, widget({ color: 7 })).causes;
    expect(cause?.message).toBe('Invalid value: "integer": spec.color in body must be of type string: "integer"');
  });

  it('asks no pattern and no alternative, whose cost is up to whoever wrote the schema', () => {
    expect(shapeProblems(schema, widget({ color: 'red', code: 'A1', either: 'ab' })).causes).toEqual([]);
  });
});

describe('the names beside an unknown field', () => {
  it('are those declared where its path leads', () => {
    expect(namesBeside(schema, 'spec.zz')).toEqual(['color', 'size', 'code', 'either', 'free', 'items']);
    expect(namesBeside(schema, 'spec.items[0].aa')).toEqual(['name']);
    expect(namesBeside(schema, 'nowhere.aa')).toEqual([]);
  });
});
