package cloud

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Subnet returns the index-th of the subnets that a network divides into by adding bits to its prefix.
func Subnet(network netip.Prefix, bits, index int) (netip.Prefix, error) {
	length := network.Bits() + bits
	if !network.Addr().Is4() || length > 32 || index < 0 || index >= 1<<bits {
		return netip.Prefix{}, fmt.Errorf("subnet %d of %s with %d more bits does not exist", index, network, bits)
	}
	base := binary.BigEndian.Uint32(network.Masked().Addr().AsSlice())
	var address [4]byte
	binary.BigEndian.PutUint32(address[:], base+uint32(index)<<(32-length))
	return netip.PrefixFrom(netip.AddrFrom4(address), length), nil
}
