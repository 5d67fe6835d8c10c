import { describe, expect, it } from 'vitest';
import { branchOfRef, isMoved, targetRevision } from '../../src/api/target-revision.ts';

const oid = (digit: string): string => digit.repeat(40);
const COMMIT = oid('c');

const REFERENCES = new Map([
  ['refs/heads/main', oid('1')],
  ['refs/heads/main2', oid('2')],
  ['refs/heads/stable', oid('3')],
  ['refs/tags/stable', oid('4')],
  ['refs/tags/v1.2.0', oid('5')],
  ['refs/tags/v1.10.0', oid('6')],
  ['refs/tags/v1.10.0^{}', oid('7')],
  ['refs/tags/2.0.0', oid('8')],
  ['refs/tags/v2.1.0-rc.1', oid('9')],
  ['refs/tags/v1.11', oid('a')],
  ['refs/tags/nightly', oid('b')],
]);

const find = (text: string) => targetRevision(text).find(REFERENCES);

describe('a target revision', () => {
  it.each([
    ['the name of a branch', 'main', 'refs/heads/main', oid('1')],
    ['the name of a branch that a tag has, too', 'stable', 'refs/heads/stable', oid('3')],
    ['the name of a tag', 'nightly', 'refs/tags/nightly', oid('b')],
    ['the name of an annotated tag', 'v1.10.0', 'refs/tags/v1.10.0', oid('7')],
    ['the full name of a tag', 'refs/tags/stable', 'refs/tags/stable', oid('4')],
    ['a range', '1.x', 'refs/tags/v1.10.0', oid('7')],
    ['a range with a caret', '^1.2.0', 'refs/tags/v1.10.0', oid('7')],
    ['a range with a tilde', '~1.2', 'refs/tags/v1.2.0', oid('5')],
    ['a range of two bounds', '>=1.2 <2', 'refs/tags/v1.10.0', oid('7')],
    ['all versions', '*', 'refs/tags/2.0.0', oid('8')],
    ['a range that names a pre-release', '>=2.1.0-rc.0', 'refs/tags/v2.1.0-rc.1', oid('9')],
  ])('may be %s', (_what, text, ref, commit) => {
    expect(find(text)).toMatchObject({ ref, commit });
  });

  it('may be a commit, and then no server is asked where it is', () => {
    const target = targetRevision(COMMIT.toUpperCase());
    expect([target.prefixes, target.find(new Map())?.commit]).toEqual([[], COMMIT]);
  });

  it.each([
    ['other', 'there is no branch or tag other'],
    ['1.2', 'there is no branch or tag 1.2'],
    ['release-1.x', 'there is no branch or tag release-1.x'],
    ['refs/heads/other', 'there is no reference refs/heads/other'],
    ['^3', 'there is no tag whose version is in the range ^3'],
    ['abc1234', 'there is no branch or tag abc1234; if a commit is meant, give all 40 digits of it'],
  ])('%s that is not there is told as what it is', (text, message) => {
    expect([find(text), targetRevision(text).missing]).toEqual([undefined, message]);
  });

  it('is a branch before it is a range', () => {
    expect(targetRevision('1.x').find(new Map([...REFERENCES, ['refs/heads/1.x', COMMIT]]))?.commit).toBe(COMMIT);
  });

  it('of one version under two names is the first of them', () => {
    const twice = new Map([
      ['refs/tags/v1.0.0', oid('1')],
      ['refs/tags/1.0.0', oid('2')],
    ]);
    expect(targetRevision('1.x').find(twice)?.ref).toBe('refs/tags/1.0.0');
  });
});

describe('a push', () => {
  it.each([
    ['main', 'refs/heads/main', true],
    ['main', 'refs/heads/main2', false],
    ['main', 'refs/tags/v1.0.0', false],
    ['^1', 'refs/tags/v1.9.0', true],
    ['^1', 'refs/tags/v2.0.0', false],
    ['v1.0.0', 'refs/tags/v1.0.0', true],
    [COMMIT, 'refs/heads/main', false],
  ])('concerns %s where it is of %s: %s', (text, ref, expected) => {
    expect(isMoved(text, ref)).toBe(expected);
  });

  it('can be made to a branch alone', () => {
    expect(['refs/heads/a/b', 'refs/tags/v1', `refs/sluice/commits/${COMMIT}`].map(branchOfRef)).toEqual([
      'a/b',
      undefined,
      undefined,
    ]);
  });
});
