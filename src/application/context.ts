// What a pass works with besides the Application and its state.
import type { LiveObjects } from './sync/live.ts';
import type { ApplicationControllerDeps } from './ports.ts';

export interface PassContext extends ApplicationControllerDeps {
  live: LiveObjects;
}
