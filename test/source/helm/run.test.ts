// What becomes of a chart whose tool says or prints something odd: a program in the place of helm.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/ports/clock.ts';
import { SourceBudget } from '../../../src/ports/source-budget.ts';
import { helm } from '../../../src/source/helm/helm.ts';
import { render, type RenderedContent } from '../../../src/source/render/render.ts';
import { filesOf } from './chart-files.ts';

const MAP = 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: { name: a }\\n';
const PRINTED = `printf -- '---\\n# Source: web/templates/a.yaml\\n${MAP}'`;

describe('a chart whose tool', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-helm-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function rendered(script: string, template = 'x'): Promise<RenderedContent> {
    const program = join(folder, 'helm');
    writeFileSync(program, `#!/bin/sh\nif [ "$1" = version ]; then echo v4.3.1; exit; fi\n${script}\n`);
    chmodSync(program, 0o755);
    const files = filesOf({ 'deploy/Chart.yaml': 'apiVersion: v2\nname: web\n', 'deploy/templates/a.yaml': template });
    const context = { tools: { Helm: program }, folder, memoryBytes: 2 ** 30, timeMs: 30_000, clock: systemClock };
    const request = { renderer: helm, path: 'deploy', options: { namespace: 'shop', name: 'web' } };
    const result = await render(request, files, new SourceBudget(), context);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    return result.value;
  }

  it('prints objects declares them by their templates', async () => {
    const { manifests, rendering } = await rendered(PRINTED);
    expect(rendering).toEqual({ tool: 'Helm', version: 'v4.3.1' });
    expect(manifests.map(({ object, source }) => [object.metadata.name, source.path])).toEqual([
      ['a', 'deploy/templates/a.yaml'],
    ]);
  });

  it('fails is refused in its words, with paths of the repository', async () => {
    const script = `printf 'Error: execution error at (web/templates/a.yaml:1:3): no\\n\\nUse --debug flag to render out invalid YAML\\n' >&2; exit 1`;
    await expect(rendered(script)).rejects.toThrow(
      'deploy/Chart.yaml: helm says: execution error at (deploy/templates/a.yaml:1:3): no',
    );
    await expect(rendered(`echo "Error: $PWD/deploy/x.yaml is bad" >&2; exit 1`)).rejects.toThrow(
      /helm says: deploy\/x.yaml is bad$/,
    );
  });

  it('leaves out a hook that it does not know is refused', async () => {
    const said = `echo 'level=INFO msg="skipping unknown hooks" hookTypes=pre-instal' >&2`;
    await expect(rendered(`${PRINTED}; ${said}`)).rejects.toThrow('helm knows no hook pre-instal');
  });

  it('prints something else each time is refused, where a template may', async () => {
    const script = `${PRINTED}; echo "data: { at: \\"$$\\" }"`;
    await expect(rendered(script, '{{ now }}')).rejects.toThrow(
      'deploy/Chart.yaml: it renders something else each time',
    );
    await expect(rendered(PRINTED, '{{ now }}')).resolves.toBeDefined();
  });

  it('learns nothing of this machine', async () => {
    const { manifests } = await rendered(`${PRINTED}; echo "data: { home: \\"$HOME\\", secret: \\"$SECRET\\" }"`);
    expect(manifests[0]?.object['data']).toEqual({ home: expect.stringContaining(folder), secret: '' });
  });
});
