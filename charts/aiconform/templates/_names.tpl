{{/* Names and labels. Objects are called after the release; its name must leave room for suffixes. */}}
{{- define "aiconform.fullname" -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$" .Release.Name) -}}
{{- fail (printf "release name %q: must begin with a letter, have at most 30 small letters, digits or dashes, and no dots, since objects are called after it" .Release.Name) -}}
{{- end -}}
{{- .Release.Name -}}
{{- end -}}

{{- define "aiconform.namespace" -}}
{{- .Values.namespace.name | default .Release.Namespace -}}
{{- end -}}

{{/* Cluster-scoped names carry the namespace, so that two releases do not meet. */}}
{{- define "aiconform.clusterName" -}}
{{- printf "%s-%s" (include "aiconform.namespace" .) (include "aiconform.fullname" .) -}}
{{- end -}}

{{- define "aiconform.run" -}}
{{- .Values.run.name | default (printf "%s-%d" (include "aiconform.fullname" .) (int .Release.Revision)) -}}
{{- end -}}

{{/* What every object carries. */}}
{{- define "aiconform.labels" -}}
{{- $own := dict
      "app.kubernetes.io/name" "aiconform"
      "app.kubernetes.io/instance" .Release.Name
      "app.kubernetes.io/managed-by" .Release.Service
      "app.kubernetes.io/version" .Chart.AppVersion
      "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- merge $own .Values.commonLabels | toYaml -}}
{{- end -}}

{{/* What finds the pods of one role: (list $ "agent"). */}}
{{- define "aiconform.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: aiconform
app.kubernetes.io/instance: {{ $root.Release.Name }}
aiconform/role: {{ index . 1 }}
{{- end -}}
