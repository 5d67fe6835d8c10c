// Credentials in a Secret, under the names that Sluice, Argo CD, Flux and Kubernetes itself give them.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import type { HttpCredentials, SshCredentials } from '../../ports/source-reader.ts';

/** Argo CD's and our name, Flux's, and that of the type kubernetes.io/ssh-auth. */
const KEYS = ['sshPrivateKey', 'identity', 'ssh-privatekey'] as const;

/** For a repository over HTTP: bearerToken, or username and password; undefined where the Secret has neither. */
export function httpCredentialsIn(secret: KubeObject): HttpCredentials | undefined {
  const bearerToken = textOf(secret, 'bearerToken');
  if (bearerToken !== undefined) return { bearerToken };
  const password = textOf(secret, 'password');
  return password === undefined ? undefined : { username: textOf(secret, 'username') ?? 'git', password };
}

/** For a repository over SSH; the error says what the Secret of that name lacks, and how it is had. */
export function sshCredentialsIn(secret: KubeObject, name: string): Result<SshCredentials, string> {
  const privateKey = KEYS.map((key) => textOf(secret, key)).find((text) => text !== undefined);
  if (privateKey === undefined)
    return fail(`Secret ${name} of spec.source.secretRef has no key sshPrivateKey, which a repository over SSH takes`);
  const knownHosts = textOf(secret, 'known_hosts');
  if (knownHosts === undefined || knownHosts === '')
    return fail(
      `Secret ${name} of spec.source.secretRef has no key known_hosts: put into it what ssh-keyscan prints for the host, once the fingerprint is compared with the one that the host publishes`,
    );
  const passphrase = passphraseIn(secret);
  return ok({ privateKey, knownHosts, ...(passphrase === undefined ? {} : { passphrase }) });
}

/** For the API of a forge: forgeToken, else what goes for the repository itself over HTTP. */
export function forgeCredentialsIn(secret: KubeObject): HttpCredentials | undefined {
  const token = textOf(secret, 'forgeToken');
  if (token !== undefined) {
    const username = textOf(secret, 'forgeUser') ?? textOf(secret, 'username');
    return username === undefined ? { bearerToken: token } : { username, password: token };
  }
  return isFlux(secret) ? undefined : httpCredentialsIn(secret);
}

/** There `password` is what opens the key. */
const isFlux = (secret: KubeObject): boolean => textOf(secret, 'identity') !== undefined;

const passphraseIn = (secret: KubeObject): string | undefined =>
  textOf(secret, 'sshPassphrase') ?? (isFlux(secret) ? textOf(secret, 'password') : undefined);

function textOf(secret: KubeObject, key: string): string | undefined {
  const data = isRecord(secret['data']) ? secret['data'] : {};
  return typeof data[key] === 'string' ? Buffer.from(data[key], 'base64').toString('utf8').trim() : undefined;
}
