package nodes

import (
	"encoding/json"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

const protobufType = "application/vnd.kubernetes.protobuf"

// fromProtobuf reads the messages that Kubernetes' client library sends.
var fromProtobuf = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, coordinationv1.AddToScheme, corev1.AddToScheme, policyv1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	return protobuf.NewSerializer(scheme, scheme)
}()

// toJSON returns the body of a request as JSON.
func toJSON(body []byte, contentType string) ([]byte, error) {
	if !strings.HasPrefix(contentType, protobufType) || len(body) == 0 {
		return body, nil
	}
	decoded, _, err := fromProtobuf.Decode(body, nil, nil)
	if err != nil {
		return nil, err
	}
	return json.Marshal(decoded)
}
