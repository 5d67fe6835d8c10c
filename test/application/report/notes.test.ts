import { describe, expect, it } from 'vitest';
import type { AnalysisRun } from '../../../src/api/analysis.ts';
import type { Hold } from '../../../src/api/application.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH, RUN_LABELS } from '../../../src/api/names.ts';
import type { HistoryEntry, Rollout } from '../../../src/api/rollout.ts';
import { evidenceOf } from '../../../src/application/report/evidence.ts';
import { runsOf } from '../../../src/ledger/runs-of.ts';
import {
  dueNotes,
  noteKey,
  noteText,
  noteTitle,
  type Note,
  type NotesInput,
} from '../../../src/application/report/notes.ts';
import { withSections } from '../../../src/git/notes.ts';
import { restorationsIn, revertMessage } from '../../../src/application/report/revert-message.ts';

const withSection = (text: string, note: Note): string =>
  withSections(text, [{ title: noteTitle(note), text: noteText(note) }]);

const REPO = 'https://git.example.com/shop.git';
const commit = (digit: number) => String(digit).repeat(40);
const at = (minute: number) => `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`;

const entry = (digit: number, outcome: HistoryEntry['outcome'], more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  podHash: `hash${digit}`,
  revision: { commit: commit(digit), repo: REPO },
  outcome,
  at: at(10),
  ...more,
});

const rollout = (history: HistoryEntry[], more: Partial<Rollout> = {}): Rollout => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {} as Rollout['spec'],
  status: { history, stableRS: 'hash1' },
  ...more,
});

const run = (name: string, hash: string, attempt: number, value: string): AnalysisRun => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'AnalysisRun',
  metadata: {
    name,
    namespace: 'shop',
    labels: { [POD_TEMPLATE_HASH]: hash, [RUN_LABELS.attempt]: String(attempt) },
    ownerReferences: [{ apiVersion: 'sluice.dev/v1alpha1', kind: 'Rollout', name: 'web', uid: 'u' }],
  },
  spec: { metrics: [] },
  status: {
    phase: 'Failed',
    metricResults: [{ name: 'rate', phase: 'Failed', measurements: [{ phase: 'Failed', value }] }],
  },
});

const hold: Hold = {
  rollout: { namespace: 'shop', name: 'web' },
  rejected: { commit: commit(2) },
  stable: { commit: commit(1) },
  contentHash: 'c',
  podHash: 'hash2',
  objects: [],
  reason: 'rate 0.8 < 0.9',
  since: at(20),
};

const due = (rollouts: Rollout[], more: Partial<NotesInput> = {}): Note[] =>
  dueNotes({
    app: 'shop/shop',
    repoURL: REPO,
    rollouts,
    promoted: new Set(),
    runs: () => [],
    holds: [],
    returns: [],
    now: at(30),
    ...more,
  });
const said = (notes: readonly Note[]) => notes.map((note) => [note.commit[0], note.outcome]);

