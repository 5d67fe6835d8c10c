// Types of autoscaling, network policies and access reviews, in the notation of types.ts.

export const POLICY_TYPES = `
CrossVersionObjectReference = apiVersion:s kind:s name:s
ContainerResourceMetricSource = container:s name:s target:MetricTarget
ContainerResourceMetricStatus = container:s current:MetricValueStatus name:s
ExternalMetricSource = metric:MetricIdentifier target:MetricTarget
ExternalMetricStatus = current:MetricValueStatus metric:MetricIdentifier
HPAScalingPolicy = periodSeconds:i type:s value:i
HPAScalingRules = policies:[HPAScalingPolicy] selectPolicy:s stabilizationWindowSeconds:i tolerance:q
HorizontalPodAutoscaler = apiVersion:s kind:s metadata:ObjectMeta spec:HorizontalPodAutoscalerSpec
    status:HorizontalPodAutoscalerStatus
HorizontalPodAutoscalerBehavior = scaleDown:HPAScalingRules scaleUp:HPAScalingRules
HorizontalPodAutoscalerCondition = lastTransitionTime:t message:s reason:s status:s type:s
HorizontalPodAutoscalerSpec = behavior:HorizontalPodAutoscalerBehavior maxReplicas:i metrics:[MetricSpec] minReplicas:i
    scaleTargetRef:CrossVersionObjectReference
HorizontalPodAutoscalerStatus = conditions:[HorizontalPodAutoscalerCondition|type^type] currentMetrics:[MetricStatus]
    currentReplicas:i desiredReplicas:i lastScaleTime:t observedGeneration:i
IPBlock = cidr:s except:[s]
MetricIdentifier = name:s selector:LabelSelector!
MetricSpec = containerResource:ContainerResourceMetricSource external:ExternalMetricSource object:ObjectMetricSource
    pods:PodsMetricSource resource:ResourceMetricSource type:s
MetricStatus = containerResource:ContainerResourceMetricStatus external:ExternalMetricStatus object:ObjectMetricStatus
    pods:PodsMetricStatus resource:ResourceMetricStatus type:s
MetricTarget = averageUtilization:i averageValue:q type:s value:q
MetricValueStatus = averageUtilization:i averageValue:q value:q
NetworkPolicy = apiVersion:s kind:s metadata:ObjectMeta spec:NetworkPolicySpec
NetworkPolicyEgressRule = ports:[NetworkPolicyPort] to:[NetworkPolicyPeer]
NetworkPolicyIngressRule = from:[NetworkPolicyPeer] ports:[NetworkPolicyPort]
NetworkPolicyPeer = ipBlock:IPBlock namespaceSelector:LabelSelector! podSelector:LabelSelector!
NetworkPolicyPort = endPort:i port:is protocol:s
NetworkPolicySpec = egress:[NetworkPolicyEgressRule] ingress:[NetworkPolicyIngressRule] podSelector:LabelSelector!
    policyTypes:[s]
NonResourceAttributes = path:s verb:s
ObjectMetricSource = describedObject:CrossVersionObjectReference metric:MetricIdentifier target:MetricTarget
ObjectMetricStatus = current:MetricValueStatus describedObject:CrossVersionObjectReference metric:MetricIdentifier
PodsMetricSource = metric:MetricIdentifier target:MetricTarget
PodsMetricStatus = current:MetricValueStatus metric:MetricIdentifier
ResourceAttributes = fieldSelector:o group:s labelSelector:o name:s namespace:s resource:s subresource:s verb:s version:s
ResourceMetricSource = name:s target:MetricTarget
ResourceMetricStatus = current:MetricValueStatus name:s
LocalSubjectAccessReview = apiVersion:s kind:s metadata:ObjectMeta spec:SubjectAccessReviewSpec
    status:SubjectAccessReviewStatus
SelfSubjectAccessReview = apiVersion:s kind:s metadata:ObjectMeta spec:SelfSubjectAccessReviewSpec
    status:SubjectAccessReviewStatus
SelfSubjectAccessReviewSpec = nonResourceAttributes:NonResourceAttributes resourceAttributes:ResourceAttributes
SelfSubjectReview = apiVersion:s kind:s metadata:ObjectMeta status:o
SelfSubjectRulesReview = apiVersion:s kind:s metadata:ObjectMeta spec:SelfSubjectRulesReviewSpec status:o
SelfSubjectRulesReviewSpec = namespace:s
SubjectAccessReview = apiVersion:s kind:s metadata:ObjectMeta spec:SubjectAccessReviewSpec
    status:SubjectAccessReviewStatus
SubjectAccessReviewSpec = extra:{[s]} groups:[s] nonResourceAttributes:NonResourceAttributes
    resourceAttributes:ResourceAttributes uid:s user:s
SubjectAccessReviewStatus = allowed:b denied:b evaluationError:s reason:s
TokenReview = apiVersion:s kind:s metadata:ObjectMeta spec:TokenReviewSpec status:o
TokenReviewSpec = audiences:[s] token:s
`;
