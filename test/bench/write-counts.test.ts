import { describe, expect, it } from 'vitest';
import { byWriter, countWrites, totalOf, writesBetween } from './write-counts.ts';

function line(verb: string, what: string, count: number, code = 200): string {
  const [resource, subresource = ''] = what.split('/');
  const labels = { code, component: 'apiserver', group: '', resource, scope: 'resource', subresource, verb };
  const text = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return `apiserver_request_total{${text.join(',')}} ${count}`;
}

describe('counting writes', () => {
  it('adds up the answers of one kind of write, and leaves reads alone', () => {
    const metrics = [
      line('PATCH', 'services', 3),
      line('PATCH', 'services', 2, 409),
      line('GET', 'services', 50),
      line('WATCH', 'services', 7),
    ].join('\n');
    expect([...countWrites(metrics)]).toEqual([['PATCH services', 5]]);
  });

  it('tells a subresource from its resource', () => {
    const counts = countWrites([line('PATCH', 'rollouts', 1), line('PATCH', 'rollouts/status', 4)].join('\n'));
    expect([...counts]).toEqual([
      ['PATCH rollouts', 1],
      ['PATCH rollouts/status', 4],
    ]);
  });

  it('leaves out what is the same whoever rolls out', () => {
    const metrics = ['pods', 'leases', 'endpoints', 'endpointslices'].map((r) => line('POST', r, 9)).join('\n');
    expect(totalOf(countWrites(metrics))).toBe(0);
  });

  it('reads no other metric, and no comment', () => {
    const metrics = [
      '# TYPE apiserver_request_total counter',
      'apiserver_request_duration_seconds_count{resource="services",verb="PATCH"} 9',
      line('POST', 'services', 1.5e3),
    ].join('\n');
    expect([...countWrites(metrics)]).toEqual([['POST services', 1500]]);
  });

  it('takes what was there before away, and kinds that nothing was added to', () => {
    const before = countWrites([line('POST', 'events', 10), line('PUT', 'nodes', 2)].join('\n'));
    const after = countWrites(
      [line('POST', 'events', 14), line('PUT', 'nodes', 2), line('DELETE', 'jobs', 1)].join('\n'),
    );
    expect([...writesBetween(before, after)]).toEqual([
      ['POST events', 4],
      ['DELETE jobs', 1],
    ]);
  });
});

describe('writers', () => {
  const known = { controller: 'sluice', changed: 2, events: new Map([['replicaset-controller', 4]]) };
  const writers = (counts: [string, number][]) =>
    byWriter(new Map(counts), known).map((w) => `${w.writer}: ${w.count} ${w.kind}`);

  it('of changed specs are the bench and, beyond it, the controller', () => {
    expect(writers([['PATCH rollouts', 5]])).toEqual(['bench: 2 PATCH rollouts', 'sluice: 3 PATCH rollouts']);
  });

  it('of the status of ReplicaSets is the controller manager', () => {
    expect(writers([['PUT replicasets/status', 6]])).toEqual(['kube-controller-manager: 6 PUT replicasets/status']);
  });

  it('of Events are those that the Events name, and nobody is blamed for the rest', () => {
    expect(writers([['POST events', 7]])).toEqual(['replicaset-controller: 4 POST events', 'unknown: 3 POST events']);
  });

  it('come with their most frequent write first', () => {
    const counts: [string, number][] = [
      ['PATCH services', 1],
      ['PATCH virtualservices', 3],
    ];
    expect(writers(counts)).toEqual(['sluice: 3 PATCH virtualservices', 'sluice: 1 PATCH services']);
  });
});
