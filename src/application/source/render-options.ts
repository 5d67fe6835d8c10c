// What an Application says of the rendering of its source.
import type { Application } from '../../api/application.ts';
import type { RenderOptions } from '../../ports/rendering.ts';

/** As the spec says it; what the cluster says of itself is added by who reads. */
export function renderOptionsOf({ spec, metadata }: Pick<Application, 'spec' | 'metadata'>): RenderOptions {
  const namespace = spec.destination?.namespace ?? metadata.namespace ?? 'default';
  const { helm } = spec.source;
  return { namespace, name: metadata.name, ...(helm === undefined ? {} : { helm }) };
}
