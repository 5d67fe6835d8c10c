// Charts of our own making that use what charts in use do: as folders of a commit, with what an Application says of each.
import type { HelmOptions } from '../../src/ports/rendering.ts';
import { archiveOf } from './archives.ts';
import type { Folder } from './bare-repository.ts';

export interface ChartCase {
  name: string;
  /** Where the chart is. */
  path: string;
  repository: Folder;
  helm?: HelmOptions;
  /** It declares what belongs to no namespace. */
  wide?: boolean;
}

const chart = (name: string, more = ''): string =>
  `apiVersion: v2\nname: ${name}\nversion: 1.2.3\nappVersion: "4.5"\n${more}`;

const HELPERS = `{{- define "web.fullname" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- define "web.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}
`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels: {{- include "web.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: { app: {{ .Release.Name }} }
  template:
    metadata:
      labels: { app: {{ .Release.Name }} }
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/config.yaml") . | sha256sum }}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          {{- with .Values.resources }}
          resources: {{- toYaml . | nindent 12 }}
          {{- end }}
          env:
            {{- range $name, $value := .Values.env }}
            - name: {{ $name }}
              value: {{ tpl $value $ | quote }}
            {{- end }}
`;

/** Values in layers, named templates, \`tpl\`, files of the chart, ignored files, notes, loops. */
const layered: ChartCase = {
  name: 'layered',
  path: 'apps/web',
  helm: {
    releaseName: 'shop',
    valueFiles: ['../../env/prod.yaml', 'more.yaml'],
    values: { env: { FROM: 'inline', HOST: '{{ .Release.Name }}.{{ .Release.Namespace }}' } },
  },
  repository: {
    env: { 'prod.yaml': 'replicas: 0\nimage: { tag: "9" }\nenv: { FROM: prod, TIER: gold }\n' },
    apps: {
      web: {
        'Chart.yaml': chart('web'),
        'values.yaml':
          'replicas: 1\nimage: { repository: example.com/web }\nresources: { limits: { memory: 64Mi } }\nenv: { FROM: chart }\n',
        'more.yaml': 'resources: null\n',
        '.helmignore': 'ignored/\n*.bak\n',
        ignored: { 'x.txt': 'x' },
        files: { 'a.conf': 'listen 80;\n', 'b.conf': 'gzip on;\n' },
        templates: {
          '_helpers.tpl': HELPERS,
          'deployment.yaml': DEPLOYMENT,
          'old.yaml.bak': '{{ fail "it is ignored" }}',
          'config.yaml': `apiVersion: v1
kind: ConfigMap
metadata: { name: {{ include "web.fullname" . }} }
data:
  {{- (.Files.Glob "files/*.conf").AsConfig | nindent 2 }}
  ignored: {{ .Files.Get "ignored/x.txt" | quote }}
`,
          'services.yaml': `{{- range tuple "stable" "canary" }}
---
apiVersion: v1
kind: Service
metadata: { name: web-{{ . }} }
spec: { selector: { app: {{ $.Release.Name }} }, ports: [{ name: http, port: 80 }] }
{{- end }}
`,
          'secret.yaml': `apiVersion: v1
kind: Secret
metadata: { name: web }
{{- $old := lookup "v1" "Secret" .Release.Namespace "web" }}
stringData: { password: {{ if $old }}kept{{ else }}{{ sha256sum .Release.Name | trunc 12 }}{{ end }} }
`,
          'empty.yaml': '{{ if .Values.never }}kind: X{{ end }}\n',
          'NOTES.txt': 'Have fun with {{ .Release.Name }}.\n',
        },
      },
    },
  },
};

const SUB = `apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-{{ .Chart.Name }} }
data:
  region: {{ .Values.global.region }}
  size: {{ .Values.size | quote }}
`;

/** Sub-charts as folders and archives, twice by aliases, by a condition, with global values; a library chart. */
const composed: ChartCase = {
  name: 'composed',
  path: 'chart',
  helm: { values: { global: { region: 'eu' }, cache: { size: 7 }, extra: { enabled: false } } },
  repository: {
    chart: {
      'Chart.yaml': chart(
        'web',
        `dependencies:
  - { name: store, version: 1.x, alias: db }
  - { name: store, version: 1.x, alias: cache }
  - { name: common, version: 1.x }
  - { name: packed, version: ">=1" }
  - { name: extra, version: 1.x, condition: extra.enabled }
`,
      ),
      'values.yaml': 'global: { region: us }\ndb: { size: 3 }\npacked: { size: 5 }\n',
      charts: {
        store: { 'Chart.yaml': chart('store'), 'values.yaml': 'size: 1\n', templates: { 'map.yaml': SUB } },
        common: {
          'Chart.yaml': chart('common', 'type: library\n'),
          templates: {
            '_map.tpl':
              '{{ define "common.map" }}apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ . }} }\n{{ end }}',
          },
        },
        extra: { 'Chart.yaml': chart('extra'), templates: { 'map.yaml': '{{ fail "it is off" }}' } },
        'packed-1.2.3.tgz': archiveOf(
          { name: 'packed/Chart.yaml', content: chart('packed') },
          { name: 'packed/templates/map.yaml', content: SUB },
        ),
      },
      templates: { 'common.yaml': '{{ include "common.map" "of-the-library" }}' },
    },
  },
};

const LIST = `apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: of-a-list } }
`;

/** Answers to what the cluster is, hooks that are left out, a schema of values, a chart of version 1 at the root. */
const asking: ChartCase = {
  name: 'asking',
  path: '',
  repository: {
    'Chart.yaml': 'apiVersion: v1\nname: asking\nversion: 1.0.0\nkubeVersion: ">=1.20.0-0"\n',
    'requirements.yaml': 'dependencies: []\n',
    'values.yaml': 'level: 3\n',
    'values.schema.json': '{"type":"object","properties":{"level":{"type":"integer","minimum":1}}}',
    templates: {
      'caps.yaml': `apiVersion: v1
