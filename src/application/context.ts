// What the agent works with besides one Application and what it remembers of it.
import type { ObjectKey } from '../api/object-key.ts';
import type { ApplicationControllerDeps } from './ports.ts';
import type { Errands } from './report/errands.ts';
import type { Sources } from './source/sources.ts';
import type { Reading } from './sync/claims.ts';
import type { LiveObjects } from './sync/live.ts';

export interface AgentContext extends ApplicationControllerDeps {
  live: LiveObjects;
  sources: Sources;
  errands: Errands;
  /** Of each Application that this process has looked at, by its key. */
  readings: Map<ObjectKey, Reading>;
  /** Has Applications looked at again, and their repositories at once. */
  ask(applications: readonly ObjectKey[]): void;
}
