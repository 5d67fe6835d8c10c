// The ports for inside: metrics with the probes, and the plain status page. Neither asks who reads: keep them inside.
import type { Log } from '../ports/log.ts';
import { listen, pathOf, plain, refuseMethod, type Answer, type RunningServer, type Where } from './listener.ts';
import { renderStatus, type Snapshot } from './status-page.ts';

export interface Health {
  ok: boolean;
  /** Why not, for a person. */
  message?: string;
}

export interface MetricsServerOptions extends Where {
  log: Log;
  metrics: () => Promise<{ contentType: string; body: string }>;
  /** Whether the process should live; false makes Kubernetes restart it. */
  healthy: () => Health;
  /** Whether it is of use: caches filled, and what waits is worked on. */
  ready: () => Health;
}

/** Listens for /metrics, /healthz, /livez and /readyz. Rejects when the port is taken. */
export function serveMetrics({ log, metrics, healthy, ready, ...where }: MetricsServerOptions): Promise<RunningServer> {
  return listen(where, log, async (request) => {
    const wrong = refuseMethod(request, 'GET', 'HEAD');
    if (wrong !== undefined) return wrong;
    switch (pathOf(request)) {
      case '/metrics': {
        const { contentType, body } = await metrics();
        return { status: 200, type: contentType, body };
      }
      case '/healthz':
      case '/livez':
        return health(healthy());
      case '/readyz':
        return health(ready());
      default:
        return plain(404, 'not found: try /metrics, /healthz or /readyz');
    }
  });
}

export interface StatusPageOptions extends Where {
  log: Log;
  snapshot: () => Snapshot;
}

/** Listens for /, the status page. Rejects when the port is taken. */
export function serveStatusPage({ log, snapshot, ...where }: StatusPageOptions): Promise<RunningServer> {
  return listen(where, log, (request) => {
    const wrong = refuseMethod(request, 'GET', 'HEAD');
    if (wrong !== undefined) return wrong;
    if (pathOf(request) !== '/') return plain(404, 'not found: try /');
    return { status: 200, type: 'text/html; charset=utf-8', body: renderStatus(snapshot()) };
  });
}

const health = (state: Health): Answer => (state.ok ? plain(200, 'ok') : plain(503, state.message ?? 'not now'));
