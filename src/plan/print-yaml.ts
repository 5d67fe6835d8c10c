// Objects as YAML that every reader of YAML, old or new, takes for the same values.
import { dump } from 'js-yaml';

/** Lines of one document, without a marker; texts that some reader would take for something else are in quotes. */
export const printYaml = (value: unknown): string => dump(value, { lineWidth: -1, noRefs: true, seqNoIndent: true });
