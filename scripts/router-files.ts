// What the chart and the docs say of routers, from their modules: the rules of the controller and of the agent, and the table of kinds.
import { dump } from 'js-yaml';
import type { RouterForms } from '../src/api/router-form.ts';
import { ROUTER_FORMS, ROUTER_NAMES } from '../src/traffic/forms.ts';
import { DRIVEN_KINDS, ROUTERS } from '../src/traffic/modules.ts';
import { SERVICE_KIND } from '../src/traffic/service.ts';

/** By file: the kinds of routers, with the verbs of the controller. The agent may make and delete them as well. */
export function routerRulesFile(): string {
  const rules = DRIVEN_KINDS.filter((kind) => kind !== SERVICE_KIND).map(({ resource: { group, plural }, verbs }) => ({
    apiGroups: [group],
    resources: [plural],
    verbs,
  }));
  return `# Generated from src/traffic by \`npm run generate\`; do not edit.\n${dump(rules, { flowLevel: 2, noRefs: true })}`;
}

const BEGIN = '<!-- generated from src/traffic by `npm run generate` -->';
const END = '<!-- end of what is generated -->';

/** The page with its table written anew. Throws where the page has no place for it. */
export function withRouterTable(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the page needs ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\n\n${routerTable()}\n\n${END}${after}`;
}

function routerTable(): string {
  const forms: RouterForms = ROUTER_FORMS;
  const rows = ROUTER_NAMES.flatMap((name) =>
    ROUTERS[name].kinds.map(({ resource: { kind, group }, owned, verbs }) => [
      ROUTERS[name].title,
      `\`trafficRouting.${name}\``,
      `${kind} (\`${group}\`)`,
      owned,
      verbs.join(', '),
      ['two Services', forms[name]?.withoutServices?.text ?? []].flat().join(', or '),
    ]),
  );
  const head = [
    'Router',
    'Field',
    'Kind',
    'What Sluice owns of it',
    'Rights of the controller',
    'Tells revisions apart by',
  ];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
