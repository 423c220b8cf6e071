package aws

import (
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestQuotasOfANewAccount fills the quotas with which an account begins.
func TestQuotasOfANewAccount(t *testing.T) {
	t.Setenv("SIMULATOR_QUOTAS", "new aws-elastic-ips=2")
	p := newPlace(t)
	p.Create(instanceType, "first", p.machine())
	p.Create(instanceType, "second", p.machine())
	_, _, err := p.Try(instanceType, "third", p.machine())
	assert.ErrorContains(t, err, "VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 5")
	p.Create(addressType, "second", props{"domain": "vpc"})
	_, _, err = p.Try(addressType, "third", props{"domain": "vpc"})
	assert.ErrorContains(t, err, "AddressLimitExceeded")
	for _, cidr := range []string{"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"} {
		p.Create(vpcType, cidr, props{"cidrBlock": cidr})
	}
	_, _, err = p.Try(vpcType, "sixth", props{"cidrBlock": "10.5.0.0/16"})
	assert.ErrorContains(t, err, "VpcLimitExceeded")
	assert.Equal(t, []int{2, 2, 4, 16}, []int{vCPUs("t4g.medium"), vCPUs("m6g.large"), vCPUs("m6g.xlarge"), vCPUs("m6g.4xlarge")})
}

// TestATypeOutOfStock: a machine of the program's own fails, a group takes another type or another zone.
func TestATypeOutOfStock(t *testing.T) {
	t.Setenv("SIMULATOR_OUT_OF_STOCK", "us-east-1a/t4g.medium us-east-1b")
	p := newPlace(t)
	_, _, err := p.Try(instanceType, "machine", p.machine())
	assert.ErrorContains(t, err, "InsufficientInstanceCapacity: We currently do not have sufficient t4g.medium capacity in the Availability Zone you requested (us-east-1a)")
	p.Create(instanceType, "other", p.machine().With(props{"instanceType": "m6g.large"}))
	template := p.Create(templateType, "pool", p.template())
	p.Create(groupType, "pool", p.pool(template, "1", "t4g.medium", "m6g.large"))
	assert.Equal(t, []string{"us-east-1a"}, keys(p.census("availabilityZone")))
}

func keys(counts map[string]int) []string {
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	return names
}

// TestTheWayOut takes away, one after the other, what a private machine needs to reach the internet.
func TestTheWayOut(t *testing.T) {
	c := newCluster(t, nil, nil)
	leave := func() error {
		var err error
		c.Within(func(st *store.Store) {
			s := newNetwork(st)
			for _, machine := range s.Machines() {
				if machine.ID == c.worker {
					err = s.ReachService(machine, "images")
				}
			}
		})
		return err
	}
	require.NoError(t, leave())
	c.Within(func(st *store.Store) {
		address := st.List(addressType, "")[0]
		st.Remove(address)
	})
	assert.ErrorContains(t, leave(), "has no public address: there is no elastic IP")
	c.Within(func(st *store.Store) { st.Remove(st.List(natType, "")[0]) })
	assert.ErrorContains(t, leave(), "which does not exist: the route is a blackhole")
}

// TestPropagation: a profile that EC2 does not know yet is found a moment later, and one that takes too long is not.
func TestPropagation(t *testing.T) {
	t.Setenv("SIMULATOR_PROPAGATION", "200ms")
	p := newPlace(t)
	p.Create(instanceType, "machine", p.machine())
	t.Setenv("SIMULATOR_PROPAGATION", "1h")
	_, _, err := p.Try(subnetType, "late", props{"vpcId": p.vpc, "cidrBlock": "10.0.48.0/20"})
	assert.ErrorContains(t, err, `InvalidVpcID.NotFound: the vpc ID "`+p.vpc+`" does not exist`)
}
