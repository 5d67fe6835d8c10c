// Checks the chart: lint, render, compare with golden files; with --kubeconfig FILE also against an API server (dry run);
// --update writes the golden files anew.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GOLDEN, lint, render, VARIANTS } from './chart.ts';
import { fetchHelm } from './helm.ts';

const { values } = parseArgs({
  options: { kubeconfig: { type: 'string' }, namespace: { type: 'string' }, update: { type: 'boolean' } },
});
const helm = fetchHelm();
const failures: string[] = [];
lint(helm);
mkdirSync(GOLDEN, { recursive: true });
for (const variant of Object.keys(VARIANTS)) {
  const file = join(GOLDEN, `${variant}.yaml`);
  const rendered = render(helm, variant);
  if (values.update === true) writeFileSync(file, rendered);
  else if (readFileSync(file, 'utf8') !== rendered)
    failures.push(`${variant} differs from ${file}; look, then run: npm run check:chart -- --update`);
}
// A ServiceMonitor needs the CRDs of the Prometheus operator, which a server need not have.
for (const variant of values.kubeconfig === undefined ? [] : ['default', 'namespaced']) applyDry(variant);

function applyDry(variant: string): void {
  const namespace = values.namespace ?? 'default';
  const input = render(helm, variant, { crds: true, namespace });
  const flags = ['apply', '--server-side', '--dry-run=server', '--force-conflicts', '-f', '-'];
  execFileSync('kubectl', ['--kubeconfig', values.kubeconfig ?? '', ...flags], {
    input,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
}

for (const failure of failures) console.error(failure);
if (failures.length === 0) console.log('the chart lints, and renders as in test/chart/golden');
process.exitCode = failures.length === 0 ? 0 : 1;
