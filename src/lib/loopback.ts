import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether an address, or the host of a URL, is of the loopback interface. */
export const isLoopback = (address: string): boolean => {
  const plain = address.replace(/^\[(.*)\]$/, "$1");
  const version = isIP(plain);
  return version !== 0 && loopback.check(plain, version === 6 ? "ipv6" : "ipv4");
};
