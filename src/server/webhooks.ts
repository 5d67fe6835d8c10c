// The port for webhooks. Nothing that an unauthenticated sender does spends what authenticated ones live on: neither their bucket, nor
// reads of Secrets, nor more memory than a bound.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { bodyReader, type Body, type ReadBody } from './bodies.ts';
import { buckets } from './buckets.ts';
import {
  hangUp,
  listen,
  pathOf,
  plain,
  refuseMethod,
  REQUEST_TIMEOUT_MS,
  type Answer,
  type RunningServer,
  type Where,
} from './listener.ts';
import { seenBefore, type Seen } from './seen.ts';
import { claimOf, deliveryId, holds, identityOf, isStale, readPush, TIMESTAMP_SLACK_MS } from './webhook.ts';
import type { Claim, Hint, Push } from './webhook.ts';

/** What became of a request, for a metric. */
export type HookResult = 'accepted' | 'ignored' | 'replayed' | 'unauthenticated' | 'limited' | 'invalid' | 'cut';

export interface WebhookOptions extends Where {
  clock: Clock;
  log: Log;
  /** The shared secret for a hook, undefined when none is set for it. Called for everybody who claims to know it: must be cheap. */
  webhookSecret: (application?: ApplicationName) => string | undefined | Promise<string | undefined>;
  onHint: (hint: Hint) => void;
  /** Called once for each request. */
  counted?: (result: HookResult) => void;
  /** Authenticated requests a minute before 429, for each path. Default 600. */
  hooksPerMinute?: number;
}

interface ApplicationName {
  namespace: string;
  name: string;
}

