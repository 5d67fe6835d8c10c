// What an Application says of a chart: its release name and its values.
import { z } from 'zod';
import { anyObject } from './fields.ts';
import { ruled } from './rules.ts';

/** Names that helm takes for a release, no longer than it takes them. */
const RELEASE_NAME_PATTERN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_RELEASE_NAME = 53;

const releaseName = ruled(z.string().min(1).max(MAX_RELEASE_NAME), {
  cel: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
  message: 'must be lower-case letters, digits, - and ., such as web',
  holds: (name) => RELEASE_NAME_PATTERN.test(name),
});

const valueFile = ruled(z.string().min(1).max(1024), {
  cel: "!(self.startsWith('/') || self.contains('://') || self.matches('[\\\\x00-\\\\x1f\\\\x7f]'))",
  message: "must be a path in the repository, from the chart's folder, such as ../values-production.yaml",
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  holds: (file) => !/^\/|:\/\/|[\u0000-\u001f\u007f]/.test(file),
});

export const helmSchema = z.object({
  releaseName: releaseName.optional().describe("Name of the release. Default: the Application's name."),
  valueFiles: z
    .array(valueFile)
    .max(32)
    .optional()
    .describe(
      "Files with values, relative to the chart's folder, within the repository; later ones win. The chart's own values.yaml comes first by itself.",
    ),
  values: anyObject.optional().describe('Values that win over those of all files.'),
  skipCrds: z.boolean().optional().describe("Leave out what the chart's folder crds declares. Default false."),
});
