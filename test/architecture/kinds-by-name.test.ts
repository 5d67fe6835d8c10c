// What is special of a kind that is driven is said by its module: whoever asked for one by its name elsewhere would have to be found, and
// changed, for each new router.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROUTER_NAMES } from '../../src/traffic/forms.ts';
import { DRIVEN_KINDS, ROUTERS_OWN } from '../../src/traffic/modules.ts';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** Where they may be named: each in its own folder, Services where the names of resources are; the demo is a story about one router. */
const MAY_NAME = /^(traffic\/[^/]+\/|api\/names\.ts$|cli\/demo\/)/;

const NAMES: ReadonlySet<string> = new Set([
  // "services" is a word, too.
  ...DRIVEN_KINDS.flatMap(({ resource: { group, kind, plural } }) => (group === '' ? [kind] : [group, kind, plural])),
  ...ROUTER_NAMES,
  ...ROUTERS_OWN.managers,
  ...ROUTERS_OWN.configMaps,
]);

/** The texts of a program that are the name of a kind or of a router, each with its line. */
function namedIn(file: string, program: string): string[] {
  const source = ts.createSourceFile(file, program, ts.ScriptTarget.Latest);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && NAMES.has(node.text))
      found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1} ${node.text}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('a kind that is driven, and a router', () => {
  it('is asked for by its name in its own folder alone', () => {
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const outside = files.filter((file) => !MAY_NAME.test(file.split(path.sep).join('/')));
    expect(outside.length).toBeGreaterThan(300);
    expect(outside.flatMap((file) => namedIn(file, readFileSync(path.join(SRC, file), 'utf8')))).toEqual([]);
  });

  it('is found where it is asked for, however it is written', () => {
    const planted = [
      "const isRule = object.kind === 'DestinationRule';",
      "const rest = kind === 'Service' ? slimService : slimDriven;",
      'const route = routing["gatewayAPI"];',
      "const quiet = new Set(['istiod']);",
      'const plural = `virtualservices`;',
      "const fine = 'Services';",
    ];
    expect(namedIn('planted.ts', planted.join('\n'))).toEqual([
      'planted.ts:1 DestinationRule',
      'planted.ts:2 Service',
      'planted.ts:3 gatewayAPI',
      'planted.ts:4 istiod',
      'planted.ts:5 virtualservices',
    ]);
  });
});
