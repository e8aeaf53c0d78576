import { serviceError } from "../../errors/service-error.ts";
import { networkOf } from "../../limits/network.ts";

/** How many exports are read at once. */
export interface ExportPlaces {
  /**
   * Takes a place; the function gives it back.
   *
   * @throws RATE_LIMITED for another one of the same person, or too many of a network, OVERLOADED for too many of all
   */
  enter(identityId: string, remoteAddress: string): () => void;
}

/** Exports that a node reads at once: each has a connection to the database for itself. */
const AT_ONCE = 4;
/** Those among them that one network asks for. */
const PER_NETWORK = 2;

/** Creates the places of a node: whoever reads slowly, or much, keeps out nobody but themselves. */
export const createExportPlaces = (): ExportPlaces => {
  const persons = new Set<string>();
  const networks = new Map<string, number>();
  return {
    enter: (identityId, remoteAddress) => {
      const network = networkOf(remoteAddress);
      const ofNetwork = networks.get(network) ?? 0;
      if (persons.has(identityId)) throw later("RATE_LIMITED", "An export of this account is being read already.");
      if (ofNetwork >= PER_NETWORK) throw later("RATE_LIMITED", "Too many exports are being read from this network.");
      if (persons.size >= AT_ONCE) throw later("OVERLOADED", "Too many exports are being read: try again.");
      persons.add(identityId);
      networks.set(network, ofNetwork + 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        persons.delete(identityId);
        const left = (networks.get(network) ?? 1) - 1;
        if (left === 0) networks.delete(network);
        else networks.set(network, left);
      };
    },
  };
};

const later = (reason: "RATE_LIMITED" | "OVERLOADED", explain: string) =>
  serviceError(reason, { explain, headers: { "retry-after": "5" } });
