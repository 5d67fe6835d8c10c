// An Application whose commits have to be signed, and the people who sign them.
import { generateKeyPairSync } from 'node:crypto';
import type { ApplicationStatus } from '../../src/api/application.ts';
import { signCommit } from '../../src/git/signature/sign.ts';
import { readPrivateKey } from '../../src/git/ssh/private-key.ts';
import type { Cluster } from './cluster.ts';
import { promoted } from './given.ts';
import { application, shop } from './manifests.ts';

export interface Person {
  privateKey: string;
  /** Of a file of allowed signers. */
  line: string;
}

function person(name: string): Person {
  const { privateKey: key } = generateKeyPairSync('ed25519');
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const blob = readPrivateKey({ privateKey }).getPublicSSH().toString('base64');
  return { privateKey, line: `${name} namespaces="git" ssh-ed25519 ${blob}` };
}

/** Ada is the one whose signature counts. */
export const [ada, eve] = [person('ada@example.com'), person('eve@example.com')];

export const SOURCE = {
  repoURL: 'https://git.example.com/acme/shop.git',
  path: 'deploy',
  interval: '10s',
  verify: { secretRef: { name: 'signers' } },
};

/** The Secret that says whose signatures count. */
export const secret = (data: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'signers', namespace: 'shop' },
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
});

export interface SignedShop {
  app: () => ApplicationStatus | undefined;
  /** A commit as bytes, signed by somebody or by nobody. */
  push: (files: Record<string, string | null>, message: string, by?: Person) => string;
  refused: () => Promise<void>;
  givenV1: () => Promise<void>;
}

/** In the cluster that is open at the moment. */
export function signedShop(open: () => Cluster): SignedShop {
  const app: SignedShop['app'] = () => open().application().status;
  const push: SignedShop['push'] = (files, message, by) => {
    const { repository } = open();
    const oid = open().push(files, message);
    const tree = repository.commits.get(oid)?.commit.tree ?? '';
    const bytes = Buffer.from(`tree ${tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n${message}\n`);
    repository.signed.set(oid, by === undefined ? bytes : signCommit(bytes, { privateKey: by.privateKey }));
    return oid;
  };
  const isRefused = (): boolean => open().condition(open().application(), 'Ready')?.['reason'] === 'Unverified';
  return {
    app,
    push,
    refused: () => open().until('it is refused', isRefused),
    async givenV1() {
      open().create(secret({ allowed_signers: ada.line }));
      push(shop('v1'), 'Deploy v1', ada);
      open().create(application({ source: SOURCE }));
      await promoted(open(), 'v1');
    },
  };
}
