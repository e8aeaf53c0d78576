import type { FastifyRequest } from "fastify";
import { type Answer, goTo, show } from "./answer.ts";
import type { InitUrl } from "./api-urls.ts";
import { failed, wayOn } from "./failed-page.ts";
import { html } from "./html.ts";
import { foreign, isFromPage, placeOf, readForm } from "./own-form.ts";
import type { Visit } from "./visit.ts";

/*
 * The deletion of an account: the page that the link of the mail leads to, and
 * the forms of the settings page. Opening the link changes nothing.
 */

/** What `createDeletionPages` needs. */
export interface DeletionPagesDeps {
  readonly publicUrl: string;
  readonly initUrl: InitUrl;
}

/** Answers everything about the deletion of an account. */
export interface DeletionPages {
  /** What the link of the mail shows. */
  readonly showUndo: (visit: Visit) => Promise<Answer>;
  readonly undo: (visit: Visit, request: FastifyRequest) => Promise<Answer>;
  readonly deleteAccount: (visit: Visit, request: FastifyRequest) => Promise<Answer>;
  readonly cancelDeletion: (visit: Visit, request: FastifyRequest) => Promise<Answer>;
}

/** Creates the answers. */
export const createDeletionPages = ({ publicUrl, initUrl }: DeletionPagesDeps): DeletionPages => {
  const { origin } = new URL(`${publicUrl}/`);

  const showUndo: DeletionPages["showUndo"] = async ({ texts, param }) =>
    show({
      title: texts.text("deletion.title"),
      lead: texts.text("deletion.text"),
      body: html`<form action="deletion" method="post">
<input type="hidden" name="token" value="${param("token") ?? ""}"><p class="ways">
<button type="submit" class="primary">${texts.text("account.keep")}</button></p></form>`,
    });

  const undo: DeletionPages["undo"] = async (visit, request) => {
    if (!isFromPage(request, origin)) return foreign(visit);
    const { api, texts } = visit;
    const token = readForm(request.body).get("token") ?? "";
    const got = await api.post("/account/deletion/undo", { token });
    if (got.kind === "refused" && got.status !== 404 && got.status !== 400) return failed(got, texts);
    const isCancelled = got.kind === "ok";
    return {
      kind: "page",
      status: isCancelled ? 200 : 404,
      page: {
        title: texts.text(isCancelled ? "deletion.kept.title" : "deletion.over.title"),
        lead: texts.text(isCancelled ? "deletion.kept.text" : "deletion.over.text"),
        mood: isCancelled ? undefined : "error",
        body: wayOn("./", texts.text("back_to_start")),
      },
      cookies: got.cookies,
    };
  };

  const deleteAccount: DeletionPages["deleteAccount"] = async (visit, request) => {
    if (!isFromPage(request, origin)) return foreign(visit);
    const { api, texts } = visit;
    const form = readForm(request.body);
    const back = placeOf(form.get("back"));
    if (form.get("confirm") !== "true") return goTo(`${back}#account`);
    const got = await api.post<{ readonly deletion?: unknown }>("/account/deletion", {});
    if (got.kind === "refused") {
      if (got.redirectTo !== undefined) return goTo(got.redirectTo, got.cookies);
      return got.status === 401 ? goTo(initUrl("login"), got.cookies) : failed(got, texts);
    }
    if (got.body.deletion) return goTo(`${back}#account`, got.cookies);
    return show(
      {
        title: texts.text("deleted.title"),
        lead: texts.text("deleted.text"),
        body: html`<div data-forget-drafts></div>${wayOn("./", texts.text("back_to_start"))}`,
      },
      got.cookies,
    );
  };

  const cancelDeletion: DeletionPages["cancelDeletion"] = async (visit, request) => {
    if (!isFromPage(request, origin)) return foreign(visit);
    const back = placeOf(readForm(request.body).get("back"));
    const got = await visit.api.delete("/account/deletion");
    if (got.kind === "refused")
      return got.status === 401 ? goTo(initUrl("login"), got.cookies) : failed(got, visit.texts);
    return goTo(`${back}${back.includes("?") ? "&" : "?"}account=kept#account`, got.cookies);
  };

  return { showUndo, undo, deleteAccount, cancelDeletion };
};
