// The text of a pull request, its branch, and when one is looked at.
import { describe, expect, it } from 'vitest';
import type { Hold } from '../../../src/api/application.ts';
import type { AgentIntent } from '../../../src/application/intents.ts';
import { Forges } from '../../../src/application/report/forge-memory.ts';
import {
  decideLooks,
  isStale,
  forgeProblem,
  obstacleTo,
  proposeIntent,
} from '../../../src/application/report/proposal.ts';
import { application } from '../seen.ts';

const REJECTED = 'abcdef0123456789'.padEnd(40, '0');
const hold = (writeBack: Hold['writeBack'], name = 'web'): Hold => ({
  rollout: { namespace: 'shop', name },
  rejected: { commit: REJECTED },
  contentHash: 'c',
  objects: [],
  reason: 'slow',
  since: '2026-01-01T00:00:00Z',
  writeBack,
});
const open = (id: string, base = 'b'): Hold => hold({ state: 'Proposed', id, base, commit: 'k' });

type Propose = Extract<AgentIntent, { do: 'Propose' }>;
function proposed(message: string, holds: Hold[] = [hold({ state: 'Pending' })], app = application()): Propose {
  const push = { rejected: REJECTED, holds, changes: new Map<string, string>() };
  const intent = proposeIntent({ app, base: 'main', parent: 'p', push, message });
  if (intent.do !== 'Propose') throw new Error(intent.do);
  return intent;
}

describe('a proposal', () => {
  it('has the subject of the commit for its title, and the rest in a block of text', () => {
    const { text } = proposed('Revert web\n\nReason: slow\n');
    expect(text.title).toBe('Revert web');
    expect(text.body).toContain('\n```text\nReason: slow\n```\n');
  });

  it('quotes in a block that nothing in it can end: commands, names and references stay text', () => {
    const { body } = proposed('Revert web\n\n/merge @team closes #1\n````\n/approve\n').text;
    const lines = body.split('\n');
    expect(lines.filter((line) => line.startsWith('`````'))).toEqual(['`````text', '`````']);
    const [start, end] = [lines.indexOf('`````text'), lines.lastIndexOf('`````')];
    for (const said of ['/merge @team closes #1', '/approve']) {
      expect(lines.indexOf(said)).toBeGreaterThan(start);
      expect(lines.indexOf(said)).toBeLessThan(end);
    }
  });

  it('is on a branch of its own for each rejected commit of each Application, in any cluster', () => {
    const other = application({}, 'other');
    const twin = application();
    twin.metadata.uid = 'another-uid';
    const branches = [application(), other, twin].map((app) => proposed('R', undefined, app).branch);
    expect(branches[0]).toMatch(/^sluice\/revert-shop-abcdef012345-[A-Za-z0-9]{1,8}$/);
    expect(new Set(branches).size).toBe(3);
    expect(proposed('another message').branch).toBe(branches[0]);
  });

  it('knows the commit that it replaces', () => {
    expect(proposed('R').known).toBeUndefined();
    expect(proposed('R', [hold({ state: 'Pending' }, 'api'), open('1')]).known).toBe('k');
  });
});

describe('an obstacle is told', () => {
  const source = { repoURL: 'https://git.example.com/acme/shop.git', secretRef: { name: 'git' } };
  it.each([
    [{ source }, 'ForgeUnknown'],
    [{ source, writeBack: { forge: 'Gitea' as const } }, undefined],
    [{ source: { repoURL: 'https://github.com/acme/shop' } }, 'NoCredentials'],
    [{ source: { ...source, repoURL: 'https://github.com/acme/shop' } }, undefined],
  ])('for %o: %s', (spec, reason) => {
    expect(obstacleTo(application(spec))?.reason).toBe(reason);
  });
});

describe('a look', () => {
  it('is due at once after a restart, once for all holds of one pull request', () => {
    const { intents, dueAt } = decideLooks([open('1'), open('1'), hold({ state: 'Closed', id: '2' })], new Forges(), 5);
    expect(intents).toMatchObject([{ do: 'LookAt', id: '1', holds: [{}, {}] }]);
    expect(dueAt).toBeUndefined();
  });

  it('is due when its time has come, and waits for what is under way', () => {
    const forges = new Forges();
    forges.proposed({ id: '1', url: 'u/1', commit: 'c', why: '' }, 100);
    forges.proposed({ id: '2', url: 'u/2', commit: 'c', why: '' }, 50);
    expect(decideLooks([open('1'), open('2')], forges, 10)).toEqual({ intents: [], dueAt: 50 });
    expect(decideLooks([open('1'), open('2')], forges, 60).intents).toMatchObject([{ id: '2' }]);
    forges.busy = true;
    expect(decideLooks([open('1')], forges, 1_000)).toEqual({ intents: [], dueAt: undefined });
  });

  it('that failed comes later and later, five minutes at most, and no sooner than the forge asks', () => {
    const forges = new Forges();
    const waits = Array.from({ length: 7 }, () => {
      forges.failedLook('1', { message: 'down' }, { now: 0, interval: 30_000 });
      return (forges.looks.get('1')?.at ?? 0) / 1000;
    });
    expect(waits).toEqual([30, 60, 120, 240, 300, 300, 300]);
    expect(forgeProblem([open('1')], forges)).toContain('down');
    forges.failedLook('1', { message: 'busy', retryAfterMs: 900_000 }, { now: 0, interval: 30_000 });
    expect(forges.looks.get('1')?.at).toBe(900_000);
    forges.looked('1', false, { now: 0, interval: 30_000 });
    expect(forgeProblem([open('1')], forges)).toBeUndefined();
  });

  it('finds a branch stale that conflicts and was built on another head', () => {
    const forges = new Forges();
    forges.looked('1', true, { now: 0, interval: 1 });
    expect(isStale(open('1', 'old'), 'new', forges)).toBe(true);
    expect(isStale(open('1', 'new'), 'new', forges)).toBe(false);
    forges.looked('1', false, { now: 0, interval: 1 });
    expect(isStale(open('1', 'old'), 'new', forges)).toBe(false);
  });
});
