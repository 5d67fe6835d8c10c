// The machine's own kubectl against a listening sandbox.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import type { Listening } from '../../src/apiserver/listener.ts';
import { widget, widgetCrd } from './widget.ts';

const run = promisify(execFile);
const hasKubectl = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;
const title = hasKubectl ? 'kubectl' : 'kubectl (skipped: it is not on PATH)';

describe.skipIf(!hasKubectl)(`${title}`, () => {
  let folder: string;
  let listening: Listening;
  const kubectl = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, KUBECONFIG: join(folder, 'kubeconfig'), HOME: folder, EDITOR: 'sed -i s/red/green/' };
    return (await run('kubectl', args, { env })).stdout;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kube-sandbox-kubectl-'));
    const server = createApiServer({ clock: systemClock });
    listening = await server.listen();
    await server.writeKubeconfig(join(folder, 'kubeconfig'), listening);
    await writeFile(join(folder, 'crd.json'), JSON.stringify(widgetCrd));
    await writeFile(join(folder, 'widget.json'), JSON.stringify(widget('a', { size: 4 })));
    await writeFile(join(folder, 'wrong.json'), JSON.stringify(widget('b', { nope: 1 })));
    await kubectl('apply', '-f', join(folder, 'crd.json'));
    await kubectl('wait', 'crd/widgets.example.com', '--for=condition=Established', '--timeout=10s');
  });
  afterAll(async () => {
    await listening.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('applies, shows, edits, labels, scales and deletes a custom resource', async () => {
    const file = join(folder, 'widget.json');
    expect(await kubectl('apply', '-f', file)).toContain('widget.example.com/a created');
    expect(await kubectl('apply', '-f', file)).toContain('unchanged');
    expect(await kubectl('get', 'wd')).toMatch(/NAME +COLOR +SIZE\na +red +4/);
    expect(await kubectl('edit', 'wd', 'a')).toContain('edited');
    expect(await kubectl('get', 'wd', 'a', '-o', 'jsonpath={.spec.color}')).toBe('green');
    await kubectl('label', 'wd', 'a', 'x=y');
    await kubectl('annotate', 'wd', 'a', 'example.com/mark=true');
    await kubectl('scale', 'wd', 'a', '--replicas=3');
    expect(await kubectl('describe', 'wd', 'a')).toMatch(/Labels: +x=y[^]*Replicas: +3/);
    expect(await kubectl('delete', 'wd', 'a')).toContain('deleted');
  });

  test('applies on the server side over what it applied before', async () => {
    const file = join(folder, 'widget.json');
    await kubectl('apply', '-f', file);
    expect(await kubectl('apply', '--server-side', '-f', file)).toContain('serverside-applied');
  });

  test('creates what it sends as protobuf', async () => {
    await kubectl('create', 'namespace', 'made');
    await kubectl('create', 'configmap', 'c', '-n', 'made', '--from-literal=a=ä', '--from-literal=b=');
    await kubectl('create', 'secret', 'generic', 's', '-n', 'made', '--from-literal=token=geheim', '--type=a/b');
    await kubectl('create', 'serviceaccount', 'robot', '-n', 'made');
    expect(await kubectl('get', 'cm', 'c', '-n', 'made', '-o', 'jsonpath={.data}')).toBe('{"a":"ä","b":""}');
    expect(await kubectl('get', 'secret', 's', '-n', 'made', '-o', 'jsonpath={.type} {.data.token}')).toBe(
      'a/b Z2VoZWlt',
    );
    await expect(kubectl('create', 'namespace', 'made')).rejects.toThrow(/namespaces "made" already exists/);
  });

  test('explains a field of the schema', async () => {
    expect(await kubectl('explain', 'widget.spec.size')).toMatch(/FIELD: size <integer>/);
  });

  test('is told of an unknown field', async () => {
    await expect(kubectl('apply', '-f', join(folder, 'wrong.json'))).rejects.toThrow(/unknown field "spec.nope"/);
  });
});
