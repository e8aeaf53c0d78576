import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type { JsonValue } from "@bufbuild/protobuf";
import { type CBORType, encodeCBOR } from "@levischuck/tiny-cbor";

/*
 * An authenticator in software, and the part of a browser that asks it: WebAuthn Level 3, sections 6 and 5.8. It makes
 * keys and answers as real ones do; what a test wants to be wrong, it says.
 */

/** The signature algorithms that it knows, by name. */
export type Algorithm = "ES256" | "EdDSA" | "RS256" | "ES256K";

/** A key that it made. */
export interface AuthenticatorKey {
  readonly id: Buffer;
  readonly userHandle: Buffer;
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
  counter: number;
}

/** What an answer says that an honest one would not, or that depends on the device. */
export interface AnswerOptions {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  readonly userPresent?: boolean;
  readonly userVerified?: boolean;
  readonly backupEligible?: boolean;
  readonly backedUp?: boolean;
  /** Left out, one more than the last; keys that sync stay at 0. */
  readonly counter?: number;
}

/** How a key is made. */
export interface CreateOptions extends AnswerOptions {
  readonly algorithm?: Algorithm;
  readonly attestation?: "none" | "packed";
  readonly aaguid?: string;
  /** An id that another key has. */
  readonly id?: Buffer;
  /** Alters the signature of a packed attestation. */
  readonly attest?: (signature: Buffer) => Buffer;
  /** Alters the attestation object. */
  readonly alter?: (attestationObject: Buffer) => Buffer;
}

/** How a key signs. */
export interface GetOptions extends AnswerOptions {
  readonly key?: AuthenticatorKey;
  readonly userHandle?: Buffer;
  /** Alters the authenticator data, before it is signed. */
  readonly data?: (authenticatorData: Buffer) => Buffer;
  /** Alters the signature. */
  readonly alter?: (signature: Buffer) => Buffer;
}

/** An authenticator, with the page of an origin in front of it. */
export interface Authenticator {
  readonly keys: readonly AuthenticatorKey[];
  /** Answers creation options, as `navigator.credentials.create()` would: JSON. */
  create(options: JsonValue | undefined, how?: CreateOptions): string;
  /** Answers request options, as `navigator.credentials.get()` would: JSON. */
  get(options: JsonValue | undefined, how?: GetOptions): string;
}

const coseOf: Readonly<Record<Algorithm, number>> = { ES256: -7, EdDSA: -8, RS256: -257, ES256K: -47 };

