// The repository of an Application, with the credentials of its Secret, where the operator's rules let it be asked and the Secret be sent.
import type { Application } from '../../api/application.ts';
import { durationMs } from '../../api/fields.ts';
import { forgeOf } from '../../api/forges.ts';
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { RESOURCES } from '../../api/names.ts';
import { fail, ok } from '../../api/result.ts';
import { EgressRefused, type SecretOrigin } from '../../ports/egress.ts';
import type { ForgeRepository, ForgeResult } from '../../ports/forge.ts';
import type { Repository, SourceCredentials, SourceFailure, SourceResult } from '../../ports/source-reader.ts';
import type { ApplicationControllerDeps } from '../ports.ts';

/** The repository as it is read and pushed to. */
export async function repositoryOf(
  app: Application,
  deps: Pick<ApplicationControllerDeps, 'client' | 'egress'>,
): Promise<SourceResult<Repository>> {
  const { repoURL, timeout, secretRef } = app.spec.source;
  const refusal = refusalOf(() => deps.egress.check(repoURL, 'git'));
  if (refusal !== undefined) return failed('AuthFailed', refusal);
  const timeoutMs = durationMs(timeout ?? '60s') ?? 60_000;
  if (!secretRef) return { ok: true, value: { repoURL, timeoutMs } };
  const known = await secretOf(app, secretRef.name, deps);
  if (!known.ok) return known;
  const { credentials, origin } = known.value;
  const objection = refusalOf(() => deps.egress.checkSecret(origin, repoURL, 'git'));
  if (objection !== undefined) return failed('AuthFailed', objection);
  return { ok: true, value: { repoURL, timeoutMs, ...(credentials === undefined ? {} : { credentials }) } };
}

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
  const { credentials, origin: secret } = known.value;
  if (credentials === undefined) {
    const message = `Secret ${secretRef.name} of spec.source.secretRef has neither bearerToken nor password, which the API of ${forge} takes`;
    return fail({ reason: 'AuthFailed', message });
  }
  return ok({ repoURL, forge, credentials, secret, timeoutMs: durationMs(timeout ?? '60s') ?? 60_000 });
}

interface KnownSecret {
  credentials: SourceCredentials | undefined;
  origin: SecretOrigin;
}

async function secretOf(
  app: Application,
  name: string,
  { client }: Pick<ApplicationControllerDeps, 'client'>,
): Promise<SourceResult<KnownSecret>> {
  const { namespace = '' } = app.metadata;
  const secret = await client.get(RESOURCES.secrets, name, app.metadata.namespace).catch(() => null);
  if (secret === null) return failed('AuthFailed', `Secret ${name} of spec.source.secretRef could not be read`);
  if (!secret) return failed('AuthFailed', `Secret ${name} of spec.source.secretRef does not exist`);
  const origin = { namespace, name, annotations: secret.metadata.annotations };
  return ok({ credentials: credentialsIn(secret), origin });
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

/** Credentials in a Secret: bearerToken, or username and password; undefined where it has neither. */
function credentialsIn(secret: KubeObject): SourceCredentials | undefined {
  const data = isRecord(secret['data']) ? secret['data'] : {};
  const text = (key: string): string | undefined =>
    typeof data[key] === 'string' ? Buffer.from(data[key], 'base64').toString('utf8').trim() : undefined;
  const bearerToken = text('bearerToken');
  if (bearerToken !== undefined) return { bearerToken };
  const password = text('password');
  return password === undefined ? undefined : { username: text('username') ?? 'git', password };
}
