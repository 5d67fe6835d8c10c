// The repository of an Application, with the credentials of its Secret, where the operator's rules let it be asked and the Secret be sent.
import type { Application } from '../../api/application.ts';
import { durationMs } from '../../api/fields.ts';
import { forgeOf } from '../../api/forges.ts';
import { present } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { RESOURCES } from '../../api/names.ts';
import { repositoryUrl } from '../../api/repository-url.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import { EgressRefused, type SecretOrigin } from '../../ports/egress.ts';
import type { ForgeRepository, ForgeResult } from '../../ports/forge.ts';
import type { Repository, SourceCredentials, SourceFailure, SourceResult } from '../../ports/source-reader.ts';
import type { ApplicationControllerDeps } from '../ports.ts';
import { forgeCredentialsIn, httpCredentialsIn, signersIn, signingKeyIn, sshCredentialsIn } from './credentials.ts';

/** The repository as it is read and pushed to. */
export async function repositoryOf(
  app: Application,
  deps: Pick<ApplicationControllerDeps, 'client' | 'egress'>,
): Promise<SourceResult<Repository>> {
  const { verify } = app.spec.source;
  const found = await reachedBy(app, deps);
  if (!found.ok || verify === undefined) return found;
  const known = await secretOf(app, verify.secretRef.name, deps, 'spec.source.verify.secretRef');
  if (!known.ok) return known;
  const policy = signersIn(known.value.secret, verify);
  return policy.ok ? ok({ ...found.value, verify: policy.value }) : failed('AuthFailed', policy.error);
}

async function reachedBy(
  app: Application,
  deps: Pick<ApplicationControllerDeps, 'client' | 'egress'>,
): Promise<SourceResult<Repository>> {
  const { repoURL, timeout, secretRef } = app.spec.source;
  const url = repositoryUrl(repoURL);
  if (url === undefined) return failed('AuthFailed', `${repoURL} is no URL over http, https or ssh`);
  const refusal = refusalOf(() => deps.egress.check(url, 'git'));
  if (refusal !== undefined) return failed('AuthFailed', refusal);
  const timeoutMs = durationMs(timeout ?? '60s') ?? 60_000;
  if (!secretRef) return url.protocol === 'ssh:' ? failed('AuthFailed', NO_KEY) : ok({ repoURL, timeoutMs });
  const known = await secretOf(app, secretRef.name, deps);
  if (!known.ok) return known;
  const held = heldFor(url, known.value, deps);
  if (!held.ok) return failed('AuthFailed', held.error);
  const signing = signingKeyIn(known.value.secret);
  return ok({ repoURL, timeoutMs, ...present({ credentials: held.value, signing }) });
}

/** What the Secret holds for this URL; the error says why there is nothing that may be used. */
function heldFor(
  url: URL,
  { secret, origin }: KnownSecret,
  deps: Pick<ApplicationControllerDeps, 'egress'>,
): Result<SourceCredentials | undefined, string> {
  const objection = refusalOf(() => deps.egress.checkSecret(origin, url, 'git'));
  if (objection !== undefined) return fail(objection);
  return url.protocol === 'ssh:' ? sshCredentialsIn(secret, origin.name) : ok(httpCredentialsIn(secret));
}

const NO_KEY =
  'a repository over SSH takes a key: name its Secret in spec.source.secretRef, with the keys sshPrivateKey and known_hosts';

/** The repository as its forge is asked about it. Where it may be asked is looked at with each request. */
export async function forgeRepositoryOf(
  app: Application,
  deps: Pick<ApplicationControllerDeps, 'client'>,
): Promise<ForgeResult<ForgeRepository>> {
  const { repoURL, timeout, secretRef } = app.spec.source;
  const forge = forgeOf(repoURL, app.spec.writeBack?.forge);
  if (forge === undefined || !secretRef)
    return fail({ reason: 'AuthFailed', message: 'it takes spec.source.secretRef, and spec.writeBack.forge' });
  const known = await secretOf(app, secretRef.name, deps);
  if (!known.ok) return fail({ reason: 'AuthFailed', message: known.error.message });
  const { secret, origin } = known.value;
  const credentials = forgeCredentialsIn(secret);
  if (credentials === undefined) {
    const message = `Secret ${secretRef.name} of spec.source.secretRef has neither forgeToken, bearerToken nor password, which the API of ${forge} takes`;
    return fail({ reason: 'AuthFailed', message });
  }
  return ok({ repoURL, forge, credentials, secret: origin, timeoutMs: durationMs(timeout ?? '60s') ?? 60_000 });
}

interface KnownSecret {
  secret: KubeObject;
  origin: SecretOrigin;
}

async function secretOf(
  app: Application,
  name: string,
  { client }: Pick<ApplicationControllerDeps, 'client'>,
  field = 'spec.source.secretRef',
): Promise<SourceResult<KnownSecret>> {
  const { namespace = '' } = app.metadata;
  const secret = await client.get(RESOURCES.secrets, name, app.metadata.namespace).catch(() => null);
  if (secret === null) return failed('AuthFailed', `Secret ${name} of ${field} could not be read`);
  if (!secret) return failed('AuthFailed', `Secret ${name} of ${field} does not exist`);
  const origin = { namespace, name, annotations: secret.metadata.annotations };
  return ok({ secret, origin });
}

/** The operator's objection, if there is one. */
function refusalOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof EgressRefused)) throw error;
    return error.message;
  }
}

function failed(reason: SourceFailure['reason'], message: string): { ok: false; error: SourceFailure } {
  return { ok: false, error: { reason, message } };
}
