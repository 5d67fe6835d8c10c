import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { decideApplication } from '../../../src/application/decide.ts';
import { Memory } from '../../../src/application/memory.ts';
import { signsOfAnother } from '../../../src/application/sync/another.ts';
import { application, applied, config, declared, entryOf, NOW, seen } from '../seen.ts';

const app = application();
const [OLD, NEW] = ['a'.repeat(40), 'b'.repeat(40)];
const object = config('web', { greeting: 'hello' });
const other = config('web', { greeting: 'bye' });
const accepted = declared([object], app, OLD);

const revision = (commit: string) => ({ commit, short: commit.slice(0, 7), repo: 'r', path: 'p' });
const signs = (
  live: KubeObject,
  commit = OLD,
  entry = entryOf(object),
  previous = undefined as typeof accepted | undefined,
) =>
  signsOfAnother({
    accepted,
    previous,
    status: { revision: revision(commit) as never, resources: [entry] },
    live: () => live,
  });

describe('a sign of another process', () => {
  it('is a record of a commit that was never in force here', () => {
    expect(signs(applied(object, app), NEW)).toEqual([`record ${NEW}`]);
  });

  it('is a stamp of content that is declared nowhere here', () => {
    expect(signs(applied(other, app))).toHaveLength(1);
  });

  it.each<[string, string[]]>([
    ['what is in force', signs(applied(object, app))],
    ['what was edited by hand', signs({ ...applied(object, app), data: { greeting: 'by hand' } })],
    ['what was in force before', signs(applied(other, app), NEW, entryOf(object), declared([other], app, NEW))],
    ['what is on record as applied in the place of what is declared', signs(applied(other, app), OLD, entryOf(other))],
    ['an object without a stamp', signs(object)],
  ])('is none in %s', (_what, found) => {
    expect(found).toEqual([]);
  });

  it('is none to a process that has read nothing yet', () => {
    const status = { revision: revision(NEW) as never };
    expect(signsOfAnother({ accepted: undefined, previous: undefined, status, live: () => undefined })).toEqual([]);
  });
});

describe('an agent that sees one', () => {
  const edited = { ...applied(object, app), data: { greeting: 'bye' } };
  const decided = (outdated: 'unread' | 'failing' | undefined, source = {}) => {
    const at = seen({ app, declares: [object], live: [edited], resources: [entryOf(edited)] });
    return decideApplication({ ...at, outdated, source: { ...at.source, nextPollAt: NOW + 1_000, ...source } });
  };

  it('looks at the repository at once, and does nothing else', () => {
    expect(decided('unread').intents).toEqual([{ do: 'Poll' }]);
    expect(decided('unread', { busy: true }).intents).toEqual([]);
    expect(decided(undefined).intents).not.toEqual([{ do: 'Poll' }]);
  });

  it('tries again in its time where that fails, and does nothing until then', () => {
    expect(decided('failing')).toMatchObject({ intents: [], nextAt: NOW + 1_000 });
    expect(decided('failing', { nextPollAt: NOW }).intents).toEqual([{ do: 'Poll' }]);
  });

  it('remembers a sign with the looks that had been begun, as long as it is there', () => {
    const memory = new Memory();
    expect(memory.witness(['a'], 3)).toBe(3);
    expect(memory.witness(['a'], 5)).toBe(3);
    expect(memory.witness(['a', 'b'], 6)).toBe(6);
    expect(memory.witness([], 7)).toBeUndefined();
    expect(memory.witness(['a'], 8)).toBe(8);
  });
});
