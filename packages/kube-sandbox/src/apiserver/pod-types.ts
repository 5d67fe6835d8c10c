// Types of pods, containers and nodes, in the notation of types.ts.

export const POD_TYPES = `
Affinity = nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
AppArmorProfile = localhostProfile:s type:s
Capabilities = add:[s] drop:[s]
ConfigMapKeySelector = key:s name:s optional:b
Container = args:[s] command:[s] env:[EnvVar|name^name] envFrom:[EnvFromSource] image:s imagePullPolicy:s
    lifecycle:Lifecycle livenessProbe:Probe name:s ports:[ContainerPort|containerPort,protocol^containerPort]
    readinessProbe:Probe resizePolicy:[ContainerResizePolicy] resources:ResourceRequirements restartPolicy:s
    restartPolicyRules:[ContainerRestartRule] securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b
    terminationMessagePath:s terminationMessagePolicy:s tty:b volumeDevices:[VolumeDevice|devicePath^devicePath]
    volumeMounts:[VolumeMount|mountPath^mountPath] workingDir:s
ContainerExtendedResourceRequest = containerName:s requestName:s resourceName:s
ContainerImage = names:[s] sizeBytes:i
ContainerPort = containerPort:i hostIP:s hostPort:i name:s protocol:s=TCP
ContainerResizePolicy = resourceName:s restartPolicy:s
ContainerRestartRule = action:s exitCodes:ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes = operator:s values:[i|set]
ContainerState = running:ContainerStateRunning terminated:ContainerStateTerminated waiting:ContainerStateWaiting
ContainerStateRunning = startedAt:t
ContainerStateTerminated = containerID:s exitCode:i finishedAt:t message:s reason:s signal:i startedAt:t
ContainerStateWaiting = message:s reason:s
ContainerStatus = allocatedResources:{q} allocatedResourcesStatus:[ResourceStatus|name^name] containerID:s image:s
    imageID:s lastState:ContainerState name:s ready:b resources:ResourceRequirements restartCount:i
    started:b state:ContainerState stopSignal:s user:ContainerUser
    volumeMounts:[VolumeMountStatus|mountPath^mountPath]
ContainerUser = linux:LinuxContainerUser
EnvVar = name:s value:s valueFrom:EnvVarSource
EphemeralContainer = args:[s] command:[s] env:[EnvVar|name^name] envFrom:[EnvFromSource] image:s imagePullPolicy:s
    lifecycle:Lifecycle livenessProbe:Probe name:s ports:[ContainerPort|containerPort,protocol^containerPort]
    readinessProbe:Probe resizePolicy:[ContainerResizePolicy] resources:ResourceRequirements restartPolicy:s
    restartPolicyRules:[ContainerRestartRule] securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b
    targetContainerName:s terminationMessagePath:s terminationMessagePolicy:s tty:b
    volumeDevices:[VolumeDevice|devicePath^devicePath] volumeMounts:[VolumeMount|mountPath^mountPath] workingDir:s
ExecAction = command:[s]
FileKeySelector = key:s optional:b path:s volumeName:s
GRPCAction = port:i service:s
HTTPGetAction = host:s httpHeaders:[HTTPHeader] path:s port:is scheme:s
HTTPHeader = name:s value:s
HostAlias = hostnames:[s] ip:s
HostIP = ip:s
Lifecycle = postStart:LifecycleHandler preStop:LifecycleHandler stopSignal:s
LifecycleHandler = exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction
LinuxContainerUser = gid:i supplementalGroups:[i] uid:i
LocalObjectReference = name:s
NodeAddress = address:s type:s
NodeAffinity = preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]
    requiredDuringSchedulingIgnoredDuringExecution:NodeSelector!
NodeCondition = lastHeartbeatTime:t lastTransitionTime:t message:s reason:s status:s type:s
NodeConfigStatus = active:NodeConfigSource assigned:NodeConfigSource error:s lastKnownGood:NodeConfigSource
NodeDaemonEndpoints = kubeletEndpoint:DaemonEndpoint
NodeFeatures = supplementalGroupsPolicy:b
NodeRuntimeHandler = features:NodeRuntimeHandlerFeatures name:s
NodeRuntimeHandlerFeatures = recursiveReadOnlyMounts:b userNamespaces:b
NodeSelector = nodeSelectorTerms:[NodeSelectorTerm!]
NodeSelectorRequirement = key:s operator:s values:[s]
NodeSelectorTerm = matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]
NodeSpec = configSource:NodeConfigSource externalID:s podCIDR:s podCIDRs:[s|set^] providerID:s taints:[Taint]
    unschedulable:b
NodeStatus = addresses:[NodeAddress|type^type] allocatable:{q} capacity:{q} conditions:[NodeCondition|type^type]
    config:NodeConfigStatus daemonEndpoints:NodeDaemonEndpoints features:NodeFeatures images:[ContainerImage]
    nodeInfo:NodeSystemInfo phase:s runtimeHandlers:[NodeRuntimeHandler] volumesAttached:[AttachedVolume]
    volumesInUse:[s]
NodeSwapStatus = capacity:i
NodeSystemInfo = architecture:s bootID:s containerRuntimeVersion:s kernelVersion:s kubeProxyVersion:s
    kubeletVersion:s machineID:s operatingSystem:s osImage:s swap:NodeSwapStatus systemUUID:s
ObjectMeta = annotations:{s} creationTimestamp:t deletionGracePeriodSeconds:i deletionTimestamp:t
    finalizers:[s|set^] generateName:s generation:i labels:{s} managedFields:[ManagedFieldsEntry] name:s namespace:s
    ownerReferences:[OwnerReference!|uid^uid] resourceVersion:s selfLink:s uid:s
ObjectReference = apiVersion:s fieldPath:s kind:s name:s namespace:s resourceVersion:s uid:s
Pod = apiVersion:s kind:s metadata:ObjectMeta spec:PodSpec status:PodStatus
PodAffinity = preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
    requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
PodAffinityTerm = labelSelector:LabelSelector! matchLabelKeys:[s] mismatchLabelKeys:[s]
    namespaceSelector:LabelSelector! namespaces:[s] topologyKey:s
PodAntiAffinity = preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
    requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
PodCondition = lastProbeTime:t lastTransitionTime:t message:s observedGeneration:i reason:s status:s type:s
PodDNSConfig = nameservers:[s] options:[PodDNSConfigOption] searches:[s]
PodDNSConfigOption = name:s value:s
PodDisruptionBudget = apiVersion:s kind:s metadata:ObjectMeta spec:PodDisruptionBudgetSpec
    status:PodDisruptionBudgetStatus
PodDisruptionBudgetSpec = maxUnavailable:is minAvailable:is selector:LabelSelector! unhealthyPodEvictionPolicy:s
PodDisruptionBudgetStatus = conditions:[Condition|type^type] currentHealthy:i desiredHealthy:i disruptedPods:{t}
    disruptionsAllowed:i expectedPods:i observedGeneration:i
PodExtendedResourceClaimStatus = requestMappings:[ContainerExtendedResourceRequest] resourceClaimName:s
PodFailurePolicy = rules:[PodFailurePolicyRule]
PodFailurePolicyOnExitCodesRequirement = containerName:s operator:s values:[i|set]
PodFailurePolicyOnPodConditionsPattern = status:s type:s
PodFailurePolicyRule = action:s onExitCodes:PodFailurePolicyOnExitCodesRequirement
    onPodConditions:[PodFailurePolicyOnPodConditionsPattern]
PodIP = ip:s
PodOS = name:s
PodReadinessGate = conditionType:s
PodResourceClaim = name:s resourceClaimName:s resourceClaimTemplateName:s
PodResourceClaimStatus = name:s resourceClaimName:s
PodSchedulingGate = name:s
PodSecurityContext = appArmorProfile:AppArmorProfile fsGroup:i fsGroupChangePolicy:s runAsGroup:i runAsNonRoot:b
    runAsUser:i seLinuxChangePolicy:s seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile
    supplementalGroups:[i] supplementalGroupsPolicy:s sysctls:[Sysctl] windowsOptions:WindowsSecurityContextOptions
PodSpec = activeDeadlineSeconds:i affinity:Affinity automountServiceAccountToken:b containers:[Container|name^name]
    dnsConfig:PodDNSConfig dnsPolicy:s enableServiceLinks:b ephemeralContainers:[EphemeralContainer|name^name]
    hostAliases:[HostAlias|ip^ip] hostIPC:b hostNetwork:b hostPID:b hostUsers:b hostname:s hostnameOverride:s
    imagePullSecrets:[LocalObjectReference!|name^name] initContainers:[Container|name^name] nodeName:s
    nodeSelector:{s}! os:PodOS overhead:{q} preemptionPolicy:s priority:i priorityClassName:s
    readinessGates:[PodReadinessGate] resourceClaims:[PodResourceClaim|name^name]~ resources:ResourceRequirements
    restartPolicy:s runtimeClassName:s schedulerName:s schedulingGates:[PodSchedulingGate|name^name]
    securityContext:PodSecurityContext serviceAccount:s serviceAccountName:s setHostnameAsFQDN:b
    shareProcessNamespace:b subdomain:s terminationGracePeriodSeconds:i tolerations:[Toleration]
    topologySpreadConstraints:[TopologySpreadConstraint|topologyKey,whenUnsatisfiable^topologyKey]
    volumes:[Volume|name^name]~
PodStatus = conditions:[PodCondition|type^type] containerStatuses:[ContainerStatus]
    ephemeralContainerStatuses:[ContainerStatus] extendedResourceClaimStatus:PodExtendedResourceClaimStatus hostIP:s
    hostIPs:[HostIP^ip] initContainerStatuses:[ContainerStatus] message:s nominatedNodeName:s observedGeneration:i
    phase:s podIP:s podIPs:[PodIP|ip^ip] qosClass:s reason:s resize:s
    resourceClaimStatuses:[PodResourceClaimStatus|name^name]~ startTime:t
PodTemplateSpec = metadata:ObjectMeta spec:PodSpec
PreferredSchedulingTerm = preference:NodeSelectorTerm! weight:i
Probe = exec:ExecAction failureThreshold:i grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds:i
    periodSeconds:i successThreshold:i tcpSocket:TCPSocketAction terminationGracePeriodSeconds:i timeoutSeconds:i
ResourceClaim = name:s request:s
ResourceHealth = health:s resourceID:s
ResourceRequirements = claims:[ResourceClaim|name] limits:{q} requests:{q}
ResourceStatus = name:s resources:[ResourceHealth|resourceID]
SELinuxOptions = level:s role:s type:s user:s
SeccompProfile = localhostProfile:s type:s
SecretKeySelector = key:s name:s optional:b
SecurityContext = allowPrivilegeEscalation:b appArmorProfile:AppArmorProfile capabilities:Capabilities privileged:b
    procMount:s readOnlyRootFilesystem:b runAsGroup:i runAsNonRoot:b runAsUser:i seLinuxOptions:SELinuxOptions
    seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions
SleepAction = seconds:i
Sysctl = name:s value:s
TCPSocketAction = host:s port:is
Toleration = effect:s key:s operator:s tolerationSeconds:i value:s
TopologySpreadConstraint = labelSelector:LabelSelector! matchLabelKeys:[s] maxSkew:i minDomains:i
    nodeAffinityPolicy:s nodeTaintsPolicy:s topologyKey:s whenUnsatisfiable:s
WeightedPodAffinityTerm = podAffinityTerm:PodAffinityTerm weight:i
WindowsSecurityContextOptions = gmsaCredentialSpec:s gmsaCredentialSpecName:s hostProcess:b runAsUserName:s
`;
