// Something that is wrong, where that is known: as `deploy/web.yaml:12: bad indentation`.

export interface Finding {
  /** From the root of the repository. */
  file?: string;
  line?: number;
  message: string;
}

/** As people read it. */
export const describeFinding = ({ file, line, message }: Finding): string =>
  file === undefined ? message : `${file}${line === undefined ? '' : `:${line}`}: ${message}`;

/** The place that a text of that form begins with. */
export function findingOf(text: string): Finding {
  const [, file, line, message] = /^([^\s:]+):(\d+): ([^]*)$/.exec(text) ?? [];
  return file === undefined || message === undefined ? { message: text } : { file, line: Number(line), message };
}
