// The contract of Events: one stored object with two views, counted by patches.
import { describe, expect, test } from 'vitest';
import type { Reply } from './target.ts';
import { openNamespace } from './target.ts';

const NAMESPACE = `events-${process.pid}`;
const CORE = `/api/v1/namespaces/${NAMESPACE}/events`;
const NEW = `/apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`;
const MERGE = { 'content-type': 'application/merge-patch+json' };
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' };
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

const target = openNamespace(NAMESPACE);

const involved = { apiVersion: 'sluice.dev/v1alpha1', kind: 'Rollout', name: 'web', namespace: NAMESPACE, uid: 'u1' };
/** As Sluice makes them. */
const counted = (name: string, more: object = {}): Reply['body'] => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, namespace: NAMESPACE },
  involvedObject: involved,
  type: 'Normal',
  reason: 'Promoted',
  message: 'promoted ff2398f',
  source: { component: 'sluice' },
  reportingComponent: 'sluice',
  reportingInstance: 'sluice-0',
  firstTimestamp: '2026-11-21T07:00:00Z',
  lastTimestamp: '2026-11-21T07:00:00Z',
  count: 1,
  ...more,
});
/** As newer recorders make them. */
const timed = (name: string, more: object = {}): Reply['body'] => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name, namespace: NAMESPACE },
  regarding: involved,
  type: 'Warning',
  reason: 'Aborted',
  note: 'success-rate 0.82 < 0.95',
  action: 'Abort',
  reportingController: 'sluice.dev/controller',
  reportingInstance: 'sluice-0',
  eventTime: '2026-11-21T07:00:00.000000Z',
  ...more,
});
const without = ({ metadata: _metadata, ...rest }: Reply['body']): Reply['body'] => rest;

