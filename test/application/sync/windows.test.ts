// Whose word lets a commit in though a window is closed, one decision at a time.
import { expect, it } from 'vitest';
import type { ApplicationStatus } from '../../../src/api/application.ts';
import { decideApplication, type AgentDecision } from '../../../src/application/decide.ts';
import { Memory } from '../../../src/application/memory.ts';
import { application, applied, config, declared, entryOf, NOW, seen } from '../seen.ts';

const COMMIT = `3f9c2d1${'0'.repeat(33)}`;
/** To have a commit begin with seven digits of another takes minutes. */
const ALIKE = `3f9c2d1${'f'.repeat(33)}`;
const BEFORE = 'b'.repeat(40);

/** Decides about a commit in a closed window, with an annotation on the Application, once the server has accepted it. */
function decide(annotation: string, commit = COMMIT, more: ApplicationStatus = {}): AgentDecision {
  const app = application({ sync: { windows: [{ kind: 'Deny', schedule: '* * * * *', duration: '1h' }] } });
  app.metadata.annotations = { 'sluice.dev/override': annotation };
  const old = config('a', { v: '1' });
  const memory = new Memory();
  memory.accept(declared([old], app, BEFORE));
  const live = [applied(old, app)];
  const status = { ...more, resources: live.map((object) => entryOf(object)) };
  const look = (): AgentDecision =>
    decideApplication(
      seen({ app: { ...app, status }, declares: [config('a', { v: '2' })], commit, live, memory, more: { status } }),
    );
  for (const intent of look().intents) {
    if (intent.do !== 'Check') continue;
    for (const { key, fingerprint, body } of intent.requests)
      memory.answer(key, fingerprint, { kind: 'accepted', object: body }, NOW);
  }
  return look();
}

it('An override names the commit and the reason, which are kept', () => {
  const { accepted, status } = decide('3f9c2d1 hotfix');
  expect(accepted?.commit.oid).toBe(COMMIT);
  expect(status.overrides).toEqual([{ commit: COMMIT, reason: 'hotfix', at: '2026-01-01T00:00:00Z' }]);
});

it.each([
  ['hotfix', '(the annotation names no commit, or no reason)'],
  ['3f9c2d1', '(the annotation names no commit, or no reason)'],
  ['1234567 hotfix', '(the annotation names 1234567)'],
])('The override "%s" lets nothing in, and says why', (annotation, why) => {
  const { accepted, status } = decide(annotation);
  expect(accepted?.commit.oid).toBe(BEFORE);
  expect(status.message).toContain(why);
});

it('An override that has let a commit in lets in no other that begins like it', () => {
  const overrides = [{ commit: COMMIT, reason: 'hotfix', at: '2025-12-31T00:00:00Z' }];
  const { accepted, status } = decide('3f9c2d1 hotfix', ALIKE, { overrides });
  expect(accepted?.commit.oid).toBe(BEFORE);
  expect(status.message).toContain(`(the annotation has let ${COMMIT} in already)`);
});
