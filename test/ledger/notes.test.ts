import { describe, expect, it } from 'vitest';
import { noteText, sectionOf, type Note } from '../../src/application/report/notes.ts';
import { withSections } from '../../src/git/notes.ts';
import { byApplication, caveatsOf, ledgerOf } from '../../src/ledger/collect.ts';
import { recordLine } from '../../src/ledger/line.ts';
import { readNote } from '../../src/ledger/read-note.ts';
import { at, commit, sampleRecord } from './samples.ts';

const record = sampleRecord({ section: 'Promoted: Rollout shop/web (Application shop/shop), release 2' });

const note = (more: Partial<Note> = {}): Note => ({
  commit: commit(2),
  rollout: 'shop/web',
  outcome: 'Promoted',
  attempt: 2,
  app: 'shop/shop',
  startedAt: at(0),
  at: at(10),
  weights: [{ at: at(1), weight: 10 }],
  command: { verb: 'promote', value: 'true', at: at(9), by: 'kubectl-annotate' },
  reason: 'as it should be',
  related: { 'Went back to': commit(1) },
  evidence: 'web-1: rate Successful: 1 good, 0 bad, 0 inconclusive, 0 errors',
  ...more,
});

const sortedUniq = (text: string): string => [...new Set(text.split('\n'))].sort().join('\n');

describe('a note', () => {
  it('gives back the records that were written into it', () => {
    const text = withSections('', [sectionOf(note({ record }))]);
    expect(readNote(commit(2), text)).toEqual({ records: [record], unreadable: 0, later: 0 });
  });

  it('may be merged by concatenation, or sorted by line', () => {
    const other = sampleRecord({
      section: 'Aborted: Rollout blog/web (Application blog/blog), release 7',
      rollout: { namespace: 'blog', name: 'web', uid: 'u2' },
      application: { namespace: 'blog', name: 'blog', uid: 'a2' },
      attempt: 7,
      outcome: 'Aborted',
    });
    const [ours, theirs] = [
      withSections('', [sectionOf(note({ record }))]),
      withSections('', [
        sectionOf(note({ record: other, app: 'blog/blog', rollout: 'blog/web', outcome: 'Aborted', attempt: 7 })),
      ]),
    ];
    for (const merged of [`${ours}\n${theirs}`, sortedUniq(`${ours}\n${theirs}`), `${ours}\n${theirs}\n${ours}`]) {
      const { records, unreadable } = ledgerOf(new Map([[commit(2), merged]]));
      expect(records).toHaveLength(2);
      expect(records).toEqual(expect.arrayContaining([record, other]));
      expect(unreadable).toBe(0);
    }
  });

  it('of an earlier version, without records, is read by what it says to people', () => {
    const [old] = readNote(commit(2), noteText(note())).records;
    expect(old).toMatchObject({
      application: { namespace: 'shop', name: 'shop' },
      rollout: { namespace: 'shop', name: 'web' },
      attempt: 2,
      revision: { commit: commit(2) },
      outcome: 'Promoted',
      reason: 'as it should be',
      startedAt: at(0),
      endedAt: at(10),
      weights: [{ at: at(1), weight: 10 }],
      commands: [{ verb: 'promote', value: 'true', at: at(9), by: 'kubectl-annotate' }],
      wentBackTo: commit(1),
    });
  });

  it('of an earlier version that was sorted by line is not guessed at', () => {
    const text = sortedUniq(`${noteText(note())}\n${noteText(note({ outcome: 'Aborted', at: at(30) }))}`);
    const { records, unreadable } = readNote(commit(2), text);
    expect(records).toEqual([]);
    expect(unreadable).toBe(2);
  });

  it.each([
    ['edited by hand', 'Record: {"version":1,"rollout":', { unreadable: 1, later: 0 }],
    ['of another form', 'Record: {"version":1}', { unreadable: 1, later: 0 }],
    ['no object', 'Record: null', { unreadable: 1, later: 0 }],
    ['of a later version', `Record: ${JSON.stringify({ ...sampleRecord(), version: 2 })}`, { unreadable: 0, later: 1 }],
    ['huge', `Record: {"version":1,"reason":"${'x'.repeat(1_000_000)}"}`, { unreadable: 1, later: 0 }],
    ['deep', `Record: ${'['.repeat(100_000)}`, { unreadable: 1, later: 0 }],
    ['beyond its limits', recordLine(sampleRecord({ reason: 'x'.repeat(600) })), { unreadable: 1, later: 0 }],
  ])('with a line that is %s loses that line alone', (_what, line, counts) => {
    const reading = readNote(commit(2), `somebody wrote this\n${line}\n${recordLine(sampleRecord())}\n`);
    expect(reading).toEqual({ records: [sampleRecord()], ...counts });
  });

  it('says what is left out', () => {
    expect(caveatsOf({ unreadable: 1, later: 2, skipped: 1 })).toEqual([
      '1 record in the notes cannot be read, and is left out',
      '2 records are of a later version of Sluice, and left out: use that version to read them',
      '1 note is too large to be read, and left out',
    ]);
    expect(caveatsOf({ unreadable: 0, later: 0, skipped: 0 })).toEqual([]);
  });

  it('holds what steers a terminal as escapes, in one line', () => {
    const line = recordLine(sampleRecord({ reason: 'a\u001b[31m\u0085\u2028\u202e red' }));
    expect(line).toMatch(/^[\x20-\x7e]*$/);
    expect(readNote(commit(2), line).records[0]?.reason).toBe('a\u001b[31m\u0085\u2028\u202e red');
  });
});

describe('a section', () => {
  const elsewhere = { ...record, application: { namespace: 'shop', name: 'shop', uid: 'another-cluster' } };

  it('is added once, and once more by a cluster whose Application has the same name', () => {
    const once = withSections('', [sectionOf(note({ record }))]);
    expect(withSections(once, [sectionOf(note({ record }))])).toBe(once);
    const twice = withSections(once, [sectionOf(note({ record: elsewhere }))]);
    expect(readNote(commit(2), twice).records).toEqual([record, elsewhere]);
    expect(withSections(sortedUniq(twice), [sectionOf(note({ record: elsewhere }))])).toBe(sortedUniq(twice));
  });

  it('that an earlier version wrote is not written again', () => {
    const old = noteText(note());
    expect(withSections(old, [sectionOf(note({ record }))])).toBe(old);
  });

  it('begins on a line of its own after what a person wrote without a line break at its end', () => {
    const text = withSections('by hand', [sectionOf(note({ record }))]);
    expect(text.startsWith('by hand\n\nPromoted: ')).toBe(true);
  });
});

describe('records of several clusters', () => {
  const app = (uid?: string) => ({ namespace: 'shop', name: 'shop', ...(uid === undefined ? {} : { uid }) });

  it('are told apart by the UID of the Application; those without one go with each', () => {
    const [a, b, old] = ['a', 'b', undefined].map((uid, nth) => sampleRecord({ application: app(uid), attempt: nth }));
    if (!a || !b || !old) throw new Error('three were made');
    expect(byApplication([a, b, old])).toEqual([
      [a, old],
      [b, old],
    ]);
    expect(byApplication([a, old])).toEqual([[a, old]]);
  });
});
