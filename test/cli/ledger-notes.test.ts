// `sluice history --repo` and `sluice at` over real repositories: clones as people have them, and notes as others left them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseRecord } from '../../src/api/release-record.ts';
import { servedAt, type AtOptions } from '../../src/cli/ledger/at.ts';
import { historyOfNotes, type HistoryOptions } from '../../src/cli/ledger/history.ts';
import { readNotes } from '../../src/cli/ledger/notes-source.ts';
import { recordLine } from '../../src/ledger/line.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { at, sampleRecord } from '../ledger/samples.ts';
import { startGitServer, type GitServer } from '../support/git-server.ts';

let server: GitServer;
let folder: string;
beforeEach(async () => {
  server = await startGitServer();
  folder = mkdtempSync(join(tmpdir(), 'sluice-clone-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.close();
});

const NOW = { now: () => Date.parse('2026-01-02T00:00:00Z') };
const REFSPEC = 'refs/notes/sluice:refs/notes/sluice';
const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim();

function commits(count: number): string[] {
  return Array.from({ length: count }, (_, nth) =>
    server.commit('main', { 'a.yaml': `a: ${nth}\n` }, `Deploy v${nth + 1}`),
  );
}

function note(commit: string, ...lines: string[]): void {
  const file = join(folder, 'note');
  writeFileSync(file, `${lines.join('\n')}\n`);
  server.git('notes', '--ref=sluice', 'add', '-f', '-F', file, commit);
}

const record = (commit: string, more: Partial<ReleaseRecord> = {}): string =>
  recordLine(sampleRecord({ revision: { commit, author: 'Ada', subject: 'Deploy it' }, ...more }));

/** A clone as `git clone` makes it, with or without the notes. */
function clone(withNotes: boolean, ...options: string[]): string {
  const path = join(folder, 'clone');
  // By its path: the server is in this very process, which waits for git.
  git('clone', '-q', ...options, `file://${server.repository}`, path);
  if (withNotes) git('-C', path, 'fetch', '-q', 'origin', REFSPEC);
  return path;
}

async function history(repo: string, options: Partial<HistoryOptions & { namespace: string }> = {}): Promise<string> {
  const lines: string[] = [];
  const given = { name: 'web', zone: 'UTC', limit: undefined, json: false, namespace: undefined, ...options };
  historyOfNotes(given, await readNotes(repo, systemClock), { print: (line) => lines.push(line), clock: NOW });
  return lines.join('\n');
}

async function served(repo: string, when: string, options: Partial<AtOptions> = {}): Promise<string> {
  const lines: string[] = [];
  const given = { when, name: 'web', zone: 'UTC', json: false, namespace: undefined, ...options };
  servedAt(given, await readNotes(repo, systemClock), { print: (line) => lines.push(line), clock: NOW });
  return lines.join('\n');
}

describe('the notes of a repository', () => {
  it('are not in a clone, and the line that brings them is said', async () => {
    const [oid = ''] = commits(1);
    note(oid, record(oid));
    const path = clone(false);
    await expect(history(path)).rejects.toThrow(
      `${path} has no notes of Sluice: a clone does not bring them. Fetch them first:\n  git -C ${path} fetch origin ${REFSPEC}`,
    );
    git('-C', path, 'fetch', '-q', 'origin', REFSPEC);
    expect(await history(path)).toContain('Promoted');
  });

  it('are read from a URL, without a clone', async () => {
    const [oid = ''] = commits(1);
    await expect(history(server.url)).rejects.toThrow('has no notes of Sluice (refs/notes/sluice)');
    note(oid, record(oid));
    expect(await history(server.url)).toContain('Promoted');
  });

  it.each([
    ['a shallow clone', ['--depth', '1']],
    ['a bare clone', ['--bare']],
    ['a clone without a checkout', ['--no-checkout']],
  ])('are read from %s', async (_what, options) => {
    const [first = '', second = ''] = commits(2);
    note(first, record(first, { attempt: 1 }));
    note(second, record(second, { endedAt: at(20) }));
    const path = clone(true, ...options);
    expect((await history(path)).split('\n').map((line) => line.split(/ {2,}/)[2])).toEqual([
      'COMMIT',
      second.slice(0, 7),
      first.slice(0, 7),
    ]);
  });

  it('are read from a folder of a clone, and from a further work tree of it', async () => {
    const [oid = ''] = commits(1);
    note(oid, record(oid));
    const path = clone(true);
    mkdirSync(join(path, 'deep'));
    expect(await history(join(path, 'deep'))).toContain('Promoted');
    git('-C', path, 'worktree', 'add', '-q', join(folder, 'other'), '-b', 'other');
    expect(await history(join(folder, 'other'))).toContain('Promoted');
  });

  it('are read from packed references, and fanned out as git does with many', async () => {
    const oids = commits(300);
    const dates = {
      ...process.env,
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a',
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a',
    };
    const input = oids.map((oid, nth) => {
      const text = record(oid, { attempt: nth });
      return `N inline ${oid}\ndata ${Buffer.byteLength(text)}\n${text}\n`;
    });
    const stream = `commit refs/notes/sluice\ncommitter A <a> 1767225600 +0000\ndata 1\nx\n${input.join('')}`;
    execFileSync('git', ['fast-import', '--quiet'], { cwd: server.repository, input: stream, env: dates });
    const path = clone(true);
    git('-C', path, 'pack-refs', '--all');
    expect((await history(path, { limit: 5 })).split('\n')).toHaveLength(7);
    expect(await history(path, { limit: 5 })).toContain('and 295 more');
  });

  it('of earlier versions are told with what the commit says, where that is here', async () => {
    const [oid = ''] = commits(1);
    note(
      oid,
      'Promoted: Rollout shop/web (Application shop/shop), release 2',
      `At: ${at(10)}`,
      'Evidence: nothing was measured',
    );
    expect(await history(clone(true))).toMatch(/Promoted +- +Ada +Deploy v1/);
    expect(await history(server.url)).toMatch(/Promoted +- +- +- +-/);
  });

  it('cannot be read of what is no repository, or keeps its references otherwise, and that is said', async () => {
    await expect(history(folder)).rejects.toThrow(`${folder} is no Git repository, nor in one`);
    await expect(history(join(folder, 'none'))).rejects.toThrow('there is no such folder, and it is no URL');
    commits(1);
    const path = clone(false);
    git('-C', path, 'config', 'extensions.refStorage', 'reftable');
    await expect(history(path)).rejects.toThrow('keeps its references as reftable, which cannot be read');
  });

  it('that were edited by hand, or are of a later version, lose that part alone, and the rest is told', async () => {
    const [first = '', second = ''] = commits(2);
    note(first, 'by hand', 'Record: {oops', record(first));
    note(second, record(second, { attempt: 3 }).replace('"version":1', '"version":9'));
    const text = await history(server.url);
    expect(text).toContain(first.slice(0, 7));
    expect(text).not.toContain(second.slice(0, 7));
    expect(text).toContain('1 record in the notes cannot be read, and is left out');
    expect(text).toContain('1 record is of a later version of Sluice');
  });

  it('that are huge are left out, and that is said', async () => {
    const [first = '', second = ''] = commits(2);
    note(first, record(first));
    note(second, 'x'.repeat(5 * 2 ** 20));
    expect(await history(server.url)).toMatch(/Promoted[^]*\n1 note is too large to be read, and left out$/);
  });

  it('steer no terminal', async () => {
    const [oid = ''] = commits(1);
    note(oid, record(oid, { reason: '\u001b]0;owned\u0007\u202e', revision: { commit: oid, subject: '\u001b[2J' } }));
    // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not be there
    expect(await history(server.url)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(await history(server.url, { json: true })).toMatch(/^[\n\x20-\x7e]*$/);
    expect(await served(server.url, '2026-01-01 10:30')).toMatch(/^[\n\x20-\x7e]*$/);
  });
});

describe('a name', () => {
  it('that is in two namespaces is asked about', async () => {
    const [oid = ''] = commits(1);
    const blog = { rollout: { namespace: 'blog', name: 'web' }, application: { namespace: 'blog', name: 'blog' } };
    note(oid, record(oid), record(oid, blog));
    const question = 'web is in namespaces blog and shop: say which with -n';
    await expect(history(server.url)).rejects.toThrow(question);
    await expect(served(server.url, '2026-01-01 10:30')).rejects.toThrow(question);
    expect((await history(server.url, { namespace: 'blog' })).split('\n')).toHaveLength(2);
    expect(await served(server.url, '2026-01-01 10:30', { namespace: 'shop' })).toContain('Rollout shop/web');
  });

  it('that is not there is answered with those that are', async () => {
    const [oid = ''] = commits(1);
    note(oid, record(oid));
    await expect(history(server.url, { name: 'wbe' })).rejects.toThrow(/tell nothing of wbe; they tell of shop\/web$/);
    await expect(served(server.url, 'now', { name: 'wbe' })).rejects.toThrow(/they tell of shop\/web$/);
    await expect(history(server.url, { name: 'pod/web' })).rejects.toThrow('write NAME, rollout/NAME or app/NAME');
  });

  it('may be that of an Application', async () => {
    const [oid = ''] = commits(1);
    const api = { rollout: { namespace: 'shop', name: 'api' } };
    note(oid, record(oid), record(oid, api));
    expect((await history(server.url, { name: 'shop' })).split('\n')).toHaveLength(3);
    expect((await history(server.url, { name: 'app/shop' })).split('\n')).toHaveLength(3);
    await expect(served(server.url, 'now', { name: 'app/shop' })).rejects.toThrow('a Rollout is asked for');
  });
});

describe('what served at a moment', () => {
  const weights = [
    { at: at(21), weight: 10 },
    { at: at(25), weight: 50 },
  ];

  it('is told with who wrote it, who let it, and what was measured', async () => {
    const [first = '', second = ''] = commits(2);
    note(first, record(first, { attempt: 1 }));
    const metric = { name: 'rate', phase: 'Failed', failed: 1, good: 'result[0] >= 0.95' };
    const runs = [
      { name: 'web-2', phase: 'Failed', metrics: [{ ...metric, looks: [{ phase: 'Failed', value: '0.82' }] }] },
    ];
    const commands = [{ verb: 'promote', value: 'true', at: at(24), by: 'kubectl-annotate' }];
    const outcome = { outcome: 'Aborted', reason: 'rate 0.82 < 0.95', wentBackTo: first };
    const when = { startedAt: at(20), endedAt: at(30) };
    note(second, record(second, { attempt: 2, ...when, ...outcome, weights, runs, commands }));
    expect((await served(server.url, '2026-01-01 11:26', { zone: 'Europe/Berlin' })).split('\n')).toEqual([
      'Rollout shop/web (Application shop/shop) at 2026-01-01 11:26:00 CET',
      `  stable: 50% ${first.slice(0, 7)} Deploy it, since 2026-01-01 11:10:00 CET`,
      '    written by Ada',
      '    nothing was measured',
      `  candidate: 50% ${second.slice(0, 7)} Deploy it, since 2026-01-01 11:25:00 CET`,
      '    written by Ada',
      '    let by promote at 2026-01-01 11:24:00 CET, set by field manager kubectl-annotate',
      '    web-2: rate Failed: 0 good, 1 bad, good when result[0] >= 0.95; last measured 0.82',
      `    ended Aborted 2026-01-01 11:30:00 CET: rate 0.82 < 0.95; went back to ${first.slice(0, 7)}`,
    ]);
    const value = JSON.parse(await served(server.url, '2026-01-01 10:26', { json: true })) as Record<string, unknown>;
    expect(value).toMatchObject({
      at: '2026-01-01T10:26:00.000Z',
      answers: [{ stable: { commit: first, weight: 50 }, candidate: { commit: second, since: at(25) } }],
    });
  });

  it('is not told before the first release, and that is said', async () => {
    const [oid = ''] = commits(1);
    note(oid, record(oid));
    await expect(served(server.url, '2026-01-01 09:00')).rejects.toThrow(
      'the notes do not tell what served at 2026-01-01 09:00:00 UTC: the first release that they tell of began 2026-01-01 10:00:00 UTC',
    );
  });

  it('is told for each cluster that has an Application of that name', async () => {
    const [oid = ''] = commits(1);
    const other = { application: { namespace: 'shop', name: 'shop', uid: 'other' }, attempt: 9 };
    note(oid, record(oid), record(oid, other));
    const text = await served(server.url, '2026-01-01 10:30');
    expect(text).toContain('(Application shop/shop with UID app-uid)');
    expect(text).toContain('(Application shop/shop with UID other)');
  });

  it('says when the notes may be too old to tell', async () => {
    const [oid = ''] = commits(1);
    note(oid, record(oid));
    const ledger = { ...(await readNotes(server.url, systemClock)), writtenAt: Date.parse(at(15)) };
    const lines: string[] = [];
    const options = { when: '2026-01-01 12:00', name: 'web', zone: 'UTC', json: false, namespace: undefined };
    servedAt(options, ledger, { print: (line) => lines.push(line), clock: NOW });
    expect(lines.at(-1)).toBe(
      'the notes here were last written 2026-01-01 10:15:00 UTC: what has ended since, or goes on, is not in them',
    );
  });
});
