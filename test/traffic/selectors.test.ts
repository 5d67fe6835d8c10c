// What every driven selector has to do: a Service of one side, and the two subsets of a DestinationRule.
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { DrivenSelector } from '../../src/traffic/driven.ts';
import { drivenKind, routedObjects } from '../../src/traffic/modules.ts';
import { drivenService } from '../../src/traffic/service.ts';
import { messages, value } from './route-contract.ts';
import { written } from './writes.ts';

interface Case {
  name: string;
  selector: DrivenSelector;
  /** An object whose selector of the canary side has other labels, and the hash where one is given. */
  object: (this: void, hash?: string) => KubeObject;
}

const service = (selector?: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web-canary', namespace: 'shop' },
  spec: { clusterIP: '10.0.0.7', ...(selector && { selector }) },
});

const destinationRule = (...subsets: object[]): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { host: 'web', subsets },
});

function subsetsOfWeb(): DrivenSelector {
  const rule = { name: 'web', canarySubsetName: 'canary', stableSubsetName: 'stable' };
  const traffic = { trafficRouting: { istio: { virtualService: { name: 'web' }, destinationRule: rule } } };
  const found = routedObjects(traffic, 'shop').find((each): each is DrivenSelector => each.drives === 'selectors');
  if (found === undefined) throw new Error('no DestinationRule');
  return found;
}

const hashed = (labels: Record<string, string>, hash?: string): Record<string, string> =>
  hash === undefined ? labels : { ...labels, [POD_TEMPLATE_HASH]: hash };

const cases: Case[] = [
  {
    name: 'a Service',
    selector: drivenService({ namespace: 'shop', name: 'web-canary', field: 'canaryService' }, 'canary'),
    object: (hash) => service(hashed({ app: 'web' }, hash)),
  },
  {
    name: 'a DestinationRule',
    selector: subsetsOfWeb(),
    object: (hash) =>
      destinationRule(
        { name: 'other', labels: { a: 'b' } },
        { name: 'stable' },
        { name: 'canary', labels: hashed({ app: 'web' }, hash) },
      ),
  },
];

describe.each(cases)('$name', ({ selector, object }) => {
  const bind = (to: KubeObject, hash: string): KubeObject =>
    written(to, value(selector.plan(to, { hashes: { canary: hash } })));

  it('follows a revision by the pod hash alone, and is written once', () => {
    const bound = bind(object(), 'new');
    expect(bound).toEqual(object('new'));
    expect(value(selector.read(bound)).canary).toBe('new');
    expect(value(selector.plan(bound, { hashes: { canary: 'new' } }))).toBeUndefined();
    expect(bind(bound, 'newer')).toEqual(object('newer'));
  });

  it('has no hash before it follows any', () => {
    expect(value(selector.read(object())).canary).toBeUndefined();
  });

  it('leaves a side that is not named as it is', () => {
    expect(value(selector.plan(object('old'), { hashes: {} }))).toBeUndefined();
  });

  it('keeps the live hash when it is applied from Git', () => {
    expect(selector.keep(object(), object('live'))).toEqual(object('live'));
    expect(selector.keep(object(), object())).toEqual(object());
  });

  it('is handed back by taking the hash away', () => {
    const kind = drivenKind(selector.resource);
    if (kind?.drives !== 'selectors') throw new Error('no such kind');
    const after = kind.unbind(object('old'));
    expect(after?.what).toMatch(/no longer bound to (a )?revision/);
    expect(written(object('old'), after?.write)).toEqual(object());
    expect(kind.unbind(object())).toBeUndefined();
    expect(() => written(object('changed'), after?.write)).toThrow('test failed');
  });
});

describe('a Service', () => {
  const active = drivenService({ namespace: 'shop', name: 'web', field: 'activeService' }, 'stable');

  it('without a selector gets one', () => {
    const bound = written(service(), value(active.plan(service(), { hashes: { stable: 'abc' } })));
    expect(bound.spec).toEqual({ clusterIP: '10.0.0.7', selector: { [POD_TEMPLATE_HASH]: 'abc' } });
  });

  it('that alone moves the traffic remembers a verdict in the same write', () => {
    const back = value(
      active.plan(service({ [POD_TEMPLATE_HASH]: 'bad' }), { hashes: { stable: 'good' }, rejected: 'bad-1' }),
    );
    const after = written(service({ [POD_TEMPLATE_HASH]: 'bad' }), back);
    expect(after.metadata.annotations).toEqual({ [ANNOTATIONS.rejected]: 'bad-1' });
    const forgot = written(after, value(active.plan(after, { hashes: { stable: 'good' }, rejected: null })));
    expect(forgot.metadata.annotations).toEqual({});
  });
});

describe('a DestinationRule', () => {
  it('names the subset that is missing, and those that there are', () => {
    const object = destinationRule({ name: 'stable' }, { name: 'v2' });
    expect(messages(subsetsOfWeb().read(object))).toBe(
      'DestinationRule web: spec.subsets: has no subset named canary: add it (it has stable, v2)',
    );
  });
});
