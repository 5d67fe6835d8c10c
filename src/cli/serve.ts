// The controller's ports: webhooks, metrics with the probes, and where it is asked for the status page.
import { readFile } from 'node:fs/promises';
import type { ReadSecret } from '../analysis/provider.ts';
import { systemClock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { serveMetrics, serveStatusPage, type Health } from '../server/inside.ts';
import type { Secrecy } from '../ports/secrecy.ts';
import type { RunningServer } from '../server/listener.ts';
import type { Metrics } from '../server/metrics.ts';
import { agentHealth } from '../server/stall.ts';
import { serveWebhooks, type WebhookOptions } from '../server/webhooks.ts';
import type { Engine } from './engine.ts';
import type { ControllerOptions } from './options.ts';
import { statusSnapshot } from './status-snapshot.ts';
import { webhookSecrets } from './webhook-secrets.ts';

export interface Serving {
  /** Base URLs, as they are logged: `url` is that of webhooks. */
  urls: { url: string; metricsUrl: string; pageUrl?: string };
  /** The caches are filled. */
  synced: () => void;
  close: () => Promise<void>;
}

type Ports = Pick<ControllerOptions, 'listen' | 'metricsListen' | 'pageListen' | 'webhookSecretFile'>;

/** Listens on all ports, or on none: rejects when one is taken. */
export async function serve(
  options: Ports,
  { engine, readSecret }: { engine: Engine; readSecret: ReadSecret },
  { log, metrics, secrets }: { log: Log; metrics: Metrics; secrets: Secrecy },
): Promise<Serving> {
  const state = { synced: false };
  const common = options.webhookSecretFile && (await readFile(options.webhookSecretFile, 'utf8')).trim();
  if (common) secrets.learn(common);
  const clock = systemClock;
  const open: RunningServer[] = [];
  const close = async (): Promise<void> => void (await Promise.all(open.map((server) => server.close())));
  const begin = async (server: Promise<RunningServer>): Promise<string> => {
    open.push(await server);
    return (await server).url;
  };
  const ready = (): Health => {
    if (!state.synced || !engine.healthy()) return { ok: false, message: 'the cluster cannot be followed' };
    return agentHealth(engine.agentProgress(), clock.now());
  };
  try {
    const webhookSecret = webhookSecrets({ common, applications: engine.applications, readSecret, clock });
    const hooks: Pick<WebhookOptions, 'onHint' | 'counted'> = {
      onHint: (hint) => {
        engine.hint(hint);
      },
      counted: (result) => {
        metrics.webhook(result);
      },
    };
    const url = await begin(serveWebhooks({ clock, log, ...options.listen, webhookSecret, ...hooks }));
    const healthy = (): Health => ({ ok: true });
    const render = (): ReturnType<Metrics['render']> => metrics.render();
    const metricsUrl = await begin(serveMetrics({ log, ...options.metricsListen, metrics: render, healthy, ready }));
    const urls = { url, metricsUrl };
    if (options.pageListen === undefined) return { urls, synced: () => void (state.synced = true), close };
    const snapshot = () => statusSnapshot(engine, clock.now(), secrets);
    const pageUrl = await begin(serveStatusPage({ log, ...options.pageListen, snapshot }));
    return { urls: { ...urls, pageUrl }, synced: () => void (state.synced = true), close };
  } catch (error) {
    await close();
    throw error;
  }
}
