// `sluice render` as it is built, with the tools themselves: what it prints is what they print, in its namespace.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { dump, loadAll } from 'js-yaml';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { Checkout, type Files } from '../../cli/checkouts.ts';

const execute = promisify(execFile);
const HELM = process.env['HELM_PROGRAM'] ?? 'helm';

const FILES: Files = {
  'base/config.yaml': dump({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web' }, data: { on: 'yes' } }),
  'base/kustomization.yaml': dump({ resources: ['config.yaml'] }),
  'live/kustomization.yaml': dump({
    resources: ['../base'],
    namePrefix: 'live-',
    configMapGenerator: [{ name: 'settings', literals: ['LEVEL=info'] }],
  }),
  'chart/Chart.yaml': dump({ apiVersion: 'v2', name: 'web', version: '1.0.0' }),
  'chart/values.yaml': dump({ level: 'info' }),
  'env/live.yaml': dump({ level: 'debug' }),
  'chart/templates/config.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  level: {{ .Values.level | quote }}\n',
};

const objectsIn = (text: string): KubeObject[] =>
  (loadAll(text) as KubeObject[]).map((object) => ({
    ...object,
    metadata: { ...object.metadata, namespace: object.metadata.namespace ?? 'shop' },
  }));

async function rendered(at: Checkout, ...args: string[]): Promise<KubeObject[]> {
  const { stdout } = await execute(process.execPath, [
    'dist/sluice.js',
    'render',
    ...args,
    '-n',
    'shop',
    '--root',
    at.root,
    ...(HELM === 'helm' ? [] : ['--helm', HELM]),
  ]);
  return loadAll(stdout) as KubeObject[];
}

test('a kustomization and a chart are printed as their tools have them', async () => {
  const at = new Checkout(FILES);
  try {
    const overlay = await execute('kustomize', ['build', `${at.root}/live`]);
    expect(await rendered(at, `${at.root}/live`)).toEqual(objectsIn(overlay.stdout));
    const values = `${at.root}/env/live.yaml`;
    const chart = await execute(HELM, [
      'template',
      'web',
      `${at.root}/chart`,
      '--namespace=shop',
      `--values=${values}`,
    ]);
    expect(await rendered(at, `${at.root}/chart`, '--name', 'web', '--values', values)).toEqual(
      objectsIn(chart.stdout),
    );
  } finally {
    at.remove();
  }
});
