// The repository of an Application, with the credentials of its Secret, where the operator's rules let it be asked and the Secret be sent.
import type { Application } from '../../api/application.ts';
import { durationMs } from '../../api/fields.ts';
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { RESOURCES } from '../../api/names.ts';
import { EgressRefused } from '../../ports/egress.ts';
import type { Repository, SourceCredentials, SourceFailure, SourceResult } from '../../ports/source-reader.ts';
import type { ApplicationControllerDeps } from '../ports.ts';

export async function repositoryOf(
  app: Application,
  deps: Pick<ApplicationControllerDeps, 'client' | 'egress'>,
): Promise<SourceResult<Repository>> {
  const { repoURL, timeout, secretRef } = app.spec.source;
  const refusal = refusalOf(() => deps.egress.check(repoURL, 'git'));
  if (refusal !== undefined) return failed('AuthFailed', refusal);
  const timeoutMs = durationMs(timeout ?? '60s') ?? 60_000;
  if (!secretRef) return { ok: true, value: { repoURL, timeoutMs } };
  const secret = await deps.client.get(RESOURCES.secrets, secretRef.name, app.metadata.namespace).catch(() => null);
  if (secret === null)
    return failed('AuthFailed', `Secret ${secretRef.name} of spec.source.secretRef could not be read`);
  if (!secret) return failed('AuthFailed', `Secret ${secretRef.name} of spec.source.secretRef does not exist`);
  const origin = {
    namespace: app.metadata.namespace ?? '',
    name: secretRef.name,
    annotations: secret.metadata.annotations,
  };
  const objection = refusalOf(() => deps.egress.checkSecret(origin, repoURL, 'git'));
  if (objection !== undefined) return failed('AuthFailed', objection);
  const credentials = credentialsIn(secret);
  return { ok: true, value: { repoURL, timeoutMs, ...(credentials === undefined ? {} : { credentials }) } };
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

function failed(reason: SourceFailure['reason'], message: string): SourceResult<Repository> {
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
