{{/* Parts of the coordinator's pod. */}}

{{- define "aiconform.coordinatorEnv" -}}
- {name: AICONFORM_CONFIG, value: /etc/aiconform/run.json}
- {name: AICONFORM_JOB, value: {{ include "aiconform.fullname" . | quote }}}
- {name: AICONFORM_RESULTS, value: /results}
{{- range $name, $field := dict
      "AICONFORM_NAMESPACE" "metadata.namespace"
      "AICONFORM_POD" "metadata.name"
      "AICONFORM_POD_UID" "metadata.uid"
      "AICONFORM_POD_IP" "status.podIP"
      "AICONFORM_NODE" "spec.nodeName" }}
- name: {{ $name }}
  valueFrom:
    fieldRef:
      fieldPath: {{ $field }}
{{- end }}
{{- with concat (include "aiconform.proxyEnv" . | fromJsonArray) .Values.coordinator.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "aiconform.resultsVolume" -}}
{{- $results := .Values.results -}}
{{- if or $results.existingClaim $results.persistence -}}
persistentVolumeClaim:
  claimName: {{ $results.existingClaim | default (printf "%s-results" (include "aiconform.fullname" .)) }}
{{- else -}}
emptyDir:
  sizeLimit: {{ $results.size }}
  {{- if $results.inMemory }}
  medium: Memory
  {{- end }}
{{- end -}}
{{- end -}}
