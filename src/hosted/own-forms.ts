import type { FastifyRequest } from "fastify";
import { type Answer, goTo } from "./answer.ts";
import type { InitUrl } from "./api-urls.ts";
import { failed } from "./failed-page.ts";
import { languageCookie, readLanguage } from "./language.ts";
import { foreign, isFromPage, placeOf, readForm } from "./own-form.ts";
import type { Visit } from "./visit.ts";

/*
 * The forms that are the pages' own: what a form cannot ask of the API
 * itself (ending a session is a DELETE), and which language to speak. All are
 * accepted from the pages alone.
 */

/** Reads and answers the pages' own forms. */
export interface OwnForms {
  readonly endSession: (visit: Visit, request: FastifyRequest) => Promise<Answer>;
  /** Has another message sent to a pending address, or cancels it. */
  readonly pendingAddress: (visit: Visit, request: FastifyRequest) => Promise<Answer>;
  readonly chooseLanguage: (visit: Visit, request: FastifyRequest) => Promise<Answer>;
}

/** What `createOwnForms` needs. */
export interface OwnFormsDeps {
  readonly publicUrl: string;
  readonly initUrl: InitUrl;
  readonly secureCookies: boolean;
}

/** Seconds for which a chosen language is stored: a year. */
const languageMaxAge = 31_536_000;

/** Creates the answers to the pages' own forms. */
export const createOwnForms = ({ publicUrl, initUrl, secureCookies }: OwnFormsDeps): OwnForms => {
  const { origin, pathname } = new URL(`${publicUrl}/`);

  const endSession: OwnForms["endSession"] = async (visit, request) => {
    if (!isFromPage(request, origin)) return foreign(visit);
    const form = readForm(request.body);
    const { path, ended } = endingOf(form);
    const got = await visit.api.delete(path);
    if (got.kind === "refused")
      return got.status === 401 ? goTo(initUrl("login"), got.cookies) : failed(got, visit.texts);
    const back = placeOf(form.get("back"));
    return goTo(
      `${back === "./" ? "./?" : `${back}${back.includes("?") ? "&" : "?"}`}ended=${ended}#devices`,
      got.cookies,
    );
  };

  const pendingAddress: OwnForms["pendingAddress"] = async (visit, request) => {
    if (!isFromPage(request, origin)) return foreign(visit);
    const form = readForm(request.body);
    const path = `/addresses/pending/${encodeURIComponent(form.get("id") ?? "")}`;
    const sends = form.get("action") === "resend";
    const got = sends
      ? await visit.api.post<{ readonly flow?: string }>(`${path}/resend`, {})
      : await visit.api.delete(path);
    if (got.kind === "refused")
      return got.status === 401 ? goTo(initUrl("login"), got.cookies) : failed(got, visit.texts);
    const { flow } = (got.body ?? {}) as { readonly flow?: string };
    if (sends && flow !== undefined) return goTo(`verification?flow=${encodeURIComponent(flow)}`, got.cookies);
    const back = placeOf(form.get("back"));
    return goTo(`${back}${back.includes("?") ? "&" : "?"}given_up=one#pending-addresses`, got.cookies);
  };

  const chooseLanguage: OwnForms["chooseLanguage"] = async (visit, request) => {
    if (!isFromPage(request, origin)) return foreign(visit);
    const form = readForm(request.body);
    const language = readLanguage(form.get("language") ?? undefined);
    const cookie =
      `${languageCookie}=${language}; Path=${pathname}; Max-Age=${languageMaxAge}; HttpOnly; ` +
      `SameSite=Lax${secureCookies ? "; Secure" : ""}`;
    return goTo(placeOf(form.get("back")), language === undefined ? [] : [cookie]);
  };

  return { endSession, pendingAddress, chooseLanguage };
};

/** What a form ends: trust in a browser, one session, or all others. */
const endingOf = (form: URLSearchParams): { readonly path: string; readonly ended: string } => {
  const [trusted, session] = [form.get("trusted") ?? "", form.get("session") ?? ""];
  if (trusted !== "") return { path: `/sessions/trusted-devices/${encodeURIComponent(trusted)}`, ended: "trusted" };
  return session === ""
    ? { path: "/sessions", ended: "all" }
    : { path: `/sessions/${encodeURIComponent(session)}`, ended: "one" };
};
