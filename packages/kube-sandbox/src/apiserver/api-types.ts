// Types of the built-in kinds besides pods, in the notation of types.ts.

export const API_TYPES = `
AggregationRule = clusterRoleSelectors:[LabelSelector!]
ClientIPConfig = timeoutSeconds:i
ClusterRole = aggregationRule:AggregationRule apiVersion:s kind:s metadata:ObjectMeta rules:[PolicyRule]
ClusterRoleBinding = apiVersion:s kind:s metadata:ObjectMeta roleRef:RoleRef! subjects:[Subject!]
Condition = lastTransitionTime:t message:s observedGeneration:i reason:s status:s type:s
ConfigMap = apiVersion:s binaryData:{y} data:{s} immutable:b kind:s metadata:ObjectMeta
CustomResourceColumnDefinition = description:s format:s jsonPath:s name:s priority:i type:s
CustomResourceConversion = strategy:s webhook:WebhookConversion
CustomResourceDefinition = apiVersion:s kind:s metadata:ObjectMeta spec:CustomResourceDefinitionSpec
    status:CustomResourceDefinitionStatus
CustomResourceDefinitionCondition = lastTransitionTime:t message:s reason:s status:s type:s
CustomResourceDefinitionNames = categories:[s] kind:s listKind:s plural:s shortNames:[s] singular:s
CustomResourceDefinitionSpec = conversion:CustomResourceConversion group:s names:CustomResourceDefinitionNames
    preserveUnknownFields:b scope:s versions:[CustomResourceDefinitionVersion]
CustomResourceDefinitionStatus = acceptedNames:CustomResourceDefinitionNames
    conditions:[CustomResourceDefinitionCondition|type] storedVersions:[s]
CustomResourceDefinitionVersion = additionalPrinterColumns:[CustomResourceColumnDefinition] deprecated:b
    deprecationWarning:s name:s schema:CustomResourceValidation selectableFields:[SelectableField] served:b
    storage:b subresources:CustomResourceSubresources
CustomResourceSubresourceScale = labelSelectorPath:s specReplicasPath:s statusReplicasPath:s
CustomResourceSubresourceStatus =
CustomResourceSubresources = scale:CustomResourceSubresourceScale status:CustomResourceSubresourceStatus
CustomResourceValidation = openAPIV3Schema:o
DaemonEndpoint = Port:i
DeleteOptions = apiVersion:s dryRun:[s] gracePeriodSeconds:i ignoreStoreReadErrorWithClusterBreakingPotential:b
    kind:s orphanDependents:b preconditions:Preconditions propagationPolicy:s
Deployment = apiVersion:s kind:s metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
DeploymentCondition = lastTransitionTime:t lastUpdateTime:t message:s reason:s status:s type:s
DeploymentSpec = minReadySeconds:i paused:b progressDeadlineSeconds:i replicas:i revisionHistoryLimit:i
    selector:LabelSelector! strategy:DeploymentStrategy~ template:PodTemplateSpec
DeploymentStatus = availableReplicas:i collisionCount:i conditions:[DeploymentCondition|type^type]
    observedGeneration:i readyReplicas:i replicas:i terminatingReplicas:i unavailableReplicas:i updatedReplicas:i
DeploymentStrategy = rollingUpdate:RollingUpdateDeployment type:s
Endpoint = addresses:[s|set] conditions:EndpointConditions deprecatedTopology:{s} hints:EndpointHints hostname:s
    nodeName:s targetRef:ObjectReference! zone:s
EndpointAddress = hostname:s ip:s nodeName:s targetRef:ObjectReference!
EndpointConditions = ready:b serving:b terminating:b
EndpointHints = forNodes:[ForNode] forZones:[ForZone]
EndpointPort = appProtocol:s name:s port:i protocol:s
EndpointSlice = addressType:s apiVersion:s endpoints:[Endpoint] kind:s metadata:ObjectMeta
    ports:[discoveryEndpointPort!]
EndpointSubset = addresses:[EndpointAddress!] notReadyAddresses:[EndpointAddress!] ports:[EndpointPort!]
Endpoints = apiVersion:s kind:s metadata:ObjectMeta subsets:[EndpointSubset]
Event = action:s apiVersion:s count:i eventTime:m firstTimestamp:t involvedObject:ObjectReference! kind:s
    lastTimestamp:t message:s metadata:ObjectMeta reason:s related:ObjectReference! reportingComponent:s
    reportingInstance:s series:EventSeries source:EventSource type:s
EventSeries = count:i lastObservedTime:m
Eviction = apiVersion:s deleteOptions:DeleteOptions kind:s metadata:ObjectMeta
ForNode = name:s
ForZone = name:s
Job = apiVersion:s kind:s metadata:ObjectMeta spec:JobSpec status:JobStatus
JobCondition = lastProbeTime:t lastTransitionTime:t message:s reason:s status:s type:s
JobSpec = activeDeadlineSeconds:i backoffLimit:i backoffLimitPerIndex:i completionMode:s completions:i managedBy:s
    manualSelector:b maxFailedIndexes:i parallelism:i podFailurePolicy:PodFailurePolicy podReplacementPolicy:s
    selector:LabelSelector! successPolicy:SuccessPolicy suspend:b template:PodTemplateSpec ttlSecondsAfterFinished:i
JobStatus = active:i completedIndexes:s completionTime:t conditions:[JobCondition^type] failed:i failedIndexes:s
    ready:i startTime:t succeeded:i terminating:i uncountedTerminatedPods:UncountedTerminatedPods
LabelSelector = matchExpressions:[LabelSelectorRequirement] matchLabels:{s}
LabelSelectorRequirement = key:s operator:s values:[s]
Lease = apiVersion:s kind:s metadata:ObjectMeta spec:LeaseSpec
LeaseSpec = acquireTime:m holderIdentity:s leaseDurationSeconds:i leaseTransitions:i preferredHolder:s renewTime:m
    strategy:s
LoadBalancerIngress = hostname:s ip:s ipMode:s ports:[PortStatus]
LoadBalancerStatus = ingress:[LoadBalancerIngress]
ManagedFieldsEntry = apiVersion:s fieldsType:s fieldsV1:o manager:s operation:s subresource:s time:t
Namespace = apiVersion:s kind:s metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
NamespaceCondition = lastTransitionTime:t message:s reason:s status:s type:s
NamespaceSpec = finalizers:[s]
NamespaceStatus = conditions:[NamespaceCondition|type^type] phase:s
Node = apiVersion:s kind:s metadata:ObjectMeta spec:NodeSpec status:NodeStatus
OwnerReference = apiVersion:s blockOwnerDeletion:b controller:b kind:s name:s uid:s
PolicyRule = apiGroups:[s] nonResourceURLs:[s] resourceNames:[s] resources:[s] verbs:[s]
PortStatus = error:s port:i protocol:s
Preconditions = resourceVersion:s uid:s
ReplicaSet = apiVersion:s kind:s metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
ReplicaSetCondition = lastTransitionTime:t message:s reason:s status:s type:s
ReplicaSetSpec = minReadySeconds:i replicas:i selector:LabelSelector! template:PodTemplateSpec
ReplicaSetStatus = availableReplicas:i conditions:[ReplicaSetCondition|type^type] fullyLabeledReplicas:i
    observedGeneration:i readyReplicas:i replicas:i terminatingReplicas:i
Role = apiVersion:s kind:s metadata:ObjectMeta rules:[PolicyRule]
RoleBinding = apiVersion:s kind:s metadata:ObjectMeta roleRef:RoleRef! subjects:[Subject!]
RoleRef = apiGroup:s kind:s name:s
RollingUpdateDeployment = maxSurge:is maxUnavailable:is
Scale = apiVersion:s kind:s metadata:ObjectMeta spec:ScaleSpec status:ScaleStatus
ScaleSpec = replicas:i
ScaleStatus = replicas:i selector:s
Secret = apiVersion:s data:{y} immutable:b kind:s metadata:ObjectMeta stringData:{s} type:s
SelectableField = jsonPath:s
Service = apiVersion:s kind:s metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
ServiceAccount = apiVersion:s automountServiceAccountToken:b imagePullSecrets:[LocalObjectReference!] kind:s
    metadata:ObjectMeta secrets:[ObjectReference!|name^name]
ServicePort = appProtocol:s name:s nodePort:i port:i protocol:s=TCP targetPort:is
ServiceReference = name:s namespace:s path:s port:i
ServiceSpec = allocateLoadBalancerNodePorts:b clusterIP:s clusterIPs:[s] externalIPs:[s] externalName:s
    externalTrafficPolicy:s healthCheckNodePort:i internalTrafficPolicy:s ipFamilies:[s] ipFamilyPolicy:s
    loadBalancerClass:s loadBalancerIP:s loadBalancerSourceRanges:[s] ports:[ServicePort|port,protocol^port]
    publishNotReadyAddresses:b selector:{s}! sessionAffinity:s sessionAffinityConfig:SessionAffinityConfig
    trafficDistribution:s type:s
ServiceStatus = conditions:[Condition|type^type] loadBalancer:LoadBalancerStatus
SessionAffinityConfig = clientIP:ClientIPConfig
Subject = apiGroup:s kind:s name:s namespace:s
SuccessPolicy = rules:[SuccessPolicyRule]
SuccessPolicyRule = succeededCount:i succeededIndexes:s
Taint = effect:s key:s timeAdded:t value:s
TypedLocalObjectReference = apiGroup:s kind:s name:s
TypedObjectReference = apiGroup:s kind:s name:s namespace:s
UncountedTerminatedPods = failed:[s|set] succeeded:[s|set]
WebhookClientConfig = caBundle:s service:ServiceReference url:s
WebhookConversion = clientConfig:WebhookClientConfig conversionReviewVersions:[s]
discoveryEndpointPort = appProtocol:s name:s port:i protocol:s
eventsEvent = action:s apiVersion:s deprecatedCount:i deprecatedFirstTimestamp:t deprecatedLastTimestamp:t
    deprecatedSource:EventSource eventTime:m kind:s metadata:ObjectMeta note:s reason:s regarding:ObjectReference!
    related:ObjectReference! reportingController:s reportingInstance:s series:eventsEventSeries type:s
eventsEventSeries = count:i lastObservedTime:m
`;
