// The causes of an answer 422, worded as the API server words them.

export interface Cause {
  reason: string;
  message: string;
  field: string;
}

/** A schema that cannot be compiled; the API server would refuse the CRD. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/** A field path at the root prints as `<nil>`. */
const at = (field: string): string => (field === '' ? '<nil>' : field);

/** A value that is not allowed, shown in the message; `detail` says what is. */
export const invalid = (field: string, value: unknown, detail: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
  field: at(field),
});

export const typeInvalid = (field: string, value: unknown, type: string): Cause => ({
  reason: 'FieldValueTypeInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${field} in body must be of type ${type}: ${JSON.stringify(value)}`,
  field: at(field),
});

/** A field that has to be there. Default of `detail`: none. */
export const required = (field: string, detail = ''): Cause => ({
  reason: 'FieldValueRequired',
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
  field: at(field),
});

/** A value that is none of those that there are. */
export const notSupported = (field: string, value: unknown, supported: unknown[]): Cause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((v) => JSON.stringify(v)).join(', ')}`,
  field: at(field),
});

export const tooLong = (field: string, max: number): Cause => ({
  reason: 'FieldValueTooLong',
  message: `Too long: may not be more than ${String(max)} bytes`,
  field: at(field),
});

export const tooMany = (field: string, count: number, max: number): Cause => ({
  reason: 'FieldValueTooMany',
  message: `Too many: ${String(count)}: must have at most ${String(max)} ${max === 1 ? 'item' : 'items'}`,
  field: at(field),
});

/** A value, or the keys of an item, that stands twice in a list. */
export const duplicate = (field: string, value: unknown): Cause => ({
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${JSON.stringify(value)}`,
  field: at(field),
});

/** A field that may not be there, or not be changed. */
export const forbidden = (field: string, detail: string): Cause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
  field: at(field),
});

/** Added last where errors of form keep the rules from being evaluated. */
export const missingCheck = (): Cause => ({
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  field: '<nil>',
});
