// The kubelet as a program: --kubeconfig FILE --node NAME --directory FOLDER --envoy FILE --targets FILE.
import { parseArgs } from 'node:util';
import { kubeClient } from '../../../src/kube/client.ts';
import { loadAccess } from '../../../src/kube/kubeconfig.ts';
import { undiciTransport } from '../../../src/kube/transport-undici.ts';
import { systemClock } from '../../../src/ports/clock.ts';
import { jsonLog } from '../../../src/server/log.ts';
import { Kubelet } from './kubelet.ts';

const text = { type: 'string', default: '' } as const;
const { values } = parseArgs({
  options: { kubeconfig: text, node: text, directory: text, envoy: text, targets: text },
});

async function main(): Promise<void> {
  const access = await loadAccess({ kubeconfig: values.kubeconfig });
  const client = kubeClient({ transport: undiciTransport({ access }), version: 'e2e', clock: systemClock });
  const kubelet = new Kubelet({ client, log: jsonLog({ level: 'info' }), ...values });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void kubelet.stop().finally(() => process.exit(0)));
  await kubelet.start();
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