kind: ConfigMap
metadata: { name: caps }
data:
  kube: {{ .Capabilities.KubeVersion.Version }}
  minor: {{ .Capabilities.KubeVersion.Minor | quote }}
  istio: {{ .Capabilities.APIVersions.Has "networking.istio.io/v1/VirtualService" | quote }}
  rollouts: {{ .Capabilities.APIVersions.Has "sluice.dev/v1alpha1" | quote }}
  nothing: {{ .Capabilities.APIVersions.Has "nothing.example.com/v1" | quote }}
  install: {{ .Release.IsInstall | quote }}
`,
      'list.yaml': LIST,
      'tests.yaml': `apiVersion: v1
kind: Pod
metadata: { name: try, annotations: { helm.sh/hook: test } }
spec: { containers: [{ name: a, image: a }] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: after, annotations: { "helm.sh/hook": "post-delete,pre-delete" } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: a }] } } }
`,
    },
  },
};

const definition = (plural: string, kind: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${plural}.charts.example.com
spec:
  group: charts.example.com
  scope: Namespaced
  names: { plural: ${plural}, kind: ${kind} }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`;

/** Definitions beside an object of them; two in one file. */
const defining: ChartCase = {
  name: 'defining',
  path: 'chart',
  wide: true,
  repository: {
    chart: {
      'Chart.yaml': chart('defining'),
      crds: { 'all.yaml': `---\n${definition('things', 'Thing')}---\n${definition('parts', 'Part')}` },
      templates: {
        'thing.yaml':
          'apiVersion: charts.example.com/v1\nkind: Thing\nmetadata: { name: one }\nspec: { of: {{ .Release.Name }} }\n',
      },
    },
  },
};

export const CHARTS: readonly ChartCase[] = [layered, composed, asking, defining];
