package provider

import (
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// internalPrefix marks the properties that are the engine's, the provider's or the store's own.
const internalPrefix = "__"

var wire = plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true, SkipNulls: true}

func unmarshal(properties *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(properties, wire)
}

// change is what the engine sends when a resource may change: to compare, or to update it.
type change interface {
	GetNews() *structpb.Struct
	GetOldInputs() *structpb.Struct
	GetOlds() *structpb.Struct
}

func unmarshalChange(in change) (inputs, oldInputs, state resource.PropertyMap, err error) {
	if inputs, err = unmarshal(in.GetNews()); err != nil {
		return nil, nil, nil, err
	}
	if oldInputs, err = unmarshal(in.GetOldInputs()); err != nil {
		return nil, nil, nil, err
	}
	state, err = unmarshal(in.GetOlds())
	return inputs, oldInputs, state, err
}

func marshal(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, wire)
}

// plain strips secrets and marks unknowns: behaviors work on plain data.
func plain(properties resource.PropertyMap) store.Values {
	values := store.Values{}
	for key, value := range properties {
		if name := string(key); !internal(name) && !value.IsNull() {
			values[name] = plainValue(value)
		}
	}
	return values
}

func internal(name string) bool {
	return len(name) >= len(internalPrefix) && name[:len(internalPrefix)] == internalPrefix
}

func plainValue(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return plainValue(value.SecretValue().Element)
	case value.IsOutput():
		if !value.OutputValue().Known {
			return store.Unknown
		}
		return plainValue(value.OutputValue().Element)
	case value.IsComputed():
		return store.Unknown
	case value.IsArray():
		list := make([]any, len(value.ArrayValue()))
		for i, item := range value.ArrayValue() {
			list[i] = plainValue(item)
		}
		return list
	case value.IsObject():
		return map[string]any(plain(value.ObjectValue()))
	default:
		return value.V
	}
}

// properties turns plain data into what goes over the wire, with the secrets that the fields declare.
func properties(values store.Values, fields schema.Fields) resource.PropertyMap {
	result := resource.PropertyMap{}
	for name, value := range values {
		if !internal(name) {
			result[resource.PropertyKey(name)] = propertyValue(value, fields[name])
		}
	}
	return result
}

func propertyValue(value any, field schema.Field) resource.PropertyValue {
	property := bareValue(value, field)
	if field.Secret {
		return resource.MakeSecret(property)
	}
	return property
}

func bareValue(value any, field schema.Field) resource.PropertyValue {
	element := field.Element()
	switch value := value.(type) {
	case []any:
		list := make([]resource.PropertyValue, len(value))
		for i, item := range value {
			list[i] = propertyValue(item, element)
		}
		return resource.NewArrayProperty(list)
	case map[string]any:
		if field.Type == schema.Object {
			return resource.NewObjectProperty(properties(value, field.Properties))
		}
		object := resource.PropertyMap{}
		for key, item := range value {
			object[resource.PropertyKey(key)] = propertyValue(item, element)
		}
		return resource.NewObjectProperty(object)
	default:
		if value == store.Unknown {
			return resource.MakeComputed(resource.NewStringProperty(""))
		}
		return resource.NewPropertyValue(value)
	}
}

// keepSecrets marks in values what is secret in source: what was handed over as a secret comes back as one.
func keepSecrets(values, source resource.PropertyMap) {
	for key, from := range source {
		if value, ok := values[key]; ok {
			values[key] = keepSecret(value, from)
		}
	}
}

func keepSecret(value, from resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return value
	case from.IsSecret():
		return resource.MakeSecret(value)
	case value.IsObject() && from.IsObject():
		keepSecrets(value.ObjectValue(), from.ObjectValue())
	case value.IsArray() && from.IsArray() && len(value.ArrayValue()) == len(from.ArrayValue()):
		for i := range value.ArrayValue() {
			value.ArrayValue()[i] = keepSecret(value.ArrayValue()[i], from.ArrayValue()[i])
		}
	}
	return value
}
