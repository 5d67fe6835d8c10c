// A repository of the git binary behind smart HTTP, followed by an Application of the scenario's namespace.
import { dump, load } from 'js-yaml';
import type { Application } from '../../../src/api/application.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { startGitServer, type GitServer, type GitServerOptions } from '../../support/git-server.ts';
import { until } from '../cluster/until.ts';
import type { World } from './world.ts';

export interface Repository extends GitServer {
  /** Commits objects, one file each by kind and name, beside what is there; returns the commit. */
  declare(message: string, ...objects: object[]): string;
  /** The object in a file of the branch's head. */
  declared(kind: string, name: string): object;
  /** The Application as it is now. */
  application(): Promise<Application>;
  /** Resolves with the Application once it `holds`. */
  applicationIs(what: string, holds: (status: NonNullable<Application['status']>) => boolean): Promise<Application>;
}

interface Named {
  kind: string;
  metadata: { name: string };
}

const fileOf = ({ kind, metadata }: Named): string => `deploy/${kind.toLowerCase()}-${metadata.name}.yaml`;

export interface RepositoryOptions extends GitServerOptions {
  /** Default `5s`, which is the shortest. */
  interval?: string;
  /** Name of a Secret with credentials. */
  secret?: string;
  /** Default: commits on abort, and notes. */
  writeBack?: object;
  /** ServiceAccount whose rights the Application has. Default: Sluice's own, for the fixed list alone. */
  account?: string | undefined;
}

/** Path and text of the files that declare objects. */
export const filesOf = (...objects: object[]): Record<string, string> =>
  Object.fromEntries((objects as Named[]).map((object) => [fileOf(object), dump(object)]));

export async function startRepository(world: World, options: RepositoryOptions = {}): Promise<Repository> {
  const server = await startGitServer(options);
  world.atEnd(() => server.close());
  const source = { repoURL: server.url, targetRevision: 'main', path: 'deploy', interval: options.interval ?? '5s' };
  const application = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop' },
    spec: {
      ...(options.account === undefined ? {} : { serviceAccountName: options.account }),
      source: options.secret === undefined ? source : { ...source, secretRef: { name: options.secret } },
      sync: { prune: true, selfHeal: true },
      writeBack: options.writeBack ?? { onAbort: 'Commit' },
    },
  };
  const read = async (): Promise<Application> => {
    const found = await world.client.get<Application>(RESOURCES.applications, 'shop', world.namespace);
    if (found === undefined) throw new Error('there is no Application');
    return found;
  };
  let begins: Promise<void> | undefined;
  world.atEnd(() => begins); // where it could not be applied, that is why the scenario failed
  return {
    ...server,
    declare(message, ...objects) {
      const commit = server.commit('main', filesOf(...objects), message);
      begins ??= world.apply(application);
      begins.catch(() => undefined);
      return commit;
    },
    declared: (kind, name) => load(server.git('show', `main:${fileOf({ kind, metadata: { name } })}`)) as object,
    application: read,
    applicationIs(what, holds) {
      const look = async (): Promise<Application | undefined> => {
        const found = await read();
        return holds(found.status ?? {}) ? found : undefined;
      };
      const state = async (): Promise<unknown> => (await read()).status;
      return until(`the Application to be ${what}`, look, { every: 50, state });
    },
  };
}
