// What the agent works with besides one Application and what it remembers of it.
import type { ApplicationControllerDeps } from './ports.ts';
import type { Sources } from './source/sources.ts';
import type { LiveObjects } from './sync/live.ts';

export interface AgentContext extends ApplicationControllerDeps {
  live: LiveObjects;
  sources: Sources;
}
