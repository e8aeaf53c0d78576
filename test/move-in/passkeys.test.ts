import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { compareWithPeople } from "../../src/move-in/compare-configurations.ts";
import type { MovedPerson } from "../../src/move-in/convert/conversion.ts";
import { type CredentialDeps, convertibles } from "../../src/move-in/convert/credential-kinds.ts";
import { createTally, sumReports } from "../../src/move-in/report.ts";

const since = new Date("2026-11-27T12:00:00Z");
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The row of a passkey, as Ory Kratos has it; older releases stored no flags. */
const rowOf = (id: string, userVerified: boolean | undefined) => ({
  credentials: [
    {
      id: base64(id),
      public_key: base64("key"),
      attestation_type: "none",
      authenticator: { aaguid: base64("\0".repeat(16)), sign_count: 1, clone_warning: false },
      display_name: "",
      added_at: "2026-11-27T12:00:00Z",
      is_passwordless: true,
      ...(userVerified !== undefined && {
        flags: { user_present: true, user_verified: userVerified, backup_eligible: false, backup_state: false },
      }),
    },
  ],
  user_handle: base64(`handle of ${id}`),
});

/** A report of people who bring these passkeys. */
const reportOf = (verified: readonly (boolean | undefined)[]) => {
  const tally = createTally(verified.length);
  for (const [at, userVerified] of verified.entries()) {
    const left: string[] = [];
    const change = convertibles.passkey?.(
      rowOf(`key ${at}`, userVerified),
      { id: `person ${at}`, since },
      {} as CredentialDeps,
      (reason) => left.push(reason),
    );
    tally.brought({
      identity: { schemaId: "person", credentials: {}, verifiable: [], recovery: [] },
      secrets: [{ type: "passkey", config: change?.config, createdAt: since, updatedAt: since }],
      sessions: [],
      left,
    } as unknown as MovedPerson);
  }
  return tally.report();
};

const findings = (verified: readonly (boolean | undefined)[], requirement: string) => {
  const { config } = loadConfig({
    files: [],
    env: {},
    overrides: {
      dev: true,
      selfservice: {
        methods: {
          passkey: {
            enabled: true,
            config: {
              authenticator_selection: { user_verification: requirement },
              rp: { id: "localhost", display_name: "x" },
            },
          },
        },
      },
    },
  });
  return compareWithPeople(config, reportOf(verified)).filter(({ kind }) => kind !== "fine");
};

it("a move counts passkeys by whether they verified their owner, as far as rows tell", () => {
  expect(reportOf([true, false, undefined, false]).passkeys).toEqual({ verified: 1, unverified: 2, unknown: 1 });
  expect(sumReports([reportOf([true, false]), reportOf([undefined, false])]).passkeys).toEqual({
    verified: 1,
    unverified: 2,
    unknown: 1,
  });
});

it("those that did not are a problem unless the configuration accepts them", () => {
  expect(findings([true, false, false, undefined], "preferred")).toEqual([
    { kind: "problem", text: expect.stringMatching(/^passkey: 2 did not verify .*user_verification is discouraged$/) },
    { kind: "note", text: expect.stringMatching(/^passkey: of 1 the rows do not say/) },
  ]);
  expect(findings([true, false, undefined], "discouraged")).toEqual([]);
  expect(findings([true], "required")).toEqual([]);
});