const MAX_BODY = 1024 * 1024;
const BODIES_AT_ONCE = 64;
const STRANGERS_PER_MINUTE = 60;
/** Of authenticated requests that cannot be told from a recorded one. */
const UNNAMED_PER_MINUTE = 60;
const SEEN = { forMs: 2 * TIMESTAMP_SLACK_MS, most: 10_000 };
const HOOK = /^\/webhook(?:\/([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\/([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?))?\/?$/;

/** Listens for POST /webhook and /webhook/NAMESPACE/APPLICATION. Rejects when the port is taken. */
export function serveWebhooks(options: WebhookOptions): Promise<RunningServer> {
  const { log, counted } = options;
  const receiver = new Receiver(options);
  return listen(options, log, async (request) => {
    const hook = HOOK.exec(pathOf(request));
    if (hook === null) return plain(404, 'not found: POST /webhook or /webhook/NAMESPACE/APPLICATION');
    const wrong = refuseMethod(request, 'POST');
    if (wrong !== undefined) return wrong;
    const [, namespace, name] = hook;
    const outcome = await receiver.receive(request, namespace && name ? { namespace, name } : undefined);
    counted?.(outcome.result);
    return outcome.answer;
  });
}

interface Outcome {
  result: HookResult;
  answer: Answer;
}

const outcome = (result: HookResult, status: number, words: string): Outcome => ({
  result,
  answer: plain(status, words),
});

class Receiver {
  readonly #options: WebhookOptions;
  readonly #strangers: (address: string) => boolean;
  readonly #known: (scope: string) => boolean;
  readonly #unnamed: (scope: string) => boolean;
  readonly #seen: Seen;
  readonly #read: ReadBody;

  constructor(options: WebhookOptions) {
    const { clock, hooksPerMinute = 600 } = options;
    this.#options = options;
    this.#strangers = buckets({ clock, perMinute: STRANGERS_PER_MINUTE });
    this.#known = buckets({ clock, perMinute: hooksPerMinute });
    this.#unnamed = buckets({ clock, perMinute: Math.min(hooksPerMinute, UNNAMED_PER_MINUTE) });
    this.#seen = seenBefore({ clock, ...SEEN });
    this.#read = bodyReader({ clock, bytes: MAX_BODY, ms: REQUEST_TIMEOUT_MS, atOnce: BODIES_AT_ONCE });
  }

  async receive(request: IncomingMessage, application: ApplicationName | undefined): Promise<Outcome> {
    const deliveredAt = this.#options.clock.now();
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return TOO_LONG;
    const claim = claimOf(request.headers);
    if (claim === undefined) return this.#refuse(request, 'it is not signed: set a webhook secret at the sender');
    const secret = await this.#options.webhookSecret(application);
    // One answer for both, so that nobody learns from outside which Applications there are.
    const wrong = 'the signature does not match the webhook secret, or none is set here';
    if (!secret) return this.#refuse(request, wrong);
    if ('token' in claim && !holds(claim, Buffer.alloc(0), secret)) return this.#refuse(request, wrong);
    const body = await this.#read(request);
    if (!body.ok) return this.#incomplete(request, body);
    if (!holds(claim, body.bytes, secret)) return this.#refuse(request, wrong);
    if (isStale(claim, deliveredAt)) return this.#refuse(request, 'X-Sluice-Timestamp is over 5 minutes off');
    return this.#act(request, { claim, body: body.bytes, deliveredAt, application });
  }

  /** Of a request that is authentic. Synchronous, so that of two that are the same at once only one acts. */
  #act(request: IncomingMessage, delivery: Delivery): Outcome {
    const identity = identify(request, delivery);
    if (this.#seen.has(identity.text) || this.#seen.has(identity.withId))
      return outcome('replayed', 202, 'already seen');
    const payload = parsed(request, delivery.body);
    const push = readPush(payload);
    if (!this.#spend(identity, isUnique(delivery.claim, push))) return LIMITED;
    if (payload === undefined) return outcome('invalid', 400, 'the payload is not JSON');
    if (push === undefined) return outcome('ignored', 202, 'ignored: the payload names no repository');
    this.#options.onHint(hintOf(push, delivery));
    return outcome('accepted', 202, 'accepted');
  }

  /** False where there have been too many. What is let through is remembered by what tells it from others, if anything does. */
  #spend({ scope, text, withId, hasId }: Identity, unique: boolean): boolean {
    const bucket = unique ? this.#known : this.#unnamed;
    if (!bucket(scope)) return false;
    if (unique) this.#seen.add(text);
    else if (hasId) this.#seen.add(withId);
    return true;
  }

  #incomplete(request: IncomingMessage, body: Body & { ok: false }): Outcome {
    this.#options.log.debug('a webhook did not arrive', { path: pathOf(request), why: body.why });
    if (body.why === 'too long') return TOO_LONG;
    if (body.why === 'crowded out') return { result: 'cut', answer: hangUp(plain(503, 'too many at once: try again')) };
    return { result: 'cut', answer: hangUp(plain(408, 'the payload took over 10 seconds')) };
  }

  #refuse(request: IncomingMessage, why: string): Outcome {
    const address = request.socket.remoteAddress ?? '';
    this.#options.log.debug('a webhook was refused', { path: pathOf(request), address, why });
    const allowed = this.#strangers(address);
    const answer = allowed ? plain(401, why) : { ...plain(429, why), headers: { 'retry-after': '60' } };
    // What of its body is not read is never read.
    return { result: 'unauthenticated', answer: request.complete && allowed ? answer : hangUp(answer) };
  }
}

interface Delivery {
  claim: Claim;
  body: Buffer;
  deliveredAt: number;
  application: ApplicationName | undefined;
}

/** What a delivery is known again by: what was signed, for which path, and the sender's id beside it. */
interface Identity {
  scope: string;
  text: string;
  withId: string;
  hasId: boolean;
}

function identify(request: IncomingMessage, { claim, body, application }: Delivery): Identity {
  const scope = application === undefined ? '' : `${application.namespace}/${application.name}`;
  const text = `${scope} ${identityOf(claim, body)}`;
  const id = deliveryId(request.headers);
  return { scope, text, withId: `${text} ${id ?? ''}`, hasId: id !== undefined };
}

/** Whether no two deliveries are signed over the same text. */
function isUnique(claim: Claim, push: Push | undefined): boolean {
  return ('timestamp' in claim && claim.timestamp !== undefined) || push?.namesCommit === true;
}

function hintOf({ repoURLs, ref }: Push, { deliveredAt, application }: Delivery): Hint {
  return { repoURLs, deliveredAt, ...(ref && { ref }), ...(application && { application }) };
}

const TOO_LONG: Outcome = { result: 'invalid', answer: hangUp(plain(413, 'the payload is over 1 MiB')) };
const LIMITED: Outcome = {
  result: 'limited',
  answer: { ...plain(429, 'too many webhook requests'), headers: { 'retry-after': '10' } },
};

/** The payload, or undefined where it is not JSON. GitHub can also send a form whose field `payload` is the JSON. */
function parsed(request: IncomingMessage, body: Buffer): unknown {
  const text = body.toString('utf8');
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  try {
    return JSON.parse(isForm ? (new URLSearchParams(text).get('payload') ?? '') : text) as unknown;
  } catch {
    return undefined;
  }
}
