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
{{- if .Values.schedule.cron }}
- {name: AICONFORM_KEEP_RESULTS, value: {{ int .Values.schedule.keepResults | quote }}}
# Each Job of the schedule is a run of its own, called after it.
{{- range $name, $label := dict "AICONFORM_JOB_NAME" "job-name" "AICONFORM_JOB_UID" "controller-uid" }}
- name: {{ $name }}
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['batch.kubernetes.io/{{ $label }}']
{{- end }}
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

{{/* A Job's specification: of the one run, or of each run of a schedule. */}}
{{- define "aiconform.jobSpec" -}}
{{- $name := include "aiconform.fullname" . }}
{{- $annotations := dict "kubectl.kubernetes.io/default-container" "coordinator" }}
{{- $own := include "aiconform.selector" (list . "coordinator") | fromYaml -}}
backoffLimit: 3
# The coordinator's verdict is its exit code: it ends the Job and never restarts the pod. A drained
# or evicted pod is replaced, at no cost to backoffLimit.
podFailurePolicy:
  rules:
    # A drained or lost node is no verdict, whatever the exit code: another pod goes on.
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
    - action: FailJob
      onExitCodes:
        containerName: coordinator
        operator: In
        values: [1, 2, 3, 4]
{{- if ne .Values.coordinator.ttlSecondsAfterFinished nil }}
ttlSecondsAfterFinished: {{ int .Values.coordinator.ttlSecondsAfterFinished }}
{{- end }}
template:
  metadata:
    labels:
      {{- merge $own .Values.coordinator.labels .Values.podLabels .Values.commonLabels | toYaml | nindent 6 }}
    annotations:
      {{- merge $annotations .Values.coordinator.annotations | toYaml | nindent 6 }}
  spec:
    restartPolicy: Never
    terminationGracePeriodSeconds: 30
    serviceAccountName: {{ $name }}-coordinator
    automountServiceAccountToken: true
    {{- with include "aiconform.pullSecrets" . | fromJsonArray }}
    imagePullSecrets:
      {{- range . }}
      - name: {{ . }}
      {{- end }}
    {{- end }}
    priorityClassName: {{ .Values.coordinator.priorityClassName | default (printf "%s-scale" $name) }}
    {{- with .Values.coordinator.runtimeClassName }}
    runtimeClassName: {{ . }}
    {{- end }}
    {{- range $key := list "tolerations" "nodeSelector" "affinity" }}
    {{- with get $.Values.coordinator $key }}
    {{ $key }}:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- end }}
    securityContext:
      runAsNonRoot: true
      runAsUser: 65532
      runAsGroup: 65532
      fsGroup: 65532
      fsGroupChangePolicy: OnRootMismatch
      seccompProfile:
        type: RuntimeDefault
    containers:
      - name: coordinator
        image: {{ include "aiconform.image" (list . .Values.image) }}
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        command: [aiconform, coordinate]
        env:
          {{- include "aiconform.coordinatorEnv" . | nindent 10 }}
        ports:
          - name: collector
            containerPort: 8443
          - name: metrics
            containerPort: 8080
        # Nothing waits for a pod of a Job but people and the Service: ask often.
        readinessProbe:
          httpGet:
            path: /healthz
            port: metrics
          periodSeconds: 2
          timeoutSeconds: 5
          failureThreshold: 5
        {{- with .Values.coordinator.resources }}
        resources:
          {{- toYaml . | nindent 10 }}
        {{- end }}
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities:
            drop: [ALL]
        volumeMounts:
          - name: config
            mountPath: /etc/aiconform
            readOnly: true
          - name: tmp
            mountPath: /tmp
          - name: results
            mountPath: /results
            {{- if and .Values.results.existingClaim .Values.schedule.cron }}
            # All runs of the schedule; another release's results are not this one's.
            subPath: {{ $name }}
            {{- else if .Values.results.existingClaim }}
            # What an earlier run left in the claim is not this run's.
            subPath: {{ include "aiconform.run" . }}
            {{- end }}
    volumes:
      - name: config
        configMap:
          name: {{ $name }}-config
      - name: tmp
        emptyDir:
          sizeLimit: 256Mi
      - name: results
        {{- include "aiconform.resultsVolume" . | nindent 8 }}
{{- end -}}
