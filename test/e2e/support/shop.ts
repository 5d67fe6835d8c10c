// The web service declared in a repository behind a Git server with a password, which can be made to break, and to be late.
import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ANNOTATIONS, RESOURCES } from '../../../src/api/names.ts';
import { parseRevision } from '../../../src/api/revision.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import { surroundings, watchedRollout } from './canary.ts';
import type { Controller } from './controller.ts';
import { GREETING, greetingOf } from './greeting.ts';
import { record } from './history.ts';
import { startRepository, type Repository, type RepositoryOptions } from './repository.ts';
import type { World } from './world.ts';

const USER = 'ci';
const PASSWORD = 'a password';
const WEBHOOK_SECRET = 'known to both';

export interface Shop extends Repository {
  /** While true the server breaks every connection. */
  down: boolean;
  /** Called before each request is answered. */
  onRequest: (request: IncomingMessage) => void;
  /** What declares a version: its greeting is in a ConfigMap that the pods take in. */
  version(version: string): object[];
  /** Tells a controller of a push, as the Git server's webhook does. Resolves with the answer's status. */
  tell(controller: Controller): Promise<number>;
}

export interface ShopOptions extends Pick<RepositoryOptions, 'interval' | 'writeBack' | 'account'> {
  host: string;
  steps: object[];
}

const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'shop-git' },
  stringData: { username: USER, password: PASSWORD, webhookSecret: WEBHOOK_SECRET },
};

/** Starts the server, declares v1 and applies the Application with its Secret. */
export async function openShop(world: World, { host, steps, ...options }: ShopOptions): Promise<Shop> {
  await world.apply(secret);
  const intercept = (request: IncomingMessage): boolean => {
    if (shop.down) request.socket.destroy();
    else shop.onRequest(request);
    return shop.down;
  };
  const repository = await startRepository(world, {
    ...options,
    secret: 'shop-git',
    basic: `${USER}:${PASSWORD}`,
    intercept,
  });
  const shop: Shop = {
    ...repository,
    down: false,
    onRequest: () => {},
    version: (version) => [
      greetingOf(`hello from ${version}`),
      watchedRollout({ namespace: world.namespace, steps, version, config: GREETING }),
    ],
    tell: (controller) => sendWebhook(world, controller, repository.url),
  };
  shop.declare('Deploy v1', ...surroundings(host), ...shop.version('v1'));
  return shop;
}

async function sendWebhook(world: World, controller: Controller, repoURL: string): Promise<number> {
  const body = JSON.stringify({ repoURL, ref: 'refs/heads/main' });
  const signature = `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature };
  const url = `${controller.url}/webhook/${world.namespace}/shop`;
  return (await fetch(url, { method: 'POST', headers, body })).status;
}

interface Container {
  env?: { name: string; value?: string }[];
}

/** Version of the pods that a Rollout declares. */
export function versionOf(rollout: Rollout): string {
  const container = rollout.spec.template.spec?.containers[0] as Container | undefined;
  return container?.env?.find(({ name }) => name === 'VERSION')?.value ?? '';
}

export interface Declared {
  version: string;
  commit: string;
}

/** What the Rollout declared, and the commit that it named for it, from now on. */
export const recordDeclared = (world: World): Promise<Declared[]> =>
  record<Rollout, Declared>(world, RESOURCES.rollouts, (rollout) => ({
    version: versionOf(rollout),
    commit: parseRevision(rollout.metadata.annotations?.[ANNOTATIONS.revision])?.commit ?? '',
  }));
