// Manifests as a commit with them declares them.
import type { Declared } from '../../src/application/seen.ts';
import { readManifests, type SourceFile } from '../../src/application/source/manifests.ts';
import { render, type ScopeOf } from '../../src/application/source/render.ts';

const COMMIT = {
  oid: 'a'.repeat(40),
  tree: 't',
  parents: [],
  author: { name: 'Ann', email: 'ann@example.com' },
  date: '2026-01-01T00:00:00Z',
  subject: 'Change',
  message: 'Change',
};

/** Throws what is wrong with the files; what is wrong with their objects is in `problems`. */
export function rendered(files: readonly SourceFile[], scopeOf: ScopeOf = () => true): Declared {
  const read = readManifests(files);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const content = {
    commit: COMMIT,
    ref: 'refs/heads/main',
    files: new Map<string, string>(),
    manifests: read.value.manifests,
    skipped: [],
  };
  const tenancy = { namespace: 'shop', account: 'deployer', wide: true, crossNamespaceRoutes: ['*'] };
  return render(content, {
    namespace: 'shop',
    tenancy,
    scopeOf,
    skipMissingKinds: false,
    source: '',
    receivedAt: undefined,
  });
}
