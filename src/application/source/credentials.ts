// Credentials in a Secret, under the names that Sluice, Argo CD, Flux and Kubernetes itself give them.
import type { ApplicationSpec } from '../../api/application.ts';
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import type { HttpCredentials, SignaturePolicy, SigningKey, SshCredentials } from '../../ports/source-reader.ts';

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

/** What commits are signed with: a private key of SSH; undefined where the Secret has none. */
export function signingKeyIn(secret: KubeObject): SigningKey | undefined {
  const privateKey = textOf(secret, 'signingKey');
  if (privateKey === undefined) return undefined;
  const passphrase = textOf(secret, 'signingPassphrase');
  return { privateKey, ...(passphrase === undefined ? {} : { passphrase }) };
}

/** Whose signatures count; the error says what the Secret lacks. */
export function signersIn(
  secret: KubeObject,
  { mode = 'Commit', secretRef: { name } }: NonNullable<ApplicationSpec['source']['verify']>,
): Result<SignaturePolicy, string> {
  const keys = isRecord(secret['data']) ? Object.keys(secret['data']).filter((key) => key.endsWith('.asc')) : [];
  const openPgp = keys.toSorted().flatMap((key) => textOf(secret, key) ?? []);
  const allowedSigners = textOf(secret, 'allowed_signers');
  if (openPgp.length === 0 && allowedSigners === undefined)
    return fail(
      `Secret ${name} of spec.source.verify.secretRef has neither a key allowed_signers nor one that ends in .asc, so that no signature counts`,
    );
  return ok({ on: mode, openPgp, ...(allowedSigners === undefined ? {} : { allowedSigners }) });
}

/** There `password` is what opens the key. */
const isFlux = (secret: KubeObject): boolean => textOf(secret, 'identity') !== undefined;

const passphraseIn = (secret: KubeObject): string | undefined =>
  textOf(secret, 'sshPassphrase') ?? (isFlux(secret) ? textOf(secret, 'password') : undefined);

function textOf(secret: KubeObject, key: string): string | undefined {
  const data = isRecord(secret['data']) ? secret['data'] : {};
  return typeof data[key] === 'string' ? Buffer.from(data[key], 'base64').toString('utf8').trim() : undefined;
}
