{{/* What is alike in every pod: images, pull secrets, environment. */}}

{{/* An image's reference: (list $ .Values.image). */}}
{{- define "aiconform.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $repository := $image.repository -}}
{{- with $root.Values.global.imageRegistry -}}
{{- /* A first part with a dot or a port is a registry's host. */ -}}
{{- $path := regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $repository "" -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) $path -}}
{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- /* `--set image.tag=12` is a number to Helm. */ -}}
{{- $tag := kindIs "string" $image.tag | ternary $image.tag (int64 $image.tag | toString) -}}
{{- printf "%s:%s" $repository ($tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* JSON list of names. */}}
{{- define "aiconform.pullSecrets" -}}
{{- $names := .Values.global.imagePullSecrets -}}
{{- range .Values.global.registries -}}
{{- $names = append $names (include "aiconform.registrySecret" (list $ .)) -}}
{{- end -}}
{{- $names | uniq | toJson -}}
{{- end -}}

{{- define "aiconform.registrySecret" -}}
{{- printf "%s-registry-%s" (include "aiconform.fullname" (index . 0)) (index . 1).name -}}
{{- end -}}

{{/* JSON list of environment variables. */}}
{{- define "aiconform.proxyEnv" -}}
{{- $env := list -}}
{{- $proxy := .Values.proxy -}}
{{- $no := list "localhost" "127.0.0.1" ".svc" ".cluster.local" "$(KUBERNETES_SERVICE_HOST)" -}}
{{- with $proxy.noProxy -}}{{- $no = prepend $no . -}}{{- end -}}
{{- if or $proxy.httpProxy $proxy.httpsProxy -}}
{{- $values := dict "http_proxy" $proxy.httpProxy "https_proxy" $proxy.httpsProxy "no_proxy" (join "," $no) -}}
{{- range $name, $value := $values -}}
{{- if $value -}}
{{- $env = append $env (dict "name" $name "value" $value) -}}
{{- $env = append $env (dict "name" (upper $name) "value" $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $env | toJson -}}
{{- end -}}

{{/* `run.json`: the values of `run` and what the chart knows beyond them (RunConfig). */}}
{{- define "aiconform.runConfig" -}}
{{- $name := include "aiconform.fullname" . -}}
{{- $pods := deepCopy .Values.pods -}}
{{- $_ := set $pods "env" (concat (include "aiconform.proxyEnv" . | fromJsonArray) $pods.env | default list) -}}
{{- $_ := set $pods "labels" (merge (dict) $pods.labels .Values.podLabels .Values.commonLabels) -}}
{{- $_ := set $pods "priorityClassName" ($pods.priorityClassName | default (printf "%s-background" $name)) -}}
{{- $images := dict
      "agent" (include "aiconform.image" (list . .Values.image))
      "engine" (include "aiconform.image" (list . .Values.engineImage))
      "pullPolicy" .Values.image.pullPolicy
      "pullSecrets" (include "aiconform.pullSecrets" . | fromJsonArray) -}}
{{- $computed := dict
      "name" (include "aiconform.run" .)
      "images" $images
      "pods" $pods
      "agentServiceAccount" (printf "%s-agent" $name)
      "collectorHost" (printf "%s-collector" $name)
      "workNamespace" (include "aiconform.workNamespace" .)
      "probeNamespace" (include "aiconform.probeNamespace" .) -}}
{{- $run := deepCopy .Values.run -}}
{{- if eq ($run.checks.enabled | toString) "all" -}}
{{- /* Those that the chart grants the rights for. */ -}}
{{- $_ := set $run.checks "enabled" (include "aiconform.checks" . | fromJson | keys | sortAlpha) -}}
{{- end -}}
{{- if eq .Values.rbac.tier "observe" -}}
{{- range $probe, $_ := $run.probes -}}
{{- $_ := set $run.probes $probe false -}}
{{- end -}}
{{- end -}}
{{- merge $computed $run | toPrettyJson -}}
{{- end -}}
