{{- define "sluice.name" -}}
{{- if contains "sluice" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-sluice" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "sluice.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "sluice.name" .) }}
{{- end }}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "sluice.webhookSecret" -}}
{{- if .Values.webhook.existingSecret }}{{ .Values.webhook.existingSecret }}{{ else if .Values.webhook.secret }}{{ include "sluice.name" . }}-webhook{{ end }}
{{- end }}

{{- define "sluice.subjects" -}}
- kind: ServiceAccount
  name: {{ include "sluice.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "sluice.image" -}}
{{- if .Values.image.digest }}{{ printf "%s@%s" .Values.image.repository .Values.image.digest }}{{ else }}{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}{{ end }}
{{- end }}

{{- /* One ipBlock of a NetworkPolicy: a family of addresses, told by its separator, without those of the list. */}}
{{- define "sluice.anyAddressBut" -}}
{{- $except := list }}
{{- range .deny }}{{ if contains $.separator . }}{{ $except = append $except . }}{{ end }}{{ end -}}
- ipBlock:
    cidr: {{ .cidr | quote }}
    {{- with $except }}
    except: {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}

{{- /* Whether a CRD is this release's to write: not there yet, or made by it. Without a cluster (helm template) it is. */}}
{{- define "sluice.ownsCrd" -}}
{{- $live := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" .name }}
{{- $by := dig "metadata" "annotations" "meta.helm.sh/release-name" "" ($live | default dict) }}
{{- $in := dig "metadata" "annotations" "meta.helm.sh/release-namespace" "" ($live | default dict) }}
{{- if or (not $live) (and (eq $by .release.Name) (eq $in .release.Namespace)) }}true{{ end }}
{{- end }}
