// The kubectl commands that README, docs and the demo tell people to run.
import { readFileSync, readdirSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

/** Of one text: whole lines, code in backticks, and quoted lines of the demo. Comments and prompts are left out. */
function commandsIn(text: string): string[] {
  const lines = [...text.matchAll(/^\s*(?:\$ |'\s*)?(kubectl .*)$/gm)].map(([, line = '']) => line);
  const inline = [...text.matchAll(/`(kubectl [^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '));
  return [...lines.filter((line) => !line.includes('`')), ...inline].map((command) =>
    command
      .replace(/\s{2,}#.*$/, '')
      .replace(/',$/, '')
      .trim(),
  );
}

export function documentedCommands(): string[] {
  const docs = readdirSync(new URL('docs/', ROOT)).filter((name) => name.endsWith('.md'));
  const texts = ['README.md', ...docs.map((name) => `docs/${name}`), 'src/cli/demo.ts'].map(read);
  return [...new Set(texts.flatMap(commandsIn))].filter((command) => command.split(' ').length > 2);
}
