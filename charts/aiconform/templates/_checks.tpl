{{/* Which checks are switched on, and what each needs: files/checks/<id>.yaml says it. */}}

{{/* JSON: id to its file, of the checks that are switched on. */}}
{{- define "aiconform.checks" -}}
{{- $known := dict -}}
{{- range $path, $_ := .Files.Glob "files/checks/*.yaml" -}}
{{- $_ := set $known (trimSuffix ".yaml" (base $path)) ($.Files.Get $path | fromYaml) -}}
{{- end -}}
{{- $enabled := .Values.run.checks.enabled -}}
{{- if eq ($enabled | toString) "all" -}}
{{- $known | toJson -}}
{{- else if eq ($enabled | toString) "none" -}}
{{- dict | toJson -}}
{{- else -}}
{{- $chosen := dict -}}
{{- range $enabled -}}
{{- if not (hasKey $known .) -}}
{{- fail (printf "run.checks.enabled: there is no check %q, but %s" . (keys $known | sortAlpha | join ", ")) -}}
{{- end -}}
{{- $_ := set $chosen . (get $known .) -}}
{{- end -}}
{{- $chosen | toJson -}}
{{- end -}}
{{- end -}}

{{- define "aiconform.needs.work" -}}
{{- if include "aiconform.checks" . | fromJson -}}true{{- end -}}
{{- end -}}

{{- define "aiconform.needs.probe" -}}
{{- range include "aiconform.checks" . | fromJson -}}
{{- if .needsProbe -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{- define "aiconform.workNamespace" -}}
{{- .Values.namespace.work | default (printf "%s-work" (include "aiconform.fullname" .)) -}}
{{- end -}}

{{- define "aiconform.probeNamespace" -}}
{{- .Values.namespace.probe | default (printf "%s-probe" (include "aiconform.fullname" .)) -}}
{{- end -}}

{{/* JSON: rules for a kind that the site names in a check's setting custom.kind, never one that
     Kubernetes has: (list kind "work"). */}}
{{- define "aiconform.customRules" -}}
{{- $kind := index . 0 -}}
{{- $place := index . 1 -}}
{{- $rules := list -}}
{{- $sound := and $kind.group $kind.plural (contains "." ($kind.group | toString)) (not (hasSuffix "k8s.io" ($kind.group | toString))) -}}
{{- if and $sound (eq $place "work") -}}
{{- $verbs := list "create" "delete" "get" "list" "patch" -}}
{{- $rules = append $rules (dict "apiGroups" (list $kind.group) "resources" (list $kind.plural) "verbs" $verbs) -}}
{{- else if and $sound (eq $place "cluster") -}}
{{- $name := printf "%s.%s" $kind.plural $kind.group -}}
{{- $rules = append $rules (dict "apiGroups" (list "apiextensions.k8s.io") "resources" (list "customresourcedefinitions") "resourceNames" (list $name) "verbs" (list "get")) -}}
{{- end -}}
{{- $rules | toJson -}}
{{- end -}}

{{/* The rules of all checks that are switched on, each once: (list $ "work"). Below the tier full
     checks may look, and make nothing. */}}
{{- define "aiconform.checkRules" -}}
{{- $root := index . 0 -}}
{{- $place := index . 1 -}}
{{- $rules := list -}}
{{- range $id, $check := include "aiconform.checks" $root | fromJson -}}
{{- $kind := dig $id "custom" "kind" dict $root.Values.run.checks.settings -}}
{{- range concat (get $check $place) (include "aiconform.customRules" (list $kind $place) | fromJsonArray) -}}
{{- $on := true -}}
{{- if .switch -}}
{{- $parts := splitList "." .switch -}}
{{- $on = get (get $root.Values (first $parts)) (last $parts) -}}
{{- end -}}
{{- $rule := omit . "switch" -}}
{{- if ne $root.Values.rbac.tier "full" -}}
{{- $verbs := list -}}
{{- range .verbs -}}
{{- if has . (list "get" "list" "watch") -}}
{{- $verbs = append $verbs . -}}
{{- end -}}
{{- end -}}
{{- $_ := set $rule "verbs" $verbs -}}
{{- end -}}
{{- if and $on $rule.verbs -}}
{{- $rules = append $rules ($rule | toJson) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $rules | uniq }}
- {{ . }}
{{- end -}}
{{- end -}}
