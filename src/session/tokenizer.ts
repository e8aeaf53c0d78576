import { randomUUID } from "node:crypto";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { importJWK, type JWK, SignJWT } from "jose";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import { type Cached, createCached } from "../lib/cached.ts";
import type { Clock } from "../lib/clock.ts";
import { isObject } from "../lib/json-object.ts";
import type { JsonnetEngine } from "../lib/jsonnet/engine.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import { createGetDocument, readDocument } from "../lib/outbound/document.ts";
import type { OutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import type { SignedIn } from "./session.ts";

/** A template of `session.whoami.tokenizer.templates`. */
export interface TokenTemplate {
  /** `file://`, `base64://` or `http(s)://` of a JWK set with private keys. */
  readonly jwks_url: string;
  readonly claims_mapper_url: string | undefined;
  /** Milliseconds. */
  readonly ttl: number;
  readonly subject_source: "id" | "external_id";
}

/** Makes signed tokens of sessions. */
export interface Tokenizer {
  /**
   * Makes a JSON Web Token of a session.
   *
   * @param shown the session as whoami answers it, for the claims mapper
   * @throws INVALID_FIELD for a template that is not there, or a person without the subject that it asks for;
   *   UPSTREAM_FAILED when its keys or its mapper cannot be used
   */
  tokenize(template: string, signedIn: SignedIn, shown: JsonObject): Promise<string>;
}

/** What `createTokenizer` needs. */
export interface TokenizerDeps {
  readonly templates: Readonly<Record<string, TokenTemplate>>;
  readonly issuer: string;
  readonly clock: Clock;
  readonly engine: JsonnetEngine;
  readonly fetch: OutboundFetch;
  readonly addressRules: AddressRules;
}

/** How long what was read is used, in milliseconds. */
const FRESH = 3_600_000;

/** Claims that tell who issued the token, for whom and until when: a mapper does not change them. */
const own = ["iss", "sub", "sid", "iat", "nbf", "exp", "jti"] as const;

/** Creates it. Keys and mappers are read when they are first needed, and again after an hour. */
export const createTokenizer = ({
  templates,
  issuer,
  clock,
  engine,
  fetch,
  addressRules,
}: TokenizerDeps): Tokenizer => {
  const read = createReader({ clock, fetch, addressRules });

  const mapped = async (url: string, claims: JsonObject, session: JsonObject): Promise<JsonObject> => {
    const evaluated = await engine.run({
      source: await read(url),
      variables: { claims: JSON.stringify(claims), session: JSON.stringify(session) },
    });
    if (evaluated.kind !== "value") throw new Error(evaluated.explain);
    const result = JSON.parse(evaluated.json) as JsonValue;
    const added = isObject(result) ? result.claims : undefined;
    if (!isObject(added)) throw new Error("the claims mapper gives no object with the member claims");
    return added;
  };

  const signed = async (template: TokenTemplate, claims: JsonObject): Promise<string> => {
    const jwk = signingKeyIn(JSON.parse(await read(template.jwks_url)) as JsonValue);
    const header = { alg: jwk.alg ?? "", typ: "JWT", ...(jwk.kid !== undefined && { kid: jwk.kid }) };
    return new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(jwk, jwk.alg));
  };

  return {
    tokenize: async (name, { session, identity }, shown) => {
      const template = Object.hasOwn(templates, name) ? templates[name] : undefined;
      if (template === undefined) throw wrong("There is no token template of this name.");
      const subject = template.subject_source === "id" ? identity.id : identity.externalId;
      if (subject === undefined) throw wrong("The template's subject is the external id, and the identity has none.");
      const now = Math.floor(clock.now().getTime() / 1000);
      const claims = {
        jti: randomUUID(),
        iss: issuer,
        sub: subject,
        sid: session.id,
        iat: now,
        nbf: now,
        exp: now + Math.floor(template.ttl / 1000),
      };
      try {
        const url = template.claims_mapper_url;
        const added = url === undefined ? {} : await mapped(url, claims, shown);
        const ownClaims = Object.fromEntries(own.map((claim) => [claim, claims[claim]]));
        return await signed(template, { ...added, ...ownClaims });
      } catch (cause) {
        throw serviceError("UPSTREAM_FAILED", { explain: "The token of this template cannot be made.", cause });
      }
    },
  };
};

const wrong = (explain: string): ServiceError => serviceError("INVALID_FIELD", { field: "tokenize_as", explain });

/** The first private key of a set that says what it signs with. @throws Error when there is none */
const signingKeyIn = (set: JsonValue): JWK => {
  const keys = isObject(set) && Array.isArray(set.keys) ? set.keys : [];
  const key = keys.find((each) => isObject(each) && typeof each.alg === "string" && ("d" in each || "k" in each));
  if (!isObject(key)) throw new Error("the JWK set has no private key with an alg");
  return key as unknown as JWK;
};

/**
 * Reads what the configuration names. It is read again after an hour, while what is there goes on being used; what
 * cannot be read again stays as it is.
 */
const createReader = ({ clock, fetch, addressRules }: Pick<TokenizerDeps, "clock" | "fetch" | "addressRules">) => {
  const sources = new Map<string, Cached<string>>();

  const get = createGetDocument(addressRules, fetch);

  return (url: string): Promise<string> => {
    const source = sources.get(url) ?? createCached({ load: () => readDocument(url, get), clock, freshFor: FRESH });
    sources.set(url, source);
    return source.get();
  };
};
