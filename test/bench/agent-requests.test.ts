import { describe, expect, it } from 'vitest';
import { idleFigure, pushFigures, type AgentFigure } from './agent-course.ts';
import { requestCounts, requestName } from './agent-requests.ts';
import { agentTable } from './agent-table.ts';

const counts = ({ requests }: AgentFigure): Record<string, number> => Object.fromEntries(requestCounts(requests));

describe('requests of the agent', () => {
  it('are told apart by what they cost', () => {
    const names = [
      ['GET', '/api/v1/namespaces/shop/configmaps/c?x=1'],
      ['GET', '/api/v1/namespaces/shop/configmaps?limit=500'],
      ['GET', '/apis/sluice.dev/v1alpha1/rollouts?watch=1'],
      ['GET', '/apis'],
      ['PATCH', '/api/v1/namespaces/shop/configmaps/c?dryRun=All'],
      ['PATCH', '/api/v1/namespaces/shop/configmaps/c?force=true'],
      ['PATCH', '/apis/sluice.dev/v1alpha1/namespaces/shop/applications/shop/status'],
      ['PATCH', '/api/v1/namespaces/shop'],
    ].map(([method = '', path = '']) => requestName({ method, path }));
    expect(names).toEqual([
      'get configmaps/c',
      'list configmaps',
      'watch rollouts',
      'discovery /apis',
      'dry-run configmaps/c',
      'write configmaps/c',
      'status applications/shop',
      'write namespaces/shop',
    ]);
  });

  it('are none in an hour in which nothing changes: only Git is asked, every interval', async () => {
    const figure = await idleFigure({ applications: 5 });
    expect(figure.requests).toEqual([]);
    expect(figure).toMatchObject({ looks: 5 * 120, fetches: 0, events: 0 });
  });

  it('are about what a push touches alone, whatever else there is', async () => {
    const [first, push, nothing, restart] = await pushFigures({ objects: 100 });
    // Each object is read, tried and written once; for the Rollout its ReplicaSet is tried as well, and its snapshot looked for.
    expect(first && counts(first)).toMatchObject({ get: 101, 'dry-run': 101, write: 100 });
    expect(push?.requests).toEqual(['dry-run configmaps/c-7', 'write configmaps/c-7', 'status applications/shop']);
    expect(nothing?.requests).toEqual(['status applications/shop']);
    // What another process applied is known for what it is, by the watch alone.
    expect(restart && counts(restart)).toEqual({ list: 4, discovery: 3, get: 1 });
    expect(restart?.events).toBe(0);
  });

  it('come as a table', () => {
    const figure = { name: 'idle', requests: ['get secrets/s', 'list rollouts'], looks: 3, fetches: 1, events: 0 };
    expect(agentTable([figure]).split('\n').at(-1)).toMatch(/^idle +1 +1 +0 +0 +0 +0 +0 +3 +1 +0$/);
  });
});
