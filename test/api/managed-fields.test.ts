import { describe, expect, it } from 'vitest';
import { lastManagerOf } from '../../src/api/managed-fields.ts';

const PATH = ['metadata', 'annotations', 'sluice.dev/promote'];
const annotation = { 'f:metadata': { 'f:annotations': { '.': {}, 'f:sluice.dev/promote': {} } } };
const entry = (manager: string, fieldsV1: unknown, more = {}) => ({ manager, operation: 'Update', fieldsV1, ...more });
const by = (...managedFields: unknown[]) => lastManagerOf({ metadata: { name: 'web', managedFields } }, PATH);

describe('the last manager of a field', () => {
  it('is the one that holds it', () => {
    const other = entry('kubectl-edit', { 'f:metadata': { 'f:annotations': { 'f:sluice.dev/abort': {} } } });
    expect(by(other, entry('kubectl-annotate', annotation))).toBe('kubectl-annotate');
    expect(by(other)).toBeUndefined();
    expect(lastManagerOf({ metadata: { name: 'web' } }, PATH)).toBeUndefined();
  });

  it('is the one that wrote last, where several hold it', () => {
    const early = entry('kubectl-annotate', annotation, { time: '2026-01-01T00:00:01Z' });
    const late = entry('console', annotation, { time: '2026-01-01T00:00:02Z', operation: 'Apply' });
    expect(by(late, early)).toBe('console');
    expect(by(early, late)).toBe('console');
  });

  it('is nobody who wrote the status alone', () => {
    expect(by(entry('sluice', annotation, { subresource: 'status' }))).toBeUndefined();
  });
});