const makeKey = (algorithm: Algorithm): KeyObject => {
  if (algorithm === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  if (algorithm === "ES256K") return generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
  if (algorithm === "EdDSA") return generateKeyPairSync("ed25519").privateKey;
  return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
};

const signWith = ({ algorithm, privateKey }: Pick<AuthenticatorKey, "algorithm" | "privateKey">, data: Buffer) =>
  sign(algorithm === "EdDSA" ? null : "sha256", data, privateKey);

/** COSE_Key (RFC 9052, section 7). */
export const publicKeyOf = ({ algorithm, privateKey }: Pick<AuthenticatorKey, "algorithm" | "privateKey">): Buffer => {
  const jwk = privateKey.export({ format: "jwk" });
  const bytes = (text = "") => new Uint8Array(Buffer.from(text, "base64url"));
  const alg: readonly [number, CBORType] = [3, coseOf[algorithm]];
  const entries: Readonly<Record<Algorithm, readonly (readonly [number, CBORType])[]>> = {
    ES256: [[1, 2], alg, [-1, 1], [-2, bytes(jwk.x)], [-3, bytes(jwk.y)]],
    ES256K: [[1, 2], alg, [-1, 8], [-2, bytes(jwk.x)], [-3, bytes(jwk.y)]],
    EdDSA: [[1, 1], alg, [-1, 6], [-2, bytes(jwk.x)]],
    RS256: [[1, 3], alg, [-1, bytes(jwk.n)], [-2, bytes(jwk.e)]],
  };
  return Buffer.from(encodeCBOR(new Map<string | number, CBORType>(entries[algorithm])));
};

const sha256 = (data: string | Uint8Array): Buffer => createHash("sha256").update(data).digest();

const flagsOf = (how: AnswerOptions, hasKey: boolean): number =>
  (how.userPresent === false ? 0 : 0x01) |
  (how.userVerified === false ? 0 : 0x04) |
  (how.backupEligible === true ? 0x08 : 0) |
  (how.backedUp === true ? 0x10 : 0) |
  (hasKey ? 0x40 : 0);

const authenticatorData = (rpId: string, how: AnswerOptions, counter: number, key?: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt8(flagsOf(how, key !== undefined), 0);
  head.writeUInt32BE(counter, 1);
  return Buffer.concat([sha256(rpId), head, ...(key ? [key] : [])]);
};

interface PublicKeyOptions {
  readonly challenge: string;
  readonly rp?: { readonly id: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
  readonly excludeCredentials?: readonly { readonly id: string }[];
  readonly allowCredentials?: readonly { readonly id: string }[];
}

/** Options as they stand in a node: JSON text, those of a registration a level deeper. */
export const optionsOf = (value: JsonValue | undefined): PublicKeyOptions => {
  const parsed = JSON.parse(String(value)) as {
    readonly publicKey?: PublicKeyOptions;
    readonly credentialOptions?: { readonly publicKey: PublicKeyOptions };
  };
  const options = parsed.publicKey ?? parsed.credentialOptions?.publicKey;
  if (options === undefined) throw new Error("no options");
  return options;
};

const answer = (id: Buffer, response: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    id: id.toString("base64url"),
    rawId: id.toString("base64url"),
    type: "public-key",
    response: Object.fromEntries(
      Object.entries(response).map(([name, value]) => [
        name,
        Buffer.isBuffer(value) ? value.toString("base64url") : value,
      ]),
    ),
  });

/** Creates one, with keys that it has already. */
export const createAuthenticator = ({
  origin,
  keys: there = [],
}: {
  readonly origin: string;
  readonly keys?: readonly AuthenticatorKey[];
}): Authenticator => {
  const keys: AuthenticatorKey[] = [...there];
  const clientData = (type: string, challenge: string, how: AnswerOptions): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: how.type ?? type,
        challenge: how.challenge ?? challenge,
        origin: how.origin ?? origin,
        crossOrigin: how.crossOrigin ?? false,
      }),
    );

  return {
    keys,

    create: (value, how = {}) => {
      const options = optionsOf(value);
      if (options.excludeCredentials?.some(({ id }) => keys.some((key) => key.id.equals(Buffer.from(id, "base64url")))))
        throw new DOMException("a key of this authenticator is there already", "InvalidStateError");
      const { algorithm = "ES256", attestation = "none", aaguid = "00000000-0000-0000-0000-000000000000" } = how;
      const privateKey = makeKey(algorithm);
      const id = how.id ?? randomBytes(32);
      const counter = how.counter ?? 1;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const attested = Buffer.concat([
        Buffer.from(aaguid.replaceAll("-", ""), "hex"),
        length,
        id,
        publicKeyOf({ algorithm, privateKey }),
      ]);
      const authData = authenticatorData(how.rpId ?? options.rp?.id ?? "", how, counter, attested);
      const client = clientData("webauthn.create", options.challenge, how);
      const signed = Buffer.concat([authData, sha256(client)]);
      const attest = how.attest ?? ((signature: Buffer) => signature);
      const statement = new Map<string | number, CBORType>(
        attestation === "none"
          ? []
          : [
              ["alg", coseOf[algorithm]],
              ["sig", new Uint8Array(attest(signWith({ algorithm, privateKey }, signed)))],
            ],
      );
      const object = Buffer.from(
        encodeCBOR(
          new Map<string | number, CBORType>([
            ["fmt", attestation],
            ["attStmt", statement],
            ["authData", new Uint8Array(authData)],
          ]),
        ),
      );
      keys.push({ id, userHandle: Buffer.from(options.user?.id ?? "", "base64url"), algorithm, privateKey, counter });
      return answer(id, {
        attestationObject: how.alter?.(object) ?? object,
        clientDataJSON: client,
        transports: ["internal", "hybrid"],
      });
    },

    get: (value, how = {}) => {
      const options = optionsOf(value);
      const allowed = options.allowCredentials?.map(({ id }) => id);
      const key =
        how.key ?? keys.findLast(({ id }) => allowed === undefined || allowed.includes(id.toString("base64url")));
      if (key === undefined) throw new DOMException("no key of this authenticator will do", "NotAllowedError");
      key.counter = how.counter ?? key.counter + 1;
      const plain = authenticatorData(how.rpId ?? options.rpId ?? "", how, key.counter);
      const data = how.data?.(plain) ?? plain;
      const client = clientData("webauthn.get", options.challenge, how);
      const signature = signWith(key, Buffer.concat([data, sha256(client)]));
      return answer(key.id, {
        authenticatorData: data,
        clientDataJSON: client,
        signature: how.alter?.(signature) ?? signature,
        userHandle: how.userHandle ?? key.userHandle,
      });
    },
  };
};