describe('a note is due', () => {
  it.each(['Promoted', 'Aborted', 'Superseded', 'RolledBack'] as const)('for a revision that was %s', (outcome) => {
    expect(said(due([rollout([entry(2, outcome)])]))).toEqual([['2', outcome]]);
  });

  it('for each release of a revision, with the runs of that release', () => {
    const history = [1, 2].map((attempt) => entry(2, 'Aborted', { attempt }));
    const runs = () => [run('a', 'hash2', 1, 'first'), run('b', 'hash2', 2, 'second'), run('c', 'hash3', 2, 'other')];
    const notes = due([rollout(history)], { runs });
    expect(notes.map(({ attempt, evidence }) => [attempt, /first|second|other/g.exec(evidence)?.[0]])).toEqual([
      [1, 'first'],
      [2, 'second'],
    ]);
    expect(new Set(notes.map((note) => noteKey(note))).size).toBe(2);
  });

  it('for commits of its own repository alone', () => {
    const other = entry(2, 'Promoted', { revision: { commit: commit(2), repo: 'https://elsewhere' } });
    expect(due([rollout([other])])).toEqual([]);
  });

  it('for a commit that restores Rollouts, of each one that it names: restored, not promoted', () => {
    const api = { ...hold, rollout: { namespace: 'shop', name: 'api' } };
    const message = revertMessage(
      [hold, api].map((each) => ({ hold: each, evidence: '' })),
      ['a.yaml'],
    );
    const head = {
      oid: commit(3),
      tree: '',
      parents: [],
      author: { name: '', email: '' },
      date: at(25),
      subject: '',
      message,
    };
    const metadata = {
      name: 'web',
      namespace: 'shop',
      annotations: { [ANNOTATIONS.revision]: `{"commit":"${commit(3)}"}` },
    };
    const named = [metadata, { name: 'api', namespace: 'shop' }];
    const rejected = named.map((each) => rollout([entry(2, 'Aborted')], { metadata: each }));
    const notes = due(rejected, { head, promoted: new Set(['shop/web']) });
    expect(notes.map((note) => [note.rollout, note.outcome])).toEqual([
      ['shop/web', 'Aborted'],
      ['shop/api', 'Aborted'],
      ['shop/web', 'Restored'],
      ['shop/api', 'Restored'],
    ]);
    expect(notes[2]?.related).toEqual({ Rejected: commit(2), 'Went back to': commit(1) });
    const others = named.map((each) => rollout([], { metadata: each }));
    expect(due(others, { head, promoted: new Set(['shop/web']) })).toEqual([]);
  });

  it('for a hold, once, whether the history tells of it or not', () => {
    expect(said(due([rollout([])], { holds: [hold] }))).toEqual([['2', 'Aborted']]);
    const told = due([rollout([entry(2, 'Aborted', { attempt: 4 })])], { holds: [hold] });
    expect(told).toMatchObject([{ outcome: 'Aborted', attempt: 4, related: { 'Went back to': commit(1) } }]);
    const pushed: Hold = { ...hold, writeBack: { state: 'Pushed', commit: commit(3) } };
    expect(said(due([rollout([])], { holds: [pushed] }))).toEqual([
      ['2', 'Aborted'],
      ['3', 'Restored'],
    ]);
  });

  it('for a promotion that no history tells of, but not where one does', () => {
    const metadata = {
      name: 'web',
      namespace: 'shop',
      annotations: { [ANNOTATIONS.revision]: `{"commit":"${commit(5)}"}` },
    };
    const promoted = new Set(['shop/web']);
    expect(said(due([rollout([], { metadata })], { promoted }))).toEqual([['5', 'Promoted']]);
    expect(said(due([rollout([entry(1, 'Promoted')], { metadata })], { promoted }))).toEqual([['1', 'Promoted']]);
  });

  it('for a Rollout that was lost and came back: restored, not promoted', () => {
    const returns = [{ rollout: { namespace: 'shop', name: 'web' }, stable: { commit: commit(1) }, since: at(5) }];
    expect(due([rollout([entry(1, 'Promoted')])], { returns })).toMatchObject([{ outcome: 'Restored' }]);
  });
});

describe('the text of a note', () => {
  const note: Note = {
    commit: commit(2),
    rollout: 'shop/web',
    outcome: 'Superseded',
    attempt: 3,
    app: 'shop/shop',
    startedAt: at(0),
    at: at(10),
    evidence: 'web-1: rate Successful',
    weights: [
      { at: at(1), weight: 10 },
      { at: at(5), weight: 50 },
    ],
    command: { verb: 'promote', value: 'true\nReason: forged', at: at(4), by: 'a\nReason: forged' },
  };

  it('is one line for each thing it says', () => {
    expect(noteText(note).split('\n')).toEqual([
      'Superseded: Rollout shop/web (Application shop/shop), release 3',
      `Began: ${at(0)}`,
      `At: ${at(10)}`,
      `Weight: 10 since ${at(1)}`,
      `Weight: 50 since ${at(5)}`,
      `Command: promote true Reason: forged at ${at(4)}, set by field manager a Reason: forged`,
      'Evidence:',
      'web-1: rate Successful',
      '',
    ]);
  });

  it('is added once, and not without end', () => {
    const once = withSection('', note);
    expect(withSection(once, note)).toBe(once);
    expect(withSection(once, { ...note, attempt: 4 })).toBe(`${once}\n${noteText({ ...note, attempt: 4 })}`);
    const long = 'x'.repeat(262_144);
    expect(withSection(long, note)).toBe(long);
  });

  it('has no line that the name of a metric made', () => {
    const forged = run('a', 'hash2', 1, '1');
    forged.status = { phase: 'Failed', metricResults: [{ name: 'rate\nPromoted: Rollout shop/web', phase: 'Failed' }] };
    expect(evidenceOf([forged]).split('\n')).toHaveLength(1);
  });

  it('quotes a bounded part of what was measured', () => {
    const runs = Array.from({ length: 2_000 }, (_, i) => run(`r${i}`, 'hash2', 1, 'v'.repeat(5_000)));
    const text = evidenceOf(runsOf(runs, { namespace: 'shop', name: 'web' }, { podHash: 'hash2' }));
    expect(text.length).toBeLessThan(20_000);
    expect(text).toMatch(/and \d+ more lines$/);
  });
});

