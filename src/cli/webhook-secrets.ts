// Which secret signs a hook: the Application's own where its Secret holds one, else the controller's. Reads of Secrets are few however
// many requests ask: only for Applications that exist, one at a time for each, and kept for a while whatever they answered.
import type { ReadSecret } from '../analysis/provider.ts';
import type { Application } from '../api/application.ts';
import type { Clock } from '../ports/clock.ts';

/** Key of a Secret that signs an Application's webhooks. */
const WEBHOOK_KEY = 'webhookSecret';
/** How late a changed secret is noticed at most. */
const KEPT_MS = 60_000;
const MAX_KEPT = 1_000;

export interface WebhookSecretsOptions {
  /** Of the controller; empty or undefined: none. */
  common: string | undefined;
  applications: { get(namespace: string | undefined, name: string): Application | undefined };
  readSecret: ReadSecret;
  clock: Clock;
}

type Lookup = (application?: { namespace: string; name: string }) => string | undefined | Promise<string | undefined>;

export function webhookSecrets({ common, applications, readSecret, clock }: WebhookSecretsOptions): Lookup {
  const kept = new Map<string, { at: number; secret: Promise<string | undefined> }>();
  return (application) => {
    if (application === undefined) return common;
    const { namespace } = application;
    const name = applications.get(namespace, application.name)?.spec.source.secretRef?.name;
    if (name === undefined) return common;
    const key = `${namespace}/${name}`;
    const known = kept.get(key);
    if (known !== undefined && clock.now() - known.at < KEPT_MS) return known.secret;
    const secret = readSecret(namespace, name, WEBHOOK_KEY).then(
      ({ value }) => value,
      () => common,
    );
    kept.delete(key);
    kept.set(key, { at: clock.now(), secret });
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
    }
    return secret;
  };
}