describe('an Event of core/v1', () => {
  test('is stored as sent, with what it does not say spelt out', async () => {
    const made = await target.call('POST', CORE, counted('web.0000000000000001'));
    expect(made.status).toBe(201);
    expect(without(made.body)).toEqual({ ...without(counted('x')), eventTime: null });
    expect(made.body.metadata.generation).toBeUndefined();
    const again = await target.call('POST', CORE, counted('web.0000000000000001'));
    expect(again.body).toMatchObject({ code: 409, reason: 'AlreadyExists' });
  });

  test('spells out absent times and reporters', async () => {
    const { body } = await target.call('POST', CORE, {
      metadata: { name: 'bare' },
      involvedObject: { namespace: NAMESPACE },
    });
    expect(without(body)).toEqual({
      kind: 'Event',
      apiVersion: 'v1',
      involvedObject: { namespace: NAMESPACE },
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: null,
      reportingComponent: '',
      reportingInstance: '',
    });
  });

  test('counts a repeat by a merge patch, which the other view shows too', async () => {
    await target.call('POST', CORE, counted('web.0000000000000002'));
    const body = { count: 3, lastTimestamp: '2026-11-21T07:05:00Z', message: 'promoted again' };
    const patched = await target.call('PATCH', `${CORE}/web.0000000000000002`, body, MERGE);
    expect(patched.body).toMatchObject({ ...body, firstTimestamp: '2026-11-21T07:00:00Z', involvedObject: involved });
    const { body: other } = await target.call('GET', `${NEW}/web.0000000000000002`);
    expect(without(other)).toEqual({
      kind: 'Event',
      apiVersion: 'events.k8s.io/v1',
      eventTime: null,
      reportingController: 'sluice',
      reportingInstance: 'sluice-0',
      reason: 'Promoted',
      regarding: involved,
      note: 'promoted again',
      type: 'Normal',
      deprecatedSource: { component: 'sluice' },
      deprecatedFirstTimestamp: '2026-11-21T07:00:00Z',
      deprecatedLastTimestamp: '2026-11-21T07:05:00Z',
      deprecatedCount: 3,
    });
  });

  test('has expired when the patch of a repeat finds nothing', async () => {
    const reply = await target.call('PATCH', `${CORE}/web.0000000000000009`, { count: 2 }, MERGE);
    expect(reply.body).toMatchObject({ code: 404, message: 'events "web.0000000000000009" not found' });
  });

  test('lies in the namespace of what it is about', async () => {
    const wrong = { ...involved, namespace: 'other' };
    const reply = await target.call('POST', CORE, counted('astray', { involvedObject: wrong }));
    expect(reply.body).toMatchObject({
      code: 422,
      message:
        'Event "astray" is invalid: involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    });
  });

  test('is found by what it is about', async () => {
    const other = { ...involved, name: 'api', uid: 'u2' };
    await target.call('POST', CORE, counted('api.0000000000000001', { involvedObject: other, reason: 'Held' }));
    const found = async (selector: string): Promise<string[]> => {
      const { body } = await target.call('GET', `${CORE}?fieldSelector=${encodeURIComponent(selector)}`);
      return body.items.map((item: Reply['body']) => item.metadata.name);
    };
    const about = `involvedObject.name=api,involvedObject.namespace=${NAMESPACE},involvedObject.kind=Rollout`;
    expect(await found(`${about},involvedObject.uid=u2`)).toEqual(['api.0000000000000001']);
    expect(await found(`involvedObject.apiVersion=sluice.dev/v1alpha1,reason=Held`)).toEqual(['api.0000000000000001']);
    expect(await found(`${about},type=Warning`)).toEqual([]);
  });
});

describe('an Event of events.k8s.io/v1', () => {
  test('is seen by core/v1 under the old names', async () => {
    const made = await target.call('POST', NEW, timed('web.series1'));
    expect(made.status).toBe(201);
    expect(without(made.body)).toEqual({
      ...without(timed('x')),
      deprecatedSource: {},
      deprecatedFirstTimestamp: null,
      deprecatedLastTimestamp: null,
    });
    const { body: core } = await target.call('GET', `${CORE}/web.series1`);
    expect(without(core)).toEqual({
      kind: 'Event',
      apiVersion: 'v1',
      involvedObject: involved,
      reason: 'Aborted',
      message: 'success-rate 0.82 < 0.95',
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      type: 'Warning',
      eventTime: '2026-11-21T07:00:00.000000Z',
      action: 'Abort',
      reportingComponent: 'sluice.dev/controller',
      reportingInstance: 'sluice-0',
    });
  });

  test.each([
    ['merge', MERGE],
    ['strategic', STRATEGIC],
  ])('becomes a series by a %s patch, and its table shows the last time', async (name, type) => {
    await target.call('POST', NEW, timed(`series-${name}`));
    const series = { count: 4, lastObservedTime: '2026-11-21T07:10:00.000000Z' };
    const patched = await target.call('PATCH', `${NEW}/series-${name}`, { series }, type);
    expect(patched.body).toMatchObject({ series, eventTime: '2026-11-21T07:00:00.000000Z' });
    const { body } = await target.call('GET', `${CORE}/series-${name}`, undefined, TABLE);
    const columns = body.columnDefinitions.map((column: { name: string }) => column.name);
    const cell = (column: string): unknown => body.rows[0].cells[columns.indexOf(column)];
    expect(columns).toEqual([
      'Last Seen',
      'Type',
      'Reason',
      'Object',
      'Subobject',
      'Source',
      'Message',
      'First Seen',
      'Count',
      'Name',
    ]);
    expect([cell('Type'), cell('Reason'), cell('Object'), cell('Source'), cell('Message')]).toEqual([
      'Warning',
      'Aborted',
      'rollout/web',
      'sluice.dev/controller, sluice-0',
      'success-rate 0.82 < 0.95',
    ]);
    expect(Number(cell('Count'))).toBe(4);
  });

  test.each([
    ['note', { note: 'other' }, 'message', 'other'],
    ['action', { action: 'Other' }, 'action', 'Other'],
    ['reporter', { reportingController: 'other' }, 'reportingController', 'other'],
  ])('keeps its %s', async (name, patch, field, value) => {
    await target.call('POST', NEW, timed(`kept-${name}`));
    const reply = await target.call('PATCH', `${NEW}/kept-${name}`, patch, MERGE);
    const message = `Invalid value: ${JSON.stringify(value)}: field is immutable`;
    expect(reply.body.details.causes).toEqual([{ reason: 'FieldValueInvalid', message, field }]);
  });

  const REFUSED: [string, object, string, string][] = [
    ['no time', { eventTime: null }, 'eventTime', 'Required value'],
    ['an odd type', { type: 'Odd' }, 'type', 'Invalid value: "": has invalid value: Odd'],
    ['no reporter', { reportingController: '' }, 'reportingController', 'Required value'],
    ['no instance', { reportingInstance: '' }, 'reportingInstance', 'Required value'],
    ['no action', { action: '' }, 'action', 'Required value'],
    ['no reason', { reason: '' }, 'reason', 'Required value'],
    [
      'a series of one',
      { series: { count: 1, lastObservedTime: '2026-11-21T07:10:00.000000Z' } },
      'series.count',
      'Invalid value: "": should be at least 2',
    ],
    ['a series without a last time', { series: { count: 2 } }, 'series.lastObservedTime', 'Required value'],
    ['an old count', { deprecatedCount: 2 }, 'count', 'Invalid value: "": needs to be unset'],
  ];
  test.each(REFUSED)('with %s is refused', async (_title, more, field, message) => {
    const reply = await target.call('POST', NEW, timed('refused', more));
    expect(reply.status).toBe(422);
    expect(reply.body.details.causes).toContainEqual(expect.objectContaining({ field, message }));
  });
});