it('notes alone answer what served when, at which weight, and who let it', () => {
  const history = [
    entry(1, 'Promoted', { startedAt: at(0), at: at(1), weights: [{ at: at(1), weight: 100 }] }),
    entry(2, 'Superseded', {
      startedAt: at(10),
      at: at(20),
      weights: [
        { at: at(11), weight: 10 },
        { at: at(14), weight: 50 },
        { at: at(20), weight: 0 },
      ],
      command: { verb: 'promote', value: 'true', at: at(14) },
    }),
    entry(3, 'Promoted', {
      startedAt: at(20),
      at: at(30),
      weights: [
        { at: at(21), weight: 25 },
        { at: at(30), weight: 100 },
      ],
    }),
  ];
  const texts = new Map<string, string>();
  for (const note of due([rollout(history)])) texts.set(note.commit, withSection(texts.get(note.commit) ?? '', note));
  const weightAt = (text: string, time: string): number =>
    Number([...text.matchAll(/^Weight: (\d+) since (.+)$/gm)].findLast(([, , since = '']) => since <= time)?.[1] ?? 0);
  const servedAt = (time: string) =>
    [...texts].flatMap(([oid, text]) => (weightAt(text, time) > 0 ? [[oid[0], weightAt(text, time)]] : []));
  expect(servedAt(at(5))).toEqual([['1', 100]]);
  expect(servedAt(at(15))).toEqual([
    ['1', 100],
    ['2', 50],
  ]);
  expect(servedAt(at(25))).toEqual([
    ['1', 100],
    ['3', 25],
  ]);
  expect(texts.get(commit(2))).toContain(`Command: promote true at ${at(14)}`);
});

describe('the message of a revert', () => {
  it('names each Rollout with its reason and what was measured, and its trailers can be read back', () => {
    const holds = ['web', 'api', 'job', 'cron'].map((name) => ({ ...hold, rollout: { namespace: 'shop', name } }));
    const message = revertMessage(
      holds.map((each) => ({ hold: each, evidence: `${each.rollout.name} was bad` })),
      ['a.yaml'],
    );
    expect(message.split('\n')[0]).toBe('Revert web, api, job and 1 more: 2222222 was rejected');
    for (const {
      rollout: { name },
    } of holds)
      expect(message).toContain(`Measured for ${name}:\n${name} was bad`);
    expect(restorationsIn(message)).toEqual(
      holds.map(({ rollout: { name } }) => ({
        rollout: `shop/${name}`,
        rejected: commit(2),
        restored: commit(1),
        reason: 'rate 0.8 < 0.9',
      })),
    );
  });

  it('has trailers that a reason cannot forge', () => {
    const reason = 'bad\nSluice-Rollout: shop/other\nSluice-Rejected: x\nSluice-Restored: y';
    const message = revertMessage([{ hold: { ...hold, reason }, evidence: '' }], ['a.yaml']);
    expect(restorationsIn(message).map(({ rollout: name }) => name)).toEqual(['shop/web']);
  });

  it('is bounded, however much broke', () => {
    const many = Array.from({ length: 200 }, () => ({ hold, evidence: 'x'.repeat(2_000) }));
    const paths = Array.from({ length: 500 }, (_, i) => `deploy/${i}.yaml`);
    expect(revertMessage(many, paths).length).toBeLessThan(200_000);
  });
});
