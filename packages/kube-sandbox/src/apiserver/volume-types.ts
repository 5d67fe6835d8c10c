// Types of volumes and of what they refer to, in the notation of types.ts.

export const VOLUME_TYPES = `
AWSElasticBlockStoreVolumeSource = fsType:s partition:i readOnly:b volumeID:s
AttachedVolume = devicePath:s name:s
AzureDiskVolumeSource = cachingMode:s=ReadWrite diskName:s diskURI:s fsType:s=ext4 kind:s=Shared readOnly:b
AzureFileVolumeSource = readOnly:b secretName:s shareName:s
CSIVolumeSource = driver:s fsType:s nodePublishSecretRef:LocalObjectReference! readOnly:b volumeAttributes:{s}
CephFSVolumeSource = monitors:[s] path:s readOnly:b secretFile:s secretRef:LocalObjectReference! user:s
CinderVolumeSource = fsType:s readOnly:b secretRef:LocalObjectReference! volumeID:s
ClusterTrustBundleProjection = labelSelector:LabelSelector! name:s optional:b path:s signerName:s
ConfigMapEnvSource = name:s optional:b
ConfigMapNodeConfigSource = kubeletConfigKey:s name:s namespace:s resourceVersion:s uid:s
ConfigMapProjection = items:[KeyToPath] name:s optional:b
ConfigMapVolumeSource = defaultMode:i items:[KeyToPath] name:s optional:b
DownwardAPIProjection = items:[DownwardAPIVolumeFile]
DownwardAPIVolumeFile = fieldRef:ObjectFieldSelector! mode:i path:s resourceFieldRef:ResourceFieldSelector!
DownwardAPIVolumeSource = defaultMode:i items:[DownwardAPIVolumeFile]
EmptyDirVolumeSource = medium:s sizeLimit:q
EnvFromSource = configMapRef:ConfigMapEnvSource prefix:s secretRef:SecretEnvSource
EnvVarSource = configMapKeyRef:ConfigMapKeySelector! fieldRef:ObjectFieldSelector! fileKeyRef:FileKeySelector!
    resourceFieldRef:ResourceFieldSelector! secretKeyRef:SecretKeySelector!
EphemeralVolumeSource = volumeClaimTemplate:PersistentVolumeClaimTemplate
EventSource = component:s host:s
FCVolumeSource = fsType:s lun:i readOnly:b targetWWNs:[s] wwids:[s]
FlexVolumeSource = driver:s fsType:s options:{s} readOnly:b secretRef:LocalObjectReference!
FlockerVolumeSource = datasetName:s datasetUUID:s
GCEPersistentDiskVolumeSource = fsType:s partition:i pdName:s readOnly:b
GitRepoVolumeSource = directory:s repository:s revision:s
GlusterfsVolumeSource = endpoints:s path:s readOnly:b
HostPathVolumeSource = path:s type:s
ISCSIVolumeSource = chapAuthDiscovery:b chapAuthSession:b fsType:s initiatorName:s iqn:s iscsiInterface:s=default
    lun:i portals:[s] readOnly:b secretRef:LocalObjectReference! targetPortal:s
ImageVolumeSource = pullPolicy:s reference:s
KeyToPath = key:s mode:i path:s
NFSVolumeSource = path:s readOnly:b server:s
NodeConfigSource = configMap:ConfigMapNodeConfigSource
ObjectFieldSelector = apiVersion:s fieldPath:s
PersistentVolumeClaimSpec = accessModes:[s] dataSource:TypedLocalObjectReference! dataSourceRef:TypedObjectReference
    resources:VolumeResourceRequirements selector:LabelSelector! storageClassName:s volumeAttributesClassName:s
    volumeMode:s volumeName:s
PersistentVolumeClaimTemplate = metadata:ObjectMeta spec:PersistentVolumeClaimSpec
PersistentVolumeClaimVolumeSource = claimName:s readOnly:b
PhotonPersistentDiskVolumeSource = fsType:s pdID:s
PodCertificateProjection = certificateChainPath:s credentialBundlePath:s keyPath:s keyType:s maxExpirationSeconds:i
    signerName:s
PortworxVolumeSource = fsType:s readOnly:b volumeID:s
ProjectedVolumeSource = defaultMode:i sources:[VolumeProjection]
QuobyteVolumeSource = group:s readOnly:b registry:s tenant:s user:s volume:s
RBDVolumeSource = fsType:s image:s keyring:s=/etc/ceph/keyring monitors:[s] pool:s=rbd readOnly:b
    secretRef:LocalObjectReference! user:s=admin
ResourceFieldSelector = containerName:s divisor:q resource:s
ScaleIOVolumeSource = fsType:s=xfs gateway:s protectionDomain:s readOnly:b secretRef:LocalObjectReference!
    sslEnabled:b storageMode:s=ThinProvisioned storagePool:s system:s volumeName:s
SecretEnvSource = name:s optional:b
SecretProjection = items:[KeyToPath] name:s optional:b
SecretVolumeSource = defaultMode:i items:[KeyToPath] optional:b secretName:s
ServiceAccountTokenProjection = audience:s expirationSeconds:i path:s
StorageOSVolumeSource = fsType:s readOnly:b secretRef:LocalObjectReference! volumeName:s volumeNamespace:s
Volume = awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource
    azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource
    configMap:ConfigMapVolumeSource csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource
    emptyDir:EmptyDirVolumeSource ephemeral:EphemeralVolumeSource fc:FCVolumeSource flexVolume:FlexVolumeSource
    flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource gitRepo:GitRepoVolumeSource
    glusterfs:GlusterfsVolumeSource hostPath:HostPathVolumeSource image:ImageVolumeSource iscsi:ISCSIVolumeSource
    name:s nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource
    photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource
    projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource scaleIO:ScaleIOVolumeSource
    secret:SecretVolumeSource storageos:StorageOSVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource
VolumeDevice = devicePath:s name:s
VolumeMount = mountPath:s mountPropagation:s name:s readOnly:b recursiveReadOnly:s subPath:s subPathExpr:s
VolumeMountStatus = mountPath:s name:s readOnly:b recursiveReadOnly:s
VolumeProjection = clusterTrustBundle:ClusterTrustBundleProjection configMap:ConfigMapProjection
    downwardAPI:DownwardAPIProjection podCertificate:PodCertificateProjection secret:SecretProjection
    serviceAccountToken:ServiceAccountTokenProjection
VolumeResourceRequirements = limits:{q} requests:{q}
VsphereVirtualDiskVolumeSource = fsType:s storagePolicyID:s storagePolicyName:s volumePath:s
`;
